import { now } from '../../api/server-time'
import { ApiProblem, isTransient, NetworkProblem } from '../../api/problem'
import { wordFor, w } from '../words'
import { PasskeyProblem } from './passkeys'

/** What stands in the way of a login, in the page's own names. */
export interface Trouble {
  name: string
  /** Milliseconds since the epoch, by the server's clock, before which trying again is of no use. */
  until?: number
}

const NAMES: Record<string, string> = {
  login_refused: 'refused',
  account_locked: 'locked',
  rate_limited: 'rate',
  second_factor_refused: 'code',
  challenge_expired: 'expired',
  setup_invalid: 'setup',
  password_too_weak: 'weak',
}

export function troubleOf(error: unknown): Trouble {
  if (error instanceof PasskeyProblem) return { name: `passkey-${error.kind}` }
  if (error instanceof NetworkProblem) return { name: 'network' }
  if (!(error instanceof ApiProblem)) return { name: 'other' }
  const name = NAMES[error.code] ?? (isTransient(error) ? 'server' : 'other')
  return error.retryAfter ? { name, until: now() + error.retryAfter * 1000 } : { name }
}

/** What it means and what to do now; `rest` is how long to wait, in words. */
export function troubleWords(trouble: Trouble, rest = ''): { words: string; more: string } {
  const known = wordFor('trouble', trouble.name) !== undefined
  const name = known ? trouble.name : 'other'
  return {
    words: w(`trouble-${name}` as 'trouble-other'),
    more: w(`trouble-lead-${name}` as 'trouble-lead-other', { time: rest }),
  }
}
