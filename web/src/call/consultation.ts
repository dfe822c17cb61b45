import type { ConsultationApi } from '../api/client'
import { hasCode, isTransient, ApiProblem, NetworkProblem } from '../api/problem'
import {
  type Actor,
  type Grant,
  type Outcome,
  type SessionParticipant,
  type StreamEvent,
  type TrackType,
  type VideoSession,
  userKey,
} from '../api/types'
import { CallMedia } from './call-media'
import { Entry } from './entry'
import { LiveRoom } from './live-room'
import type { LinkState, MediaConnection } from './media-connection'
import { type Notice, noticeOf } from './notices'
import type { OwnMedia } from './own-media'
import { BROWSER, type Ports } from './ports'
import type { Room } from './room'
import { type Cause, type Trouble, TroubleWatch } from './trouble-watch'

export type Phase = 'ready' | 'joining' | 'present' | 'reconnecting' | 'elsewhere' | 'left' | 'over' | 'refused'

export interface ConsultationListener {
  changed(): void
  noticed(notice: Notice): void
}

/**
 * One person's part in one consultation: ready → joining → present ⇄ reconnecting → left, over, elsewhere or refused.
 * The room says who is in and what is published, the media follow it, the entry tries until both are there and the
 * watch tells when they no longer are. It knows no page.
 */
export class Consultation {
  phase: Phase = 'ready'
  trouble: Trouble | undefined
  problem: unknown
  readonly me: string
  readonly #live: LiveRoom
  readonly #call: CallMedia
  readonly #entry: Entry
  readonly #watch: TroubleWatch

  constructor(
    readonly api: ConsultationApi,
    readonly grant: Grant,
    session: VideoSession,
    readonly media: OwnMedia,
    private readonly listener: ConsultationListener,
    ports: Ports = BROWSER,
  ) {
    this.me = userKey(grant)
    this.#live = new LiveRoom(
      api,
      session,
      this.me,
      {
        heard: (event, before) => this.#heard(event, before),
        alive: (alive) => this.#streamAlive(alive),
        final: () => void this.#stale(),
      },
      ports.newSocket,
    )
    this.#call = new CallMedia(
      api,
      media,
      {
        changed: () => this.listener.changed(),
        state: (state) => this.#linkState(state),
        failed: (error) => this.#failed(error),
      },
      ports.newPeerConnection,
    )
    this.#entry = new Entry({
      attempt: (current) => this.#attempt(current),
      isFinal: (error) => this.#isFinal(error),
      inVain: (error) => this.#inTrouble(error instanceof NetworkProblem ? (this.trouble?.cause ?? 'media') : 'server'),
    })
    this.#watch = new TroubleWatch({ broken: () => this.#reconnect('media'), unheard: () => this.#unheard() })
    media.onTrack = (kind, track) => this.#call.replace(kind, track)
    media.onState = () => {
      this.#sayMediaState()
      this.listener.changed()
    }
  }

  get room(): Room {
    return this.#live.room
  }

  get endedBy(): Actor | undefined {
    return this.#live.endedBy
  }

  get received(): ReadonlyMap<string, MediaStreamTrack> {
    return this.#call.received
  }

  get isSharing(): boolean {
    return this.#call.screen !== undefined
  }

  /** Everybody else who is in, first come first. */
  get others(): SessionParticipant[] {
    return this.#live.others
  }

  /** What has arrived of a person's microphone or camera, the newest publication first. */
  trackOf(person: SessionParticipant, type: TrackType): MediaStreamTrack | undefined {
    return this.#live
      .tracksOf(person, type)
      .map((track) => this.received.get(track.trackName))
      .findLast((track) => track !== undefined)
  }

  may(action: string): boolean {
    return this.#live.permissions.some((p) => p.action === action && p.allowed)
  }

  /** Follows the room and makes the first offer while the person still looks at the check page. */
  prepare(): void {
    if (this.phase !== 'ready') return
    if (!this.#live.isOver) this.#live.follow()
    this.#call.prepare()
  }

  /** Goes in as soon as the own tracks are there; also back in after leaving or an end. */
  async join(tracksReady: Promise<void> = Promise.resolve()): Promise<void> {
    this.#set('joining')
    await tracksReady
    if (this.phase === 'joining') await this.#entry.go()
  }

  async leave(): Promise<void> {
    const { participantId } = this.#live
    this.#finish('left')
    // Whoever leaves is gone at once for themselves; if the server cannot hear it, it notices the silence.
    if (participantId) await this.api.leave(participantId).catch(() => undefined)
  }

  async end(outcome?: Outcome): Promise<void> {
    this.#live.learn(await this.api.end(outcome))
    this.#finish('over')
  }

  shareScreen(track: MediaStreamTrack): Promise<void> {
    return this.#call.shareScreen(track)
  }

  stopSharing(): Promise<void> {
    return this.#call.stopSharing()
  }

  /** The browser says that the network went or came back. */
  network(online: boolean): void {
    if (!online && (this.phase === 'present' || this.phase === 'joining')) {
      this.#entry.callOff()
      this.#inTrouble('offline')
    } else if (online && this.phase === 'reconnecting') {
      this.retryNow()
    }
    if (online) this.#live.hurry()
  }

  /** Back in the foreground, or the person asks: what is broken is taken up at once. */
  retryNow(): void {
    this.#live.hurry()
    if (this.phase === 'reconnecting') void this.#entry.go()
    else if (this.phase === 'present' && !this.#call.isConnected) this.#reconnect('media')
  }

  close(): void {
    this.#finish(this.phase)
  }

  /** One try: join, then publish and subscribe on fresh peer connections until both carry media. */
  async #attempt(current: () => boolean): Promise<void> {
    const made = this.#call.take()
    const joined = await this.#live.join().catch((error: unknown) => {
      made.close()
      throw error
    })
    if (!current()) return made.close()
    const link = this.#call.adopt(made, joined.iceServers)
    this.#live.enter(joined)
    this.listener.changed()
    await link.open(joined, this.#live.wanted)
    this.#sayMediaState()
    await this.#call.connected(link)
    if (current()) await this.#settled(link)
  }

  async #settled(link: MediaConnection): Promise<void> {
    this.trouble = undefined
    this.#set('present')
    await this.#call.resumeSharing(link)
  }

  #linkState(state: LinkState): void {
    if (this.phase === 'present') this.#watch.link(state)
    else this.#watch.restLink()
  }

  #failed(error: unknown): void {
    if (hasCode(error, 'stale_participant')) void this.#stale()
    else if (this.phase === 'present') this.#reconnect('server')
  }

  #reconnect(cause: Cause): void {
    this.#inTrouble(cause)
    void this.#entry.go()
  }

  #inTrouble(cause: Cause): void {
    this.#watch.restLink()
    this.trouble = { cause, since: this.trouble?.since ?? Date.now() }
    this.#set('reconnecting')
  }

  /** Whether trying again is no use; if so, the phase says why. */
  async #isFinal(error: unknown): Promise<boolean> {
    if (hasCode(error, 'stale_participant')) return this.#takenElsewhere()
    if (hasCode(error, 'session_ended')) {
      await this.#live.lookAgain()
      this.#finish('over')
      return true
    }
    // A peer connection that was closed under its negotiation throws its own errors: those are worth another try.
    if (!(error instanceof ApiProblem) || isTransient(error) || hasCode(error, 'negotiation_in_progress')) return false
    this.problem = error
    this.#finish('refused')
    return true
  }

  /** The server no longer has this participant, or will not have its stream: the session on record says why. */
  async #stale(): Promise<void> {
    if (this.phase !== 'present') return
    if (!(await this.#takenElsewhere())) this.#reconnect('server')
  }

  /** A participant goes stale by its own silence, which joining mends, or because the person is in on another page. */
  async #takenElsewhere(): Promise<boolean> {
    await this.#live.lookAgain()
    if (this.#live.isOver) this.#finish('over')
    else if (this.#live.isElsewhere) this.#finish('elsewhere')
    else return false
    return true
  }

  #heard(event: StreamEvent, before: Room): void {
    if (this.#live.isOver && this.phase !== 'ready') return this.#finish('over')
    this.#call.want(this.#live.wanted)
    const notice = noticeOf(event, before, this.me)
    if (notice && this.phase !== 'ready') this.listener.noticed(notice)
    this.listener.changed()
  }

  #streamAlive(alive: boolean): void {
    if (!alive) {
      if (this.phase === 'present') this.#watch.stream(false)
      return
    }
    this.#watch.stream(true)
    this.#sayMediaState()
    if (this.phase === 'present') this.trouble = undefined
    this.listener.changed()
  }

  /** Sound and picture may well go on: this is said, but nothing is torn down. */
  #unheard(): void {
    if (this.phase !== 'present') return
    this.trouble ??= { cause: 'server', since: Date.now() }
    this.listener.changed()
  }

  #sayMediaState(): void {
    const { audioMuted, videoMuted } = this.media
    this.#live.say({ type: 'media_state', audioMuted, videoMuted })
  }

  #finish(phase: Phase): void {
    this.#entry.callOff()
    this.#watch.rest()
    this.#live.close()
    this.#call.close()
    this.trouble = undefined
    if (phase !== 'elsewhere') this.media.stop()
    this.#set(phase)
  }

  #set(phase: Phase): void {
    this.phase = phase
    this.listener.changed()
  }
}
