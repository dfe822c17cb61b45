import type { ConsultationApi } from '../api/client'
import { hasCode } from '../api/problem'
import {
  type Actor,
  type Admission,
  type ClientMessage,
  type JoinAnswer,
  type JoinRequest,
  type Rights,
  type SessionParticipant,
  type StreamEvent,
  type Track,
  type TrackType,
  type VideoSession,
  userKey,
} from '../api/types'
import { EventStream } from './event-stream'
import { applyEvent, isHeldBack, isWaiting, listensOnly, type Removed, type Room, withRestored } from './room'

export interface RoomHandlers {
  /** The room has changed by an event; `before` is what it was. */
  heard(event: StreamEvent, before: Room): void
  /** Something has happened that one may not see. */
  hidden(): void
  alive(alive: boolean): void
  final(code: number, reason: string): void
}

/** The room as the server tells it, kept up by the event stream, and the doors into it. */
export class LiveRoom {
  room: Room
  rights: Rights
  endedBy: Actor | undefined
  participantId: string | undefined
  /** Counts what the stream has told, also what one may not see. */
  stirs = 0
  readonly #stream: EventStream
  #freed = false

  constructor(
    private readonly api: ConsultationApi,
    session: VideoSession,
    readonly me: string,
    private readonly handlers: RoomHandlers,
    newSocket: (url: string) => WebSocket,
  ) {
    this.room = { session, tracks: [], removed: [] }
    this.rights = session.you ?? { permissions: [], over: {} }
    this.#stream = new EventStream(
      () => '',
      {
        event: (event) => this.#heard(event),
        hidden: () => {
          this.stirs++
          handlers.hidden()
        },
        alive: handlers.alive,
        final: handlers.final,
      },
      newSocket,
    )
  }

  /** Oneself, as the session has it. */
  get own(): SessionParticipant | undefined {
    return this.room.session.participants.find((p) => userKey(p) === this.me)
  }

  get admission(): Admission | undefined {
    return this.participantId === undefined ? undefined : this.own?.admission
  }

  /** Everybody else who is in, first come first. */
  get others(): SessionParticipant[] {
    return this.room.session.participants.filter((p) => userKey(p) !== this.me && p.admission === 'admitted')
  }

  /** Everybody else in the waiting room, who has waited longest first. */
  get waiting(): SessionParticipant[] {
    const since = (p: SessionParticipant) => p.waitingSince ?? p.joinedAt
    return this.room.session.participants
      .filter((p) => userKey(p) !== this.me && isWaiting(p))
      .sort((a, b) => since(a).localeCompare(since(b)))
  }

  get isOpen(): boolean {
    return this.room.session.status === 'waiting' || this.room.session.status === 'active'
  }

  get isOver(): boolean {
    return this.room.session.status === 'ended' || this.room.session.status === 'failed'
  }

  /** Whether one is in by another participant than this one: from another page. */
  get isElsewhere(): boolean {
    return this.own !== undefined && this.own.participantId !== this.participantId
  }

  /** Whether one may open the appointment's session oneself; a guest comes once it is open. */
  get mayOpen(): boolean {
    return this.rights.permissions.every(({ action, allowed }) => action !== 'create' || allowed)
  }

  /** Whether one is here only to see and hear: what others may not do in a session that is not open says nothing of it. */
  get listensOnly(): boolean {
    const isGuest = this.participantId !== undefined && this.own?.relation === 'guest'
    return isGuest && this.isOpen && listensOnly(this.rights.permissions)
  }

  /** The tracks of everybody else that can flow, by name. */
  get wanted(): string[] {
    return this.room.tracks
      .filter((track) => userKey(track) !== this.me && !isHeldBack(this.room, track))
      .map((track) => track.trackName)
  }

  /** What a person publishes of one kind, the newest publication last. */
  tracksOf(person: SessionParticipant, type: TrackType): Track[] {
    return this.room.tracks.filter((track) => track.trackType === type && userKey(track) === userKey(person))
  }

  /**
   * Whether only coming in again opens one's own microphone and camera: the server had to close one at its source, or
   * one may speak at last.
   */
  losesOwn(event: StreamEvent, before: Room): boolean {
    if (event.type === 'permissions') return this.#freed
    if (event.type !== 'track_closed') return false
    const track = before.tracks.find((one) => one.trackName === event.trackName)
    return track !== undefined && track.participantId === this.participantId && track.trackType !== 'screen'
  }

  /** Follows the room without being in it. */
  follow(): void {
    this.#stream.open((after) => this.api.eventsUrl(undefined, after))
  }

  /** Joins, and opens the appointment's session first where it is not open. */
  async join(request: JoinRequest): Promise<JoinAnswer> {
    if (!this.isOpen && this.mayOpen) await this.#create()
    try {
      return await this.api.join(request)
    } catch (error) {
      if (!hasCode(error, 'session_not_open') || !this.mayOpen) throw error
      await this.#create()
      return await this.api.join(request)
    }
  }

  /** Follows the room as the participant that a join has made, or let go on. */
  enter({ session, participantId, permissions }: JoinAnswer): void {
    const moved = session.id !== this.api.sessionId
    const same = participantId === this.participantId
    // Who was not let in has been shown nobody: there is nothing to resume, and a snapshot to begin with.
    const blind = this.others.length + this.waiting.length === 0
    this.participantId = participantId
    this.rights = { permissions, over: session.you?.over ?? this.rights.over }
    this.api.sessionId = session.id
    if (moved) this.room = { session, tracks: [], removed: [] }
    else if (session.version >= this.room.session.version) this.room = { ...this.room, session }
    if (!same) this.#stream.open((after) => this.api.eventsUrl(participantId, after), moved || blind)
  }

  async lookAgain(): Promise<void> {
    const session = await this.api.session().catch(() => undefined)
    this.learn(session ?? this.room.session)
  }

  /** The session as an answer has told it, and by whom it was ended. */
  learn(session: VideoSession): void {
    this.room = { ...this.room, session }
    this.endedBy = session.metadata.endedBy ?? undefined
  }

  /** Somebody removed may come back: the answer has said so, whatever the stream does. */
  restored(person: Removed): void {
    this.room = withRestored(this.room, person)
  }

  /** Says something, once there is a participant to say it. */
  say(message: ClientMessage): void {
    if (this.participantId) this.#stream.send(message)
  }

  /** Tries a lost stream again at once. */
  hurry(): void {
    this.#stream.hurry()
  }

  close(): void {
    this.participantId = undefined
    this.#stream.close()
  }

  async #create(): Promise<void> {
    const session = await this.api.create(this.room.session.appointmentId)
    if (session.id !== this.api.sessionId) this.#stream.close()
    this.room = session.id === this.api.sessionId ? { ...this.room, session } : { session, tracks: [], removed: [] }
    this.api.sessionId = session.id
  }

  #heard(event: StreamEvent): void {
    const before = this.room
    this.stirs++
    this.room = applyEvent(before, event)
    const wasSilent = this.listensOnly
    if (event.type === 'permissions') this.rights = { permissions: event.permissions, over: event.over }
    this.#freed = wasSilent && !this.listensOnly
    if (event.type === 'session_status') this.endedBy = event.by
    this.handlers.heard(event, before)
  }
}
