import { NetworkProblem, problemOf } from '../api/problem'
import type {
  Actor,
  Clinic,
  Grant,
  IdentityMethod,
  MutableKind,
  Outcome,
  SessionParticipant,
  UserType,
  VideoSession,
  WorkerRole,
} from '../api/types'
import { noteServerTime } from '../api/server-time'

const ANSWER_WITHIN_MS = 15_000

/** A worker's login of this browser, as the server tells it; its cookie is not for us to read. */
export interface Login {
  loginId: string
  userType: UserType
  userId: number
  role: WorkerRole
  displayName: string
  expiresAt: string
}

/** One line of a session's story. */
export interface HistoryEvent extends Actor {
  seq: number
  eventType: string
  metadata: Record<string, unknown>
  createdAt: string
}

export interface SessionQuery {
  from?: string
  to?: string
  q?: string
  status?: string
}

async function ask<T>(method: string, path: string, body?: unknown, loginId?: string): Promise<T> {
  const headers: Record<string, string> = {}
  if (body !== undefined) headers['Content-Type'] = 'application/json'
  if (loginId !== undefined) headers['Shinsatsu-Login'] = loginId
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

export function exchangeLink(token: string, proof: string): Promise<Login> {
  return ask('POST', '/api/console/exchange', { token, proof })
}

/** The logins this browser holds. */
export async function heldLogins(): Promise<Login[]> {
  return (await ask<{ logins: Login[] }>('GET', '/api/console/logins')).logins
}

export function clinicIfKnown(): Promise<Clinic | undefined> {
  return ask<Clinic>('GET', '/api/clinic').catch(() => undefined)
}

/** The server as one worker at the console sees it. */
export class ConsoleApi {
  constructor(readonly loginId: string) {}

  logOut(): Promise<void> {
    return this.#ask('DELETE', '/api/console/login')
  }

  async sessions(query: SessionQuery): Promise<VideoSession[]> {
    const search = new URLSearchParams(query as Record<string, string>)
    return (await this.#ask<{ sessions: VideoSession[] }>('GET', `/api/video-sessions?${search}`)).sessions
  }

  session(id: string): Promise<VideoSession> {
    return this.#ask('GET', sessionPath(id))
  }

  history(id: string, after: number, limit: number): Promise<{ events: HistoryEvent[]; next: number | null }> {
    return this.#ask('GET', `${sessionPath(id)}/events/history?after=${after}&limit=${limit}`)
  }

  /** A grant for oneself, to enter the call with. */
  grant(id: string): Promise<Grant> {
    return this.#ask('POST', `${sessionPath(id)}/grants`)
  }

  admit(id: string, participantId: string): Promise<unknown> {
    return this.#over(id, participantId, 'admit')
  }

  /** Lets somebody removed come back; a fresh link brings them. */
  restore(id: string, participantId: string): Promise<unknown> {
    return this.#over(id, participantId, 'restore')
  }

  sendBack(id: string, participantId: string): Promise<SessionParticipant> {
    return this.#over(id, participantId, 'send-back')
  }

  remove(id: string, participantId: string, reason: string): Promise<SessionParticipant> {
    return this.#over(id, participantId, 'remove', { reason })
  }

  mute(id: string, participantId: string, kinds: MutableKind[]): Promise<SessionParticipant> {
    return this.#over(id, participantId, 'mute', { kinds })
  }

  askToUnmute(id: string, participantId: string, kinds: MutableKind[]): Promise<unknown> {
    return this.#over(id, participantId, 'unmute-request', { kinds })
  }

  noteIdentity(id: string, participantId: string, method: IdentityMethod): Promise<unknown> {
    return this.#over(id, participantId, 'identity-check', { method })
  }

  muteAll(id: string): Promise<VideoSession> {
    return this.#ask('POST', `${sessionPath(id)}/mute-all`)
  }

  lock(id: string, locked: boolean): Promise<unknown> {
    return this.#ask('POST', `${sessionPath(id)}/lock`, { locked })
  }

  extend(id: string, minutes: number): Promise<VideoSession> {
    return this.#ask('POST', `${sessionPath(id)}/extend`, { minutes })
  }

  end(id: string, outcome?: Outcome): Promise<VideoSession> {
    return this.#ask('POST', `${sessionPath(id)}/end`, outcome ? { outcome } : {})
  }

  setOutcome(id: string, outcome: Outcome): Promise<VideoSession> {
    return this.#ask('PUT', `${sessionPath(id)}/outcome`, { outcome })
  }

  /** The address of the stream of all sessions. */
  eventsUrl(): string {
    const origin = location.origin.replace(/^http/, 'ws')
    return `${origin}/api/console/events?login=${encodeURIComponent(this.loginId)}`
  }

  #over<T>(id: string, participantId: string, deed: string, body?: unknown): Promise<T> {
    return this.#ask('POST', `${sessionPath(id)}/participants/${encodeURIComponent(participantId)}/${deed}`, body)
  }

  #ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    return ask(method, path, body, this.loginId)
  }
}

function sessionPath(id: string): string {
  return `/api/video-sessions/${encodeURIComponent(id)}`
}
