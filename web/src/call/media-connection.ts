import type { ConsultationApi } from '../api/client'
import type { GrantedTrack, JoinAnswer } from '../api/types'
import { PathWatch } from './path-watch'
import { type OwnTracks, Publisher } from './publisher'
import { Receiver } from './receiver'
import { listensOnly } from './room'

export type LinkState = 'connecting' | 'connected' | 'disconnected' | 'failed'

export interface ConnectionHandlers {
  track(trackName: string, track: MediaStreamTrack): void
  state(state: LinkState): void
  failed(error: unknown): void
}

export type NewPeerConnection = (configuration: RTCConfiguration) => RTCPeerConnection

/** The worse of two links decides. */
export function worse(a: LinkState, b: LinkState): LinkState {
  const order: LinkState[] = ['connected', 'connecting', 'disconnected', 'failed']
  return order[Math.max(order.indexOf(a), order.indexOf(b))]!
}

/** What a peer connection's own state means for the person in the call. */
export function linkState(state: RTCPeerConnectionState): LinkState {
  if (state === 'connected' || state === 'disconnected' || state === 'failed') return state
  return state === 'closed' ? 'failed' : 'connecting'
}

/**
 * Both peer connections of one participant, from their making to their closing. A lost connection is never mended:
 * the person joins again and gets a new one of these. A path that died counts as failed seconds before the browser says so.
 */
export class MediaConnection {
  readonly publisher: Publisher
  readonly receiver: Receiver
  #participantId = ''
  #sendsNothing = false
  #closed = false
  #dead = false
  readonly #paths: PathWatch
  #reported: LinkState = 'connecting'

  constructor(
    private readonly api: ConsultationApi,
    tracks: OwnTracks,
    private readonly handlers: ConnectionHandlers,
    newPeerConnection: NewPeerConnection,
    configuration: RTCConfiguration = {},
  ) {
    const config: RTCConfiguration = { bundlePolicy: 'max-bundle', ...configuration }
    this.publisher = new Publisher(newPeerConnection(config), tracks)
    this.receiver = new Receiver(
      newPeerConnection(config),
      {
        subscribe: (names) => this.api.subscribe(this.#participantId, names),
        renegotiate: (answer) => this.api.renegotiate(this.#participantId, answer),
      },
      handlers,
    )
    const both = [this.publisher.pc, this.receiver.pc]
    for (const pc of both) pc.onconnectionstatechange = () => this.#changed()
    this.#paths = new PathWatch(both, () => this.#died())
  }

  /** Publishes and subscribes side by side as the participant that a join has just made. */
  async open(joined: JoinAnswer, wanted: string[]): Promise<void> {
    this.#participantId = joined.participantId
    this.#paths.start()
    if (wanted.length > 0) this.receiver.want(wanted)
    this.#sendsNothing = listensOnly(joined.permissions)
    if (this.#sendsNothing) return
    await this.publisher.publish(joined.tracks, async (offer, tracks) => {
      return (await this.api.publish(joined.participantId, offer, tracks)).sessionDescription
    })
  }

  get participantId(): string {
    return this.#participantId
  }

  get state(): LinkState {
    if (this.#dead) return 'failed'
    const publishing = this.#sendsNothing ? 'connected' : linkState(this.publisher.pc.connectionState)
    return this.receiver.used ? worse(publishing, linkState(this.receiver.pc.connectionState)) : publishing
  }

  want(trackNames: string[]): void {
    if (this.#participantId) this.receiver.want(trackNames)
  }

  /** Publishes a shared screen under a name of its own; resolves to that name. */
  async shareScreen(track: MediaStreamTrack): Promise<GrantedTrack> {
    const granted = await this.api.grantScreen(this.#participantId)
    await this.publisher.addScreen(track, granted.trackName, async (offer, tracks) => {
      return (await this.api.publish(this.#participantId, offer, tracks)).sessionDescription
    })
    return granted
  }

  async stopScreen(trackName: string): Promise<void> {
    this.publisher.removeScreen()
    await this.api.closeTracks(this.#participantId, [trackName])
  }

  close(): void {
    this.#closed = true
    this.#paths.stop()
    this.publisher.close()
    this.receiver.close()
  }

  #died(): void {
    this.#dead = true
    this.#changed()
  }

  #changed(): void {
    if (this.#closed || this.state === this.#reported) return
    this.#reported = this.state
    this.handlers.state(this.#reported)
  }
}
