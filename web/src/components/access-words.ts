import { ApiProblem, hasCode, hasReason, isTransient, NetworkProblem } from '../api/problem'
import { type Key, t } from '../i18n'

/** What stood in the way of a command about who gets in, and what to do now: never a code. */
export function accessProblem(error: unknown): { words: string; more: string } {
  const name = nameOf(error)
  return { words: t(`access-${name}` as Key), more: t(`access-${name}-lead` as Key) }
}

function nameOf(error: unknown): string {
  if (error instanceof NetworkProblem) return 'network'
  if (hasCode(error, 'delivery_failed', 'delivery_not_set')) return 'delivery'
  if (isTransient(error)) return 'server'
  if (hasCode(error, 'session_ended')) return 'over'
  if (hasReason(error, 'removed')) return 'removed'
  if (error instanceof ApiProblem && error.status === 404) return 'gone'
  if (error instanceof ApiProblem && error.field === 'check') return 'delivery'
  if (hasCode(error, 'invalid_request')) return 'invalid'
  return 'refused'
}
