import type { ConsultationApi } from '../api/client'
import type { Actor, MutableKind, SessionParticipant, StreamEvent } from '../api/types'
import type { OwnMedia } from './own-media'

const KINDS: MutableKind[] = ['audio', 'video']

/** What staff ask oneself to switch on. */
export interface Question {
  kinds: MutableKind[]
  by: Actor
}

/**
 * One's own microphone and camera, which staff may switch off and nobody but their owner switches on.
 * What staff have switched off the server holds back, whatever is done here: before it comes on, the server is asked.
 */
export class OwnSwitches {
  question: Question | undefined
  #muted = 0

  constructor(
    private readonly api: ConsultationApi,
    private readonly media: OwnMedia,
    private readonly own: () => SessionParticipant | undefined,
    /** Whether one is here only to see and hear. */
    private readonly silenced: () => boolean = () => false,
  ) {}

  /** Switches off whatever staff hold back: at the start, and when one is muted. */
  obey(): Promise<unknown> {
    const held = KINDS.filter((kind) => this.silenced() || this.#heldBy(kind))
    return Promise.all(held.map((kind) => this.#turn(kind, false)))
  }

  /** Follows what the stream tells about oneself. */
  heard(event: StreamEvent): void {
    const me = this.own()?.participantId
    if (event.type === 'permissions') void this.obey()
    if (event.type === 'participant_updated' && event.participant.participantId === me && event.change === 'muted') {
      this.#muted++
      void this.obey()
    }
    if (event.type === 'unmute_requested' && event.participantId === me) {
      const kinds = event.kinds.filter((kind) => !this.#isOn(kind))
      if (kinds.length > 0) this.question = { kinds, by: event.by }
    }
  }

  /** Switches on or off; a mute by staff is lifted at the server first. Throws if the server will not have it. */
  async set(kind: MutableKind, on: boolean): Promise<void> {
    const own = this.own()
    if (on && this.silenced()) return
    if (on && own && this.#heldBy(kind)) {
      const muted = this.#muted
      await this.api.unmute(own.participantId, [kind])
      // Switched off once more in the meantime: then that is what holds.
      if (muted !== this.#muted) return
    }
    await this.#turn(kind, on)
    if (on && this.question) this.#answered(kind)
  }

  /** Answers the question: yes switches on what it asks for. */
  async answer(yes: boolean): Promise<void> {
    const kinds = this.question?.kinds ?? []
    this.question = undefined
    if (yes) for (const kind of kinds) await this.set(kind, true)
  }

  #answered(kind: MutableKind): void {
    const kinds = this.question!.kinds.filter((other) => other !== kind)
    this.question = kinds.length > 0 ? { ...this.question!, kinds } : undefined
  }

  #heldBy(kind: MutableKind): Actor | undefined {
    return this.own()?.mutedBy?.[kind]
  }

  #isOn(kind: MutableKind): boolean {
    return !(kind === 'audio' ? this.media.audioMuted : this.media.videoMuted)
  }

  #turn(kind: MutableKind, on: boolean): Promise<void> {
    return kind === 'audio' ? this.media.setMicrophone(on) : this.media.setCamera(on)
  }
}
