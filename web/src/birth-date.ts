/** What a person types for the day they were born, as it stands in the three fields. */
export interface TypedDate {
  year: string
  month: string
  day: string
}

const WHOLE = /^(\d{4})(?:[-/.年\s]*)(\d{1,2})(?:[-/.月\s]*)(\d{1,2})日?$/
const OLDEST = 1900

/** Digits as typed on any keyboard: a Japanese one may give them full width. */
export function plain(text: string): string {
  return text.normalize('NFKC').trim()
}

/** A whole date that was typed or pasted at one go: 19480312, 1948-3-12, 1948年3月12日; nothing for less than that. */
export function wholeDate(text: string): TypedDate | undefined {
  const digits = plain(text)
  // Eight digits before anything is guessed: 1948031 may still become the 12th.
  if (/^\d{1,7}$/.test(digits)) return undefined
  const [, year, month, day] = WHOLE.exec(digits) ?? []
  return year && month && day ? { year, month, day } : undefined
}

/** YYYY-MM-DD of a day that was, no later than today; undefined for anything else. */
export function isoDate(typed: TypedDate, today: Date = new Date()): string | undefined {
  const [year, month, day] = [typed.year, typed.month, typed.day].map((text) => {
    const digits = plain(text)
    return /^\d{1,4}$/.test(digits) ? Number(digits) : NaN
  }) as [number, number, number]
  const date = new Date(Date.UTC(year, month - 1, day))
  const exists = date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day
  return exists && year >= OLDEST && date <= today ? date.toISOString().slice(0, 10) : undefined
}

/** Six digits of a one-time code, however they were typed; undefined for anything else. */
export function oneTimeCode(text: string): string | undefined {
  const digits = plain(text).replace(/[\s-]/g, '')
  return /^\d{6}$/.test(digits) ? digits : undefined
}
