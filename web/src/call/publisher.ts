import type { GrantedTrack, Description } from '../api/types'

/** Sends an offer with the names of its new m-lines to the server; resolves to the answer. */
export type SendOffer = (offer: Description, tracks: { mid: string; trackName: string }[]) => Promise<Description>

export interface OwnTracks {
  audio: MediaStreamTrack
  video: MediaStreamTrack
}

/**
 * The peer connection one publishes on; the browser always offers.
 *
 * `prepare` makes the first offer before there is anybody to send it to, so that joining waits for nothing.
 * The media plane is ICE-lite and learns our address from our checks: the offer goes without candidates.
 */
export class Publisher {
  readonly pc: RTCPeerConnection
  #audio: RTCRtpTransceiver
  #video: RTCRtpTransceiver
  #screen: RTCRtpTransceiver | undefined
  #firstOffer: Promise<RTCSessionDescriptionInit>
  #negotiation: Promise<unknown> = Promise.resolve()

  constructor(pc: RTCPeerConnection, tracks: OwnTracks) {
    this.pc = pc
    this.#audio = pc.addTransceiver(tracks.audio, { direction: 'sendonly' })
    this.#video = pc.addTransceiver(tracks.video, { direction: 'sendonly' })
    this.#firstOffer = this.#offer()
    this.#firstOffer.catch(() => undefined)
  }

  /** Publishes microphone and camera under the names granted for them. */
  async publish(granted: GrantedTrack[], send: SendOffer): Promise<void> {
    const named = [
      { transceiver: this.#audio, name: granted.find((t) => t.trackType === 'audio')?.trackName },
      { transceiver: this.#video, name: granted.find((t) => t.trackType === 'video')?.trackName },
    ]
    await this.#serially(async () => {
      const offer = await this.#firstOffer
      await this.#send(offer, namesByMid(named), send)
    })
  }

  /** Microphone or camera from another device, or black: same m-line, no negotiation. */
  async replace(kind: 'audio' | 'video', track: MediaStreamTrack): Promise<void> {
    await (kind === 'audio' ? this.#audio : this.#video).sender.replaceTrack(track)
  }

  async addScreen(track: MediaStreamTrack, trackName: string, send: SendOffer): Promise<void> {
    await this.#serially(async () => {
      const transceiver = this.pc.addTransceiver(track, { direction: 'sendonly' })
      this.#screen = transceiver
      await this.#send(await this.#offer(), namesByMid([{ transceiver, name: trackName }]), send)
    })
  }

  /** Ends the screen's m-line for good: the next share has a name and an m-line of its own. */
  removeScreen(): void {
    if (this.#screen && this.pc.signalingState !== 'closed') this.#screen.stop()
    this.#screen = undefined
  }

  close(): void {
    this.pc.close()
  }

  async #offer(): Promise<RTCSessionDescriptionInit> {
    const offer = await this.pc.createOffer()
    await this.pc.setLocalDescription(offer)
    return offer
  }

  async #send(
    offer: RTCSessionDescriptionInit,
    tracks: { mid: string; trackName: string }[],
    send: SendOffer,
  ): Promise<void> {
    const answer = await send({ type: 'offer', sdp: offer.sdp ?? '' }, tracks)
    await this.pc.setRemoteDescription(answer)
  }

  #serially(negotiate: () => Promise<void>): Promise<void> {
    const next = this.#negotiation.then(negotiate)
    this.#negotiation = next.catch(() => undefined)
    return next
  }
}

function namesByMid(
  named: { transceiver: RTCRtpTransceiver; name: string | undefined }[],
): { mid: string; trackName: string }[] {
  return named.flatMap(({ transceiver, name }) =>
    name !== undefined && transceiver.mid !== null ? [{ mid: transceiver.mid, trackName: name }] : [],
  )
}
