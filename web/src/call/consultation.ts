import type { ConsultationApi } from '../api/client'
import { hasCode, isTransient, ApiProblem, NetworkProblem } from '../api/problem'
import {
  type Actor,
  type Grant,
  type JoinAnswer,
  type Outcome,
  type Permission,
  type SessionParticipant,
  type StreamEvent,
  type TrackType,
  type VideoSession,
  userKey,
} from '../api/types'
import { backoffDelay, Pause } from './backoff'
import { EventStream } from './event-stream'
import { type LinkState, MediaConnection, type NewPeerConnection } from './media-connection'
import { type Notice, noticeOf } from './notices'
import type { OwnTracks } from './publisher'
import { applyEvent, type Room } from './room'

/** How long a `disconnected` may mend itself, and how long a new connection may take, in milliseconds. */
const MENDS_WITHIN_MS = 1_000
const CONNECTS_WITHIN_MS = 7_000
const STREAM_RETURNS_WITHIN_MS = 3_000

export type Phase = 'ready' | 'joining' | 'present' | 'reconnecting' | 'elsewhere' | 'left' | 'over' | 'refused'
export type Cause = 'media' | 'offline' | 'server'

export interface Trouble {
  cause: Cause
  /** Milliseconds since the epoch. */
  since: number
}

/** One's own microphone and camera: there is always a track, silent or black if need be. */
export interface OwnMedia {
  readonly tracks: OwnTracks
  readonly audioMuted: boolean
  readonly videoMuted: boolean
  onTrack: (kind: 'audio' | 'video', track: MediaStreamTrack) => void
  onState: () => void
  stop(): void
}

export interface ConsultationListener {
  changed(): void
  noticed(notice: Notice): void
}

export interface Ports {
  newPeerConnection: NewPeerConnection
  newSocket: (url: string) => WebSocket
}

const BROWSER: Ports = {
  newPeerConnection: (configuration) => new RTCPeerConnection(configuration),
  newSocket: (url) => new WebSocket(url),
}

/**
 * One person's part in one consultation: ready → joining → present ⇄ reconnecting → left, over, elsewhere or refused.
 * It keeps the room as the event stream tells it and makes the media follow; it knows no page.
 */
export class Consultation {
  phase: Phase = 'ready'
  room: Room
  trouble: Trouble | undefined
  problem: unknown
  permissions: Permission[] = []
  endedBy: Actor | undefined
  /** Received tracks by name; an entry outlives its connection so that the last picture stays. */
  readonly received = new Map<string, MediaStreamTrack>()
  screen: { trackName: string; track: MediaStreamTrack } | undefined
  readonly me: string

  #link: MediaConnection | undefined
  #spare: MediaConnection | undefined
  #stream: EventStream
  #participantId: string | undefined
  #run = 0
  #pause = new Pause()
  #mending: ReturnType<typeof setTimeout> | undefined
  #missingStream: ReturnType<typeof setTimeout> | undefined

  constructor(
    readonly api: ConsultationApi,
    readonly grant: Grant,
    session: VideoSession,
    readonly media: OwnMedia,
    private readonly listener: ConsultationListener,
    private readonly ports: Ports = BROWSER,
  ) {
    this.me = userKey(grant)
    this.room = { session, tracks: [] }
    this.#stream = new EventStream(
      () => '',
      {
        event: (event) => this.#heard(event),
        alive: (alive) => this.#streamAlive(alive),
        final: (code) => this.#streamFinal(code),
      },
      ports.newSocket,
    )
    media.onTrack = (kind, track) => this.#replace(kind, track)
    media.onState = () => {
      this.#sayMediaState()
      this.listener.changed()
    }
  }

  /** Everybody else who is in, first come first. */
  get others(): SessionParticipant[] {
    return this.room.session.participants.filter((p) => userKey(p) !== this.me && p.admission === 'admitted')
  }

  /** What has arrived of a person's microphone or camera, the newest publication first. */
  trackOf(person: SessionParticipant, type: TrackType): MediaStreamTrack | undefined {
    return this.room.tracks
      .filter((track) => track.trackType === type && userKey(track) === userKey(person))
      .map((track) => this.received.get(track.trackName))
      .findLast((track) => track !== undefined)
  }

  may(action: string): boolean {
    return this.permissions.some((p) => p.action === action && p.allowed)
  }

  /** Follows the room and makes the first offer while the person still looks at the check page. */
  prepare(): void {
    if (this.phase !== 'ready') return
    if (!this.#isOver) this.#stream.open((after) => this.api.eventsUrl(undefined, after))
    this.#spare ??= this.#newLink()
  }

  /** Goes in as soon as the own tracks are there; also back in after leaving or an end. */
  async join(tracksReady: Promise<void> = Promise.resolve()): Promise<void> {
    this.#set('joining')
    await tracksReady
    if (this.phase === 'joining') await this.#connect()
  }

  async leave(): Promise<void> {
    const participantId = this.#participantId
    this.#finish('left')
    // Whoever leaves is gone at once for themselves; if the server cannot hear it, it notices the silence.
    if (participantId) await this.api.leave(participantId).catch(() => undefined)
  }

  async end(outcome?: Outcome): Promise<void> {
    const session = await this.api.end(outcome)
    this.room = { ...this.room, session }
    this.endedBy = session.metadata.endedBy ?? undefined
    this.#finish('over')
  }

  async shareScreen(track: MediaStreamTrack): Promise<void> {
    if (!this.#link) throw new NetworkProblem('not connected')
    const { trackName } = await this.#link.shareScreen(track)
    this.screen = { trackName, track }
    this.listener.changed()
  }

  async stopSharing(): Promise<void> {
    const screen = this.screen
    if (!screen) return
    this.screen = undefined
    screen.track.stop()
    this.listener.changed()
    await this.#link?.stopScreen(screen.trackName).catch((error: unknown) => this.#failed(error))
  }

  /** The browser says that the network went or came back. */
  network(online: boolean): void {
    if (!online && (this.phase === 'present' || this.phase === 'joining')) {
      this.#run++
      this.#inTrouble('offline')
    } else if (online && this.phase === 'reconnecting') {
      this.retryNow()
    }
    if (online) this.#stream.hurry()
  }

  /** Back in the foreground, or the person asks: what is broken is taken up at once. */
  retryNow(): void {
    this.#stream.hurry()
    if (this.phase === 'reconnecting') void this.#connect()
    else if (this.phase === 'present' && this.#link?.state !== 'connected') this.#reconnect('media')
  }

  close(): void {
    this.#finish(this.phase)
  }

  async #connect(): Promise<void> {
    const run = ++this.#run
    this.#pause.wake()
    for (let attempt = 0; run === this.#run; attempt++) {
      try {
        await this.#attempt(run)
        return
      } catch (error) {
        if (run !== this.#run) return
        if (await this.#isFinal(error)) return
        this.#inTrouble(error instanceof NetworkProblem ? (this.trouble?.cause ?? 'media') : 'server')
        const asked = error instanceof ApiProblem ? (error.retryAfter ?? 0) * 1000 : 0
        await this.#pause.wait(Math.max(backoffDelay(attempt), Math.min(asked, 5_000)))
      }
    }
  }

  /** One try: join, then publish and subscribe on fresh peer connections until both carry media. */
  async #attempt(run: number): Promise<void> {
    let link = this.#spare ?? this.#newLink()
    this.#spare = undefined
    const joined = await this.#joinOpen().catch((error: unknown) => {
      link.close()
      throw error
    })
    if (run !== this.#run) return link.close()
    if (joined.iceServers.length > 0) {
      link.close()
      link = this.#newLink({ iceServers: joined.iceServers })
    }
    this.#link?.close()
    this.#link = link
    this.#entered(joined)
    await link.open(joined, this.#wanted())
    this.#sayMediaState()
    await this.#connected(link)
    if (run === this.#run) await this.#settled(link)
  }

  async #joinOpen(): Promise<JoinAnswer> {
    const { status } = this.room.session
    if (status !== 'waiting' && status !== 'active') await this.#create()
    try {
      return await this.api.join()
    } catch (error) {
      if (!hasCode(error, 'session_not_open')) throw error
      await this.#create()
      return await this.api.join()
    }
  }

  async #create(): Promise<void> {
    const session = await this.api.create(this.room.session.appointmentId)
    if (session.id !== this.api.sessionId) this.#stream.close()
    this.room = session.id === this.api.sessionId ? { ...this.room, session } : { session, tracks: [] }
    this.api.sessionId = session.id
  }

  #entered(joined: JoinAnswer): void {
    const moved = joined.session.id !== this.api.sessionId
    this.#participantId = joined.participantId
    this.permissions = joined.permissions
    this.api.sessionId = joined.session.id
    if (moved) this.room = { session: joined.session, tracks: [] }
    else if (joined.session.version >= this.room.session.version) this.room = { ...this.room, session: joined.session }
    this.#stream.open((after) => this.api.eventsUrl(joined.participantId, after), moved)
    this.listener.changed()
  }

  #connected(link: MediaConnection): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new NetworkProblem('media')), CONNECTS_WITHIN_MS)
      this.#settle = () => {
        if (link !== this.#link || link.state === 'failed') {
          clearTimeout(timer)
          reject(new NetworkProblem('media'))
        } else if (link.state === 'connected') {
          clearTimeout(timer)
          resolve()
        }
      }
      this.#settle()
    })
  }

  #settle: () => void = () => undefined

  async #settled(link: MediaConnection): Promise<void> {
    this.trouble = undefined
    this.#set('present')
    const screen = this.screen
    if (screen && screen.track.readyState === 'live') {
      const { trackName } = await link.shareScreen(screen.track)
      this.screen = { ...screen, trackName }
    } else {
      this.screen = undefined
    }
  }

  #newLink(configuration?: RTCConfiguration): MediaConnection {
    const link: MediaConnection = new MediaConnection(
      this.api,
      this.media.tracks,
      {
        track: (name, track) => {
          this.received.set(name, track)
          this.listener.changed()
        },
        state: (state) => link === this.#link && this.#linkState(state),
        failed: (error) => link === this.#link && this.#failed(error),
      },
      this.ports.newPeerConnection,
      configuration,
    )
    return link
  }

  #linkState(state: LinkState): void {
    this.#settle()
    clearTimeout(this.#mending)
    if (this.phase !== 'present') return
    if (state === 'failed') this.#reconnect('media')
    if (state === 'disconnected') this.#mending = setTimeout(() => this.#reconnect('media'), MENDS_WITHIN_MS)
  }

  #failed(error: unknown): void {
    if (hasCode(error, 'stale_participant')) void this.#stale()
    else if (this.phase === 'present') this.#reconnect('server')
  }

  #reconnect(cause: Cause): void {
    this.#inTrouble(cause)
    void this.#connect()
  }

  #inTrouble(cause: Cause): void {
    clearTimeout(this.#mending)
    this.trouble = { cause, since: this.trouble?.since ?? Date.now() }
    this.#set('reconnecting')
  }

  /** Whether trying again is no use; if so, the phase says why. */
  async #isFinal(error: unknown): Promise<boolean> {
    if (hasCode(error, 'stale_participant')) return this.#takenElsewhere()
    if (hasCode(error, 'session_ended')) {
      await this.#lookAgain()
      this.#finish('over')
      return true
    }
    // A peer connection that was closed under its negotiation throws its own errors: those are worth another try.
    if (!(error instanceof ApiProblem) || isTransient(error) || hasCode(error, 'negotiation_in_progress')) return false
    this.problem = error
    this.#finish('refused')
    return true
  }

  async #stale(): Promise<void> {
    if (this.phase !== 'present') return
    if (!(await this.#takenElsewhere())) this.#reconnect('server')
  }

  /** A participant goes stale by its own silence, which joining mends, or because the person is in on another page. */
  async #takenElsewhere(): Promise<boolean> {
    await this.#lookAgain()
    if (this.#isOver) {
      this.#finish('over')
      return true
    }
    const now = this.room.session.participants.find((p) => userKey(p) === this.me)
    if (!now || now.participantId === this.#participantId) return false
    this.#finish('elsewhere')
    return true
  }

  async #lookAgain(): Promise<void> {
    const session = await this.api.session().catch(() => undefined)
    if (session) this.room = { ...this.room, session }
    this.endedBy = this.room.session.metadata.endedBy ?? undefined
  }

  #heard(event: StreamEvent): void {
    const notice = noticeOf(event, this.room, this.me)
    this.room = applyEvent(this.room, event)
    if (event.type === 'permissions') this.permissions = event.permissions
    if (event.type === 'session_status') this.endedBy = event.by
    if (this.#isOver && this.phase !== 'ready') return this.#finish('over')
    this.#link?.want(this.#wanted())
    if (notice && this.phase !== 'ready') this.listener.noticed(notice)
    this.listener.changed()
  }

  get #isOver(): boolean {
    return this.room.session.status === 'ended' || this.room.session.status === 'failed'
  }

  #wanted(): string[] {
    return this.room.tracks.filter((t) => userKey(t) !== this.me).map((t) => t.trackName)
  }

  #streamAlive(alive: boolean): void {
    if (alive) {
      clearTimeout(this.#missingStream)
      this.#missingStream = undefined
      this.#sayMediaState()
      if (this.phase === 'present' && this.trouble) this.trouble = undefined
      this.listener.changed()
    } else if (this.phase === 'present') {
      this.#missingStream ??= setTimeout(() => this.#streamMissing(), STREAM_RETURNS_WITHIN_MS)
    }
  }

  #streamMissing(): void {
    this.#missingStream = undefined
    // Sound and picture may well go on: this is said, but nothing is torn down.
    if (this.phase !== 'present') return
    this.trouble ??= { cause: 'server', since: Date.now() }
    this.listener.changed()
  }

  #streamFinal(code: number): void {
    if (code === 4409) void this.#stale()
    else if (this.phase === 'present') void this.#streamRefused()
  }

  async #streamRefused(): Promise<void> {
    await this.#lookAgain()
    if (this.#isOver) this.#finish('over')
    else this.#reconnect('server')
  }

  #replace(kind: 'audio' | 'video', track: MediaStreamTrack): void {
    for (const link of [this.#spare, this.#link]) void link?.publisher.replace(kind, track).catch(() => undefined)
  }

  #sayMediaState(): void {
    const { audioMuted, videoMuted } = this.media
    if (this.#participantId) this.#stream.send({ type: 'media_state', audioMuted, videoMuted })
  }

  #finish(phase: Phase): void {
    this.#run++
    this.#pause.wake()
    clearTimeout(this.#mending)
    clearTimeout(this.#missingStream)
    this.#missingStream = undefined
    this.#stream.close()
    this.#link?.close()
    this.#spare?.close()
    this.#link = this.#spare = undefined
    this.#participantId = undefined
    this.screen?.track.stop()
    this.screen = undefined
    this.received.clear()
    this.trouble = undefined
    if (phase !== 'elsewhere') this.media.stop()
    this.#set(phase)
  }

  #set(phase: Phase): void {
    this.phase = phase
    this.listener.changed()
  }
}
