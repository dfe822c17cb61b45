import { AccessApi } from '../api/access'
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
import { ask } from './ask'

/** A worker's login of this browser, as the server tells it; its cookie is not for us to read. */
export interface Login {
  loginId: string
  userType: UserType
  userId: number
  role: WorkerRole
  displayName: string
  expiresAt: string
  /** Seconds without real input until the login ends; none where logins do not end so. */
  idleTimeout?: number
  /** How it was opened; console links are the demo's. */
  method?: LoginMethod
}

export type LoginMethod = 'password' | 'oidc' | 'console_link'

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

  /** Somebody is here: the login does not count as idle. */
  reportActivity(): Promise<void> {
    return this.#ask('POST', '/api/logins/current/activity')
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

  /** Guests, links and invitations of one session. */
  access(id: string): AccessApi {
    return new AccessApi((method, path, body) => this.#ask(method, sessionPath(id) + path, body))
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
