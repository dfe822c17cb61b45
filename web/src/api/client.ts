import { AccessApi } from './access'
import { NetworkProblem, problemOf } from './problem'
import { noteServerTime } from './server-time'
import type {
  Clinic,
  Description,
  Grant,
  GrantedTrack,
  IdentityMethod,
  JoinAnswer,
  JoinRequest,
  MutableKind,
  Outcome,
  SessionParticipant,
  SubscribeAnswer,
  TrackType,
  VideoSession,
  WaitingRoom,
} from './types'

const ANSWER_WITHIN_MS = 15_000

/** Asks the server; throws what `problem.ts` names. */
export async function call<T>(method: string, path: string, body?: unknown, grantId?: string): Promise<T> {
  const headers: Record<string, string> = {}
  if (body !== undefined) headers['Content-Type'] = 'application/json'
  if (grantId !== undefined) headers['Shinsatsu-Grant'] = grantId
  let response: Response
  try {
    response = await fetch(path, {
      method,
      headers,
      credentials: 'same-origin',
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  } catch (error) {
    // fetch rejects with a bare TypeError or a timeout: both mean that nobody answered.
    throw new NetworkProblem(String(error))
  }
  noteServerTime(response.headers.get('Date'))
  if (!response.ok) throw await problemOf(response)
  return (response.status === 204 ? undefined : await response.json()) as T
}

export function clinic(): Promise<Clinic> {
  return call('GET', '/api/clinic')
}

export function exchangeLink(token: string, proof: string): Promise<Grant> {
  return call('POST', '/api/links/exchange', { token, proof })
}

/** The grants this browser already holds for the session's appointment. */
export async function heldGrants(sessionId: string): Promise<Grant[]> {
  const answer = await call<{ grants: Grant[] }>('GET', `/api/grants?sessionId=${encodeURIComponent(sessionId)}`)
  return answer.grants
}

/** The server as one person of one consultation sees it. */
export class ConsultationApi {
  /** Guests, links and invitations. */
  readonly access = new AccessApi((method, path, body) => this.#session(method, path, body))

  constructor(
    readonly grantId: string,
    public sessionId: string,
  ) {}

  session(): Promise<VideoSession> {
    return this.#session('GET', '')
  }

  create(appointmentId: string): Promise<VideoSession> {
    return call('POST', '/api/video-sessions/create', { appointmentId }, this.grantId)
  }

  join(request: JoinRequest = {}): Promise<JoinAnswer> {
    return this.#session('POST', '/join', request)
  }

  leave(participantId: string): Promise<void> {
    return this.#session('POST', '/leave', { participantId })
  }

  end(outcome?: Outcome): Promise<VideoSession> {
    return this.#session('POST', '/end', outcome ? { outcome } : {})
  }

  grantScreen(participantId: string): Promise<GrantedTrack> {
    return this.#session('POST', '/tracks', { participantId, trackType: 'screen' })
  }

  publish(
    participantId: string,
    offer: Description,
    tracks: { mid: string; trackName: string }[],
  ): Promise<{ sessionDescription: Description }> {
    return this.#session('POST', '/tracks/publish', { participantId, sessionDescription: offer, tracks })
  }

  subscribe(participantId: string, trackNames: string[]): Promise<SubscribeAnswer> {
    const tracks = trackNames.map((trackName) => ({ trackName }))
    return this.#session('POST', '/tracks/subscribe', { participantId, tracks })
  }

  renegotiate(participantId: string, answer: Description): Promise<void> {
    return this.#session('PUT', '/renegotiate', { participantId, sessionDescription: answer })
  }

  closeTracks(participantId: string, trackNames: string[]): Promise<unknown> {
    const tracks = trackNames.map((trackName) => ({ trackName }))
    return this.#session('POST', '/tracks/close', { participantId, tracks })
  }

  waitingRoom(): Promise<WaitingRoom> {
    return this.#session('GET', '/waiting-room')
  }

  admit(participantId: string): Promise<SessionParticipant> {
    return this.#participant(participantId, 'admit')
  }

  /** Lets somebody removed come back; a fresh link brings them. */
  restore(participantId: string): Promise<SessionParticipant> {
    return this.#participant(participantId, 'restore')
  }

  sendBack(participantId: string): Promise<SessionParticipant> {
    return this.#participant(participantId, 'send-back')
  }

  remove(participantId: string, reason: string): Promise<SessionParticipant> {
    return this.#participant(participantId, 'remove', { reason })
  }

  mute(participantId: string, kinds: TrackType[]): Promise<SessionParticipant> {
    return this.#participant(participantId, 'mute', { kinds })
  }

  unmute(participantId: string, kinds: MutableKind[]): Promise<SessionParticipant> {
    return this.#participant(participantId, 'unmute', { kinds })
  }

  requestUnmute(participantId: string, kinds: MutableKind[]): Promise<void> {
    return this.#participant(participantId, 'unmute-request', { kinds })
  }

  checkIdentity(participantId: string, method: IdentityMethod): Promise<SessionParticipant> {
    return this.#participant(participantId, 'identity-check', { method })
  }

  muteAll(): Promise<VideoSession> {
    return this.#session('POST', '/mute-all', {})
  }

  lock(locked: boolean): Promise<VideoSession> {
    return this.#session('POST', '/lock', { locked })
  }

  allowScreenShare(allowed: boolean): Promise<VideoSession> {
    return this.#session('POST', '/screen-share', { allowed })
  }

  extend(minutes: number): Promise<VideoSession> {
    return this.#session('POST', '/extend', { minutes })
  }

  /** The address of the event stream. */
  eventsUrl(participantId?: string, after?: number): string {
    const query = new URLSearchParams({ grant: this.grantId })
    if (participantId) query.set('participantId', participantId)
    if (after !== undefined) query.set('after', String(after))
    const origin = location.origin.replace(/^http/, 'ws')
    return `${origin}/api/video-sessions/${encodeURIComponent(this.sessionId)}/events?${query}`
  }

  #participant<T>(participantId: string, command: string, body: unknown = {}): Promise<T> {
    return this.#session('POST', `/participants/${encodeURIComponent(participantId)}/${command}`, body)
  }

  #session<T>(method: string, path: string, body?: unknown): Promise<T> {
    return call(method, `/api/video-sessions/${encodeURIComponent(this.sessionId)}${path}`, body, this.grantId)
  }
}
