import type { HeldBy } from './types'

/**
 * What can go wrong when one asks the server:
 *
 * Problem
 * ├─ ApiProblem      the server answered with application/problem+json (RFC 9457)
 * └─ NetworkProblem  there was no answer
 */
export abstract class Problem extends Error {
  abstract readonly code: string
}

export class ApiProblem extends Problem {
  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
    readonly reason?: string,
    /** Seconds, from Retry-After. */
    readonly retryAfter?: number,
    /** With `doctor_busy`: where the doctor is. */
    readonly heldBy?: HeldBy,
    /** With `check_failed`: how many wrong answers an invitation still bears. */
    readonly triesLeft?: number,
    /** With bad input: which field it is about. */
    readonly field?: string,
  ) {
    super(detail)
  }
}

export class NetworkProblem extends Problem {
  readonly code = 'network'
}

/** Reads a refused response; a body that is no problem+json (a proxy's page) still gives a code. */
export async function problemOf(response: Response): Promise<ApiProblem> {
  const body: Record<string, unknown> = await response.json().catch(() => ({}))
  const retryAfter = Number(response.headers.get('Retry-After') ?? NaN)
  return new ApiProblem(
    response.status,
    typeof body['code'] === 'string' ? body['code'] : `http_${response.status}`,
    typeof body['detail'] === 'string' ? body['detail'] : response.statusText,
    typeof body['reason'] === 'string' ? body['reason'] : undefined,
    Number.isFinite(retryAfter) ? retryAfter : undefined,
    body['heldBy'] as HeldBy | undefined,
    typeof body['triesLeft'] === 'number' ? body['triesLeft'] : undefined,
    typeof body['field'] === 'string' ? body['field'] : undefined,
  )
}

/** Whether asking again later can help: no answer, too many requests, or a server in trouble. */
export function isTransient(error: unknown): boolean {
  if (error instanceof NetworkProblem) return true
  return error instanceof ApiProblem && (error.status === 429 || error.status >= 500)
}

export function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Problem && codes.includes(error.code)
}

/** Whether a right was refused for that reason (the decision's code). */
export function hasReason(error: unknown, ...reasons: string[]): boolean {
  return error instanceof ApiProblem && error.reason !== undefined && reasons.includes(error.reason)
}
