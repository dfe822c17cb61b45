import { ApiProblem, hasCode, isTransient, NetworkProblem } from '../api/problem'
import { proofFor } from '../call/tab-memory'
import { exchangeLink, heldLogins, type Login } from './console-api'

const STORED_AS = 'shinsatsu.login'
const SETUP_PATH = '/console/setup'

/** Why the console does not open, as its entry page has words for it. */
export type Closed =
  'no-login' | 'link-used' | 'link-expired' | 'link-invalid' | 'link-elsewhere' | Ended | 'network' | 'server'

/** Why a console that was open is so no more: nobody was there, one's own wish, or somebody else's. */
export type Ended = 'logged-off' | 'logged-out' | 'login-over' | 'blocked'

/**
 * Takes a link's token out of the address, so that a reload, a shared screen or a bookmark does not carry it. It stays
 * with this entry of the tab's history until it is used.
 */
export function takeToken(): string | undefined {
  const address = new URL(location.href)
  const kept = (history.state as { token?: string } | null)?.token
  const token = address.searchParams.get('token') ?? kept
  if (!token) return undefined
  address.searchParams.delete('token')
  history.replaceState({ token }, '', address.pathname + address.search)
  return token
}

/** Uses the link up and remembers whom this tab speaks for. */
export async function enterByLink(token: string): Promise<Login> {
  const login = await exchangeLink(token, await proofFor(token))
  dropToken()
  return remember(login)
}

/** The token of a setup link, taken out of the address likewise; it came in the fragment, which no server sees. */
export function takeSetupToken(): string | undefined {
  if (location.pathname !== SETUP_PATH) return undefined
  const kept = (history.state as { setup?: string } | null)?.setup
  const token = new URLSearchParams(location.hash.slice(1)).get('token') ?? kept
  if (token) history.replaceState({ setup: token }, '', SETUP_PATH)
  return token || undefined
}

/** What the clinic's provider refused, taken out of the address. */
export function takeLoginError(): string | undefined {
  const address = new URL(location.href)
  const error = address.searchParams.get('loginError')
  if (error === null) return undefined
  address.searchParams.delete('loginError')
  history.replaceState(history.state, '', address.pathname + address.search)
  return error
}

export function dropToken(): void {
  history.replaceState(null, '', location.href)
}

export function remember(login: Login): Login {
  sessionStorage.setItem(STORED_AS, login.loginId)
  return login
}

export function forget(): void {
  sessionStorage.removeItem(STORED_AS)
}

/** Whom this tab spoke for before, else everybody this browser has a login of. */
export async function knownLogins(): Promise<Login[]> {
  const held = await heldLogins()
  const own = held.filter((login) => login.loginId === sessionStorage.getItem(STORED_AS))
  return own.length > 0 ? own : held
}

/** The server's word for why it closed a console's stream (docs/protocol.md). */
export function endedBy(reason = ''): Ended {
  if (reason === 'idle') return 'logged-off'
  return reason === 'account_blocked' || reason === 'blocked' ? 'blocked' : 'login-over'
}

export function closedBy(error: unknown): Closed {
  if (hasCode(error, 'link_used')) return 'link-used'
  if (hasCode(error, 'link_expired', 'link_revoked')) return 'link-expired'
  if (hasCode(error, 'link_invalid')) return 'link-invalid'
  if (error instanceof NetworkProblem) return 'network'
  if (isTransient(error)) return 'server'
  return error instanceof ApiProblem && [403, 404].includes(error.status) ? 'link-elsewhere' : 'link-invalid'
}
