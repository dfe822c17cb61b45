import { hasCode, hasReason, NetworkProblem } from '../api/problem'
import type { Description, SubscribeAnswer } from '../api/types'
import { backoffDelay } from './backoff'

const TRIES_PER_TRACK = 8

export interface ReceiverServer {
  subscribe(trackNames: string[]): Promise<SubscribeAnswer>
  renegotiate(answer: Description): Promise<void>
}

export interface ReceiverHandlers {
  track(trackName: string, track: MediaStreamTrack): void
  failed(error: unknown): void
}

/**
 * The peer connection one receives on; the server always offers.
 *
 * `want` says which tracks should flow. One negotiation runs at a time; what was wanted meanwhile follows in the next.
 * A track that was held back and is wanted again is asked for again: it comes on its old m-line, or on one of an offer.
 * A track that is not there yet is asked for again, a few times; any other refusal is the caller's to judge.
 */
export class Receiver {
  readonly pc: RTCPeerConnection
  #wanted = new Set<string>()
  #asked = new Set<string>()
  #tries = new Map<string, number>()
  #used = false
  #running = false
  #retry: ReturnType<typeof setTimeout> | undefined

  constructor(
    pc: RTCPeerConnection,
    private readonly server: ReceiverServer,
    private readonly handlers: ReceiverHandlers,
  ) {
    this.pc = pc
  }

  /** True once something was subscribed: only then does the connection's state mean anything. */
  get used(): boolean {
    return this.#used
  }

  want(trackNames: Iterable<string>): void {
    this.#wanted = new Set(trackNames)
    for (const name of [...this.#asked, ...this.#tries.keys()]) if (!this.#wanted.has(name)) this.#forget(name)
    void this.#run()
  }

  close(): void {
    clearTimeout(this.#retry)
    this.#wanted.clear()
    this.pc.close()
  }

  async #run(): Promise<void> {
    if (this.#running) return
    this.#running = true
    try {
      for (let missing = this.#missing(); missing.length > 0; missing = this.#missing()) await this.#subscribe(missing)
    } catch (error) {
      if (this.pc.signalingState !== 'closed') this.handlers.failed(error)
    } finally {
      this.#running = false
    }
  }

  #missing(): string[] {
    return [...this.#wanted].filter((name) => !this.#asked.has(name))
  }

  async #subscribe(names: string[]): Promise<void> {
    for (const name of names) this.#asked.add(name)
    let answer: SubscribeAnswer
    try {
      answer = await this.server.subscribe(names)
    } catch (error) {
      // Held back by staff a moment before we hear of it.
      const passing = hasCode(error, 'track_not_found', 'negotiation_in_progress')
      if (!passing && !hasReason(error, 'edge_not_permitted')) throw error
      this.#again(names)
      return
    }
    const refused = answer.tracks.filter((t) => t.errorCode).map((t) => t.trackName)
    if (this.pc.signalingState === 'closed') return
    // The plane moved us to a connection that this one cannot become; coming in again makes one (decision 1).
    if (answer.fresh) throw new NetworkProblem('moved to a fresh connection')
    if (answer.sessionDescription) await this.pc.setRemoteDescription(answer.sessionDescription)
    this.#handOver(answer.tracks)
    if (answer.sessionDescription) await this.#answer()
    if (refused.length > 0) this.#again(refused)
  }

  #handOver(tracks: SubscribeAnswer['tracks']): void {
    for (const { trackName, mid, errorCode } of tracks) {
      const transceiver = errorCode ? undefined : this.pc.getTransceivers().find((t) => t.mid === mid)
      if (transceiver) this.handlers.track(trackName, transceiver.receiver.track)
    }
  }

  async #answer(): Promise<void> {
    this.#used = true
    const answer = await this.pc.createAnswer()
    await this.pc.setLocalDescription(answer)
    await this.server.renegotiate({ type: 'answer', sdp: answer.sdp ?? '' })
  }

  #forget(name: string): void {
    this.#asked.delete(name)
    this.#tries.delete(name)
  }

  #again(names: string[]): void {
    const tries = Math.max(...names.map((name) => this.#tries.get(name) ?? 0))
    for (const name of names) this.#tries.set(name, tries + 1)
    if (tries >= TRIES_PER_TRACK) return
    this.#retry = setTimeout(() => {
      for (const name of names) this.#asked.delete(name)
      void this.#run()
    }, backoffDelay(tries))
  }
}
