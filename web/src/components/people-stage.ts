import { html } from 'lit'
import { customElement, property } from 'lit/decorators.js'
import { repeat } from 'lit/directives/repeat.js'
import { type SessionParticipant, type Track, userKey } from '../api/types'
import type { Consultation } from '../call/consultation'
import { isOff } from '../call/room'
import type { LocalMedia } from '../media/local-media'
import { Element } from './element'
import './self-view'
import './tile'
import { TilingController } from './tiling'

/** With more people than this, or a screen, oneself is a tile among the others: floating, one would cover a face. */
const FLOATS_OVER = 2

/** The pictures of a call: one fills the stage, several share it, a shared screen takes it with the people beside. */
@customElement('shinsatsu-people-stage')
export class PeopleStage extends Element {
  @property({ attribute: false }) consultation!: Consultation
  @property({ attribute: false }) media!: LocalMedia
  /** Counts changes of the consultation and the devices: what is shown here lives in them. */
  @property({ type: Number }) version = 0
  protected readonly tiling = new TilingController(
    this,
    () => this.querySelector('.call__people'),
    () => this.#tiles,
  )

  protected override render() {
    const { others } = this.consultation
    const kind = this.#screens.length > 0 ? 'screen' : (['alone', 'one'][others.length] ?? 'many')
    return html`<div class="call__people call__people--${kind}">
      ${repeat(
        this.#screens,
        (track) => track.trackName,
        (track, index) => this.#screen(track, index === 0),
      )}
      ${repeat(others, userKey, (person) => this.#camera(person))}
      <shinsatsu-self-view
        ?floats=${this.#floats}
        .track=${this.media.device('video')}
        .audioMuted=${this.media.audioMuted}
      ></shinsatsu-self-view>
    </div>`
  }

  /** Other people's screens, the newest first: it is shown large, earlier ones among the people. */
  get #screens(): Track[] {
    const { room, me } = this.consultation
    return room.tracks.filter((track) => track.trackType === 'screen' && userKey(track) !== me).reverse()
  }

  get #floats(): boolean {
    return this.#screens.length === 0 && this.consultation.others.length <= FLOATS_OVER
  }

  /** How many pictures share the area, or stand beside the large screen. */
  get #tiles(): number {
    return this.consultation.others.length + (this.#floats ? 0 : 1) + Math.max(0, this.#screens.length - 1)
  }

  #screen(track: Track, large: boolean) {
    const owner = this.consultation.others.find((person) => userKey(person) === userKey(track))
    return html`<shinsatsu-tile
      class="tile ${large ? 'tile--screen' : 'tile--camera tile--slide'}"
      screen
      .name=${owner?.displayName ?? ''}
      .video=${this.consultation.received.get(track.trackName)}
    ></shinsatsu-tile>`
  }

  #camera(person: SessionParticipant) {
    return html`<shinsatsu-tile
      class="tile tile--camera"
      .name=${person.displayName}
      .audioMuted=${isOff(person, 'audio')}
      .videoMuted=${isOff(person, 'video')}
      .away=${!person.connected}
      .video=${this.consultation.trackOf(person, 'video')}
    ></shinsatsu-tile>`
  }
}
