import type { ConsultationApi } from '../api/client'
import { hasCode, NetworkProblem } from '../api/problem'
import { type LinkState, MediaConnection, type NewPeerConnection } from './media-connection'
import type { OwnMedia } from './own-media'

/** How long a new connection may take, in milliseconds. */
const CONNECTS_WITHIN_MS = 7_000

export interface MediaHandlers {
  changed(): void
  state(state: LinkState): void
  failed(error: unknown): void
}

/**
 * What is sent and received in one consultation, over the connections that follow one another.
 * A connection made ahead is ready before the person joins; only the one that was adopted last speaks.
 */
export class CallMedia {
  /** Received tracks by name; an entry outlives its connection so that the last picture stays. */
  readonly received = new Map<string, MediaStreamTrack>()
  screen: { trackName: string; track: MediaStreamTrack } | undefined
  #link: MediaConnection | undefined
  #ahead: MediaConnection | undefined
  #settle: () => void = () => undefined

  constructor(
    private readonly api: ConsultationApi,
    private readonly own: OwnMedia,
    private readonly handlers: MediaHandlers,
    private readonly newPeerConnection: NewPeerConnection,
  ) {}

  get isConnected(): boolean {
    return this.#link?.state === 'connected'
  }

  /** Makes a connection, and its first offer, before there is anybody to send it to. */
  prepare(): void {
    this.#ahead ??= this.#newLink()
  }

  /** The connection made ahead, or a new one: whoever takes it adopts or closes it. */
  take(): MediaConnection {
    const link = this.#ahead ?? this.#newLink()
    this.#ahead = undefined
    return link
  }

  /** Puts a connection in the place of the last one; ICE servers take one that was made with them. */
  adopt(link: MediaConnection, iceServers: RTCIceServer[]): MediaConnection {
    if (iceServers.length > 0) link.close()
    this.#link?.close()
    this.#link = iceServers.length > 0 ? this.#newLink({ iceServers }) : link
    return this.#link
  }

  /** Resolves when both directions carry media; rejects when they do not in time. */
  connected(link: MediaConnection): Promise<void> {
    return new Promise((resolve, reject) => {
      const late = () => reject(new NetworkProblem('media'))
      const timer = setTimeout(late, CONNECTS_WITHIN_MS)
      this.#settle = () => {
        const lost = link !== this.#link || link.state === 'failed'
        if (!lost && link.state !== 'connected') return
        clearTimeout(timer)
        if (lost) late()
        else resolve()
      }
      this.#settle()
    })
  }

  want(trackNames: string[]): void {
    this.#link?.want(trackNames)
  }

  replace(kind: 'audio' | 'video', track: MediaStreamTrack): void {
    for (const link of [this.#ahead, this.#link]) void link?.publisher.replace(kind, track).catch(() => undefined)
  }

  async shareScreen(track: MediaStreamTrack): Promise<void> {
    if (!this.#link) throw new NetworkProblem('not connected')
    const { trackName } = await this.#link.shareScreen(track)
    this.screen = { trackName, track }
    this.handlers.changed()
  }

  async stopSharing(): Promise<void> {
    const screen = this.screen
    if (!screen) return
    this.screen = undefined
    screen.track.stop()
    this.handlers.changed()
    await this.#link?.stopScreen(screen.trackName).catch((error: unknown) => this.handlers.failed(error))
  }

  /** Ends a share that the server has ended: it has no track to close any more. True if it was one's own. */
  screenEnded(trackName: string): boolean {
    if (this.screen?.trackName !== trackName) return false
    this.screen.track.stop()
    this.screen = undefined
    this.#link?.publisher.removeScreen()
    this.handlers.changed()
    return true
  }

  /** Shares what was shared before over the new connection too, unless that is no longer allowed. */
  async resumeSharing(link: MediaConnection): Promise<void> {
    const screen = this.screen
    if (screen?.track.readyState !== 'live') {
      this.screen = undefined
      return
    }
    try {
      const { trackName } = await link.shareScreen(screen.track)
      this.screen = { ...screen, trackName }
    } catch (error) {
      if (!hasCode(error, 'forbidden')) throw error
      screen.track.stop()
      this.screen = undefined
    }
  }

  close(): void {
    this.#link?.close()
    this.#ahead?.close()
    this.#link = this.#ahead = undefined
    this.screen?.track.stop()
    this.screen = undefined
    this.received.clear()
  }

  #newLink(configuration?: RTCConfiguration): MediaConnection {
    const link: MediaConnection = new MediaConnection(
      this.api,
      this.own.tracks,
      {
        track: (name, track) => {
          this.received.set(name, track)
          this.handlers.changed()
        },
        state: (state) => link === this.#link && this.#state(state),
        failed: (error) => link === this.#link && this.handlers.failed(error),
      },
      this.newPeerConnection,
      configuration,
    )
    return link
  }

  #state(state: LinkState): void {
    this.#settle()
    this.handlers.state(state)
  }
}
