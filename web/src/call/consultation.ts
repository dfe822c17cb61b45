import type { ConsultationApi } from '../api/client'
import { hasCode, NetworkProblem } from '../api/problem'
import { type Grant, type JoinRequest, type Outcome, type StreamEvent, userKey, type VideoSession } from '../api/types'
import { CallMedia } from './call-media'
import { type ConsultationListener, ConsultationView } from './consultation-view'
import { endAfter, endOfStale } from './ends'
import { Entry } from './entry'
import { LiveRoom, type RoomHandlers } from './live-room'
import type { LinkState, MediaConnection } from './media-connection'
import { Moderation } from './moderation'
import type { OwnMedia } from './own-media'
import { OwnSwitches } from './own-switches'
import { type Farewell, farewellOf, isIn, type Phase } from './phases'
import { BROWSER, type Ports } from './ports'
import { isWaiting, type Room } from './room'
import { type Cause, TroubleWatch } from './trouble-watch'

/**
 * One person's part in one consultation, as `phases.ts` draws it. The room says who is in and what is published, the
 * media follow it, the entry tries until both are there and the watch tells when they no longer are. It knows no page.
 */
export class Consultation extends ConsultationView {
  phase: Phase = 'ready'
  problem: unknown
  farewell: Farewell | undefined
  readonly me: string
  readonly switches: OwnSwitches
  readonly moderation: Moderation
  protected readonly live: LiveRoom
  protected readonly call: CallMedia
  protected readonly watch: TroubleWatch
  readonly #entry: Entry
  /** What is said on every join, and what on the next one alone. */
  #said: JoinRequest = {}
  #once: JoinRequest = {}

  constructor(
    readonly api: ConsultationApi,
    readonly grant: Grant,
    session: VideoSession,
    readonly media: OwnMedia,
    private readonly listener: ConsultationListener,
    ports: Ports = BROWSER,
  ) {
    super()
    this.me = userKey(grant)
    const changed = () => this.listener.changed()
    const roomHandlers: RoomHandlers = {
      heard: (event, before) => this.#heard(event, before),
      hidden: changed,
      alive: (alive) => this.#streamAlive(alive),
      final: (_, reason) => this.#closedForGood(reason),
    }
    this.live = new LiveRoom(api, session, this.me, roomHandlers, ports.newSocket)
    const mediaHandlers = {
      changed,
      state: (state: LinkState) => (this.phase === 'present' ? this.watch.link(state) : this.watch.restLink()),
      failed: (error: unknown) => this.#failed(error),
    }
    this.call = new CallMedia(api, media, mediaHandlers, ports.newPeerConnection)
    this.#entry = new Entry({
      attempt: (current) => this.#attempt(current),
      isFinal: (error) => this.#isFinal(error),
      inVain: (error) => this.#inTrouble(error instanceof NetworkProblem ? (this.trouble?.cause ?? 'media') : 'server'),
    })
    this.watch = new TroubleWatch({ broken: () => this.#reconnect('media'), unheard: () => this.#unheard() })
    this.switches = new OwnSwitches(
      api,
      media,
      () => this.own,
      () => this.listensOnly,
    )
    this.moderation = new Moderation(api, {
      changed,
      failed: (error) => this.listener.refused(error),
      restored: (person) => this.live.restored(person),
    })
    media.onTrack = (kind, track) => this.call.replace(kind, track)
    media.onState = () => {
      this.#sayMediaState()
      this.listener.changed()
    }
  }

  /** Follows the room and makes the first offer while the person still looks at the check page. */
  prepare(): void {
    if (this.phase !== 'ready') return
    if (!this.live.isOver) this.live.follow()
    this.call.prepare()
  }

  /** Goes in as soon as the own tracks are there; also back in after leaving or an end. */
  async join(tracksReady: Promise<void> = Promise.resolve(), { reason, leave }: JoinRequest = {}): Promise<void> {
    if (reason) this.#said = { reason }
    this.#once = leave ? { leave } : {}
    this.problem = this.farewell = undefined
    this.#set('joining')
    await tracksReady
    if (this.phase === 'joining') await this.#entry.go()
  }

  /** Whether a locked session is open by now, or one that had not begun; finds out as well that it is over. */
  async lookAgain(): Promise<boolean> {
    if (this.phase !== 'refused') return false
    await this.live.lookAgain()
    if (this.phase !== 'refused') return false
    if (this.live.isOver) this.#finish('over')
    return (this.live.isOpen || this.live.mayOpen) && !this.live.isOver && !this.room.session.locked
  }

  /** Stays out, in the other consultation that holds this doctor. */
  stay(): void {
    if (this.phase !== 'held') return
    this.#set('ready')
    this.prepare()
  }

  async leave(): Promise<void> {
    const { participantId } = this.live
    this.#finish('left')
    // Whoever leaves is gone at once for themselves; if the server cannot hear it, it notices the silence.
    if (participantId) await this.api.leave(participantId).catch(() => undefined)
  }

  async end(outcome?: Outcome): Promise<void> {
    this.live.learn(await this.api.end(outcome))
    this.#finish('over')
  }

  /** The browser says that the network went or came back. */
  network(online: boolean): void {
    if (this.phase === 'waiting') {
      if (online) this.watch.mended()
      else this.watch.begin('offline')
      this.listener.changed()
    } else if (!online && (this.phase === 'present' || this.phase === 'joining')) {
      this.#entry.callOff()
      this.#inTrouble('offline')
    } else if (online && this.phase === 'reconnecting') {
      this.retryNow()
    }
    if (online) this.live.hurry()
  }

  /** Back in the foreground, or the person asks: what is broken is taken up at once. */
  retryNow(): void {
    this.live.hurry()
    if (this.phase === 'reconnecting') void this.#entry.go()
    else if (this.phase === 'present' && !this.call.isConnected) this.#reconnect('media')
  }

  close(): void {
    this.#finish(this.phase)
  }

  /** One try: join, and once let in publish and subscribe on fresh peer connections until both carry media. */
  async #attempt(current: () => boolean): Promise<void> {
    const made = this.call.take()
    const request = { ...this.#said, ...this.#once, devices: this.media.devices }
    const joined = await this.live.join(request).catch((error: unknown) => {
      made.close()
      throw error
    })
    if (!current()) return made.close()
    this.#once = {}
    this.live.enter(joined)
    void this.switches.obey()
    if (joined.admission !== 'admitted') {
      made.close()
      return this.#wait()
    }
    const link = this.call.adopt(made, joined.iceServers)
    this.listener.changed()
    await link.open(joined, this.live.wanted)
    this.#sayMediaState()
    await this.call.connected(link)
    if (current()) await this.#settled(link)
  }

  async #settled(link: MediaConnection): Promise<void> {
    this.watch.mended()
    this.#set('present')
    await this.call.resumeSharing(link)
  }

  /** In the waiting room there are no media; a connection made ahead would not outlive a long wait. */
  #wait(): void {
    this.#entry.callOff()
    this.watch.rest()
    this.call.close()
    this.switches.question = undefined
    this.#set('waiting')
  }

  /** Staff have let one in, or sent one back. */
  #followAdmission(): void {
    const { own, phase } = this
    if (own?.participantId !== this.live.participantId) return
    if (phase === 'waiting' && own?.admission === 'admitted') {
      this.#once = { participantId: own.participantId }
      this.#set('joining')
      void this.#entry.go()
    } else if (own && isWaiting(own) && (phase === 'present' || phase === 'joining' || phase === 'reconnecting')) {
      this.#wait()
    }
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
    this.watch.restLink()
    this.watch.begin(cause)
    this.#set('reconnecting')
  }

  /** Whether trying again is no use; if so, the phase says why. */
  async #isFinal(error: unknown): Promise<boolean> {
    if (hasCode(error, 'stale_participant')) this.#once = {}
    const end = await endAfter(error, this.live)
    if (!end) return false
    if (end !== 'over' && end !== 'elsewhere') this.problem = error
    this.#finish(end)
    return true
  }

  /** The server will not have this stream again: one's way in was taken back, or the session on record says why. */
  #closedForGood(reason: string): void {
    if (reason === 'revoked') this.#finish('revoked')
    else void this.#stale()
  }

  /** A participant goes stale by its own silence, which joining mends, or because the person is in on another page. */
  async #stale(): Promise<void> {
    if (!isIn(this.phase)) return
    const end = await endOfStale(this.live)
    if (end) this.#finish(end)
    else this.#reconnect('server')
  }

  #heard(event: StreamEvent, before: Room): void {
    if (this.live.isOver && this.phase !== 'ready') return this.#finish('over')
    this.farewell = farewellOf(event, this.live.participantId)
    if (this.farewell) return this.#finish(this.farewell.phase)
    this.switches.heard(event)
    this.#followAdmission()
    this.call.want(this.live.wanted)
    const notice = this.noticeOf(event, before)
    if (notice && this.phase !== 'ready') this.listener.noticed(notice)
    if (this.phase === 'present' && this.live.losesOwn(event, before)) this.#reconnect('media')
    this.listener.changed()
  }

  #streamAlive(alive: boolean): void {
    if (!alive) {
      if (isIn(this.phase)) this.watch.stream(false)
      return
    }
    this.watch.stream(true)
    this.#sayMediaState()
    if (isIn(this.phase)) this.watch.mended()
    this.listener.changed()
  }

  /** Sound and picture may well go on: this is said, but nothing is torn down. */
  #unheard(): void {
    if (!isIn(this.phase)) return
    if (!this.trouble) this.watch.begin('server')
    this.listener.changed()
  }

  #sayMediaState(): void {
    const { audioMuted, videoMuted } = this.media
    if (this.phase !== 'waiting') this.live.say({ type: 'media_state', audioMuted, videoMuted })
  }

  #finish(phase: Phase): void {
    this.#entry.callOff()
    this.watch.rest()
    this.live.close()
    this.call.close()
    if (phase !== 'elsewhere' && phase !== 'held') this.media.stop()
    this.#set(phase)
  }

  #set(phase: Phase): void {
    this.phase = phase
    this.listener.changed()
  }
}
