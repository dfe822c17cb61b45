import { NetworkProblem, problemOf } from '../api/problem'
import { noteServerTime } from '../api/server-time'

const ANSWER_WITHIN_MS = 15_000

/**
 * Asks the server, for the login that is named; raises ApiProblem or NetworkProblem. Reading is no sign that somebody
 * is there, as lists refresh themselves: it is said to be background and postpones no logoff, what one writes does.
 */
export async function ask<T>(method: string, path: string, body?: unknown, loginId?: string): Promise<T> {
  const headers: Record<string, string> = {}
  if (body !== undefined) headers['Content-Type'] = 'application/json'
  if (loginId !== undefined) headers['Shinsatsu-Login'] = loginId
  if (loginId !== undefined && method === 'GET') headers['Shinsatsu-Background'] = '1'
  const signal = AbortSignal.timeout(ANSWER_WITHIN_MS)
  const init: RequestInit = { method, headers, signal, credentials: 'same-origin' }
  if (body !== undefined) init.body = JSON.stringify(body)
  // fetch rejects with a bare TypeError or a timeout: both mean that nobody answered.
  const response = await fetch(path, init).catch((error: unknown) => {
    throw new NetworkProblem(String(error))
  })
  noteServerTime(response.headers.get('Date'))
  if (!response.ok) throw await problemOf(response)
  return (response.status === 204 ? undefined : await response.json()) as T
}
