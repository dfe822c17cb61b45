const TOLERATED_MS = 2_000

let offset = 0

/**
 * Heeds the server's clock, as its answers' `Date` header tells it: a tablet whose own clock is wrong still shows how
 * long somebody has waited. The header counts whole seconds, so small differences are none.
 */
export function noteServerTime(date: string | null, heardAt: number = Date.now()): void {
  const told = Date.parse(date ?? '')
  if (Number.isNaN(told)) return
  const apart = told + 500 - heardAt
  offset = Math.abs(apart) < TOLERATED_MS ? 0 : apart
}

/** Milliseconds since the epoch by the server's clock. */
export function now(): number {
  return Date.now() + offset
}

/** Whole seconds since a moment on the server, never below zero. */
export function secondsSince(iso: string): number {
  return Math.max(0, Math.floor((now() - Date.parse(iso)) / 1000))
}
