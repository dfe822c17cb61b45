import { html } from 'lit'
import { customElement, property, state } from 'lit/decorators.js'
import { t } from '../i18n'
import { watchLevel } from '../media/level'
import { Element } from './element'

/** A bar that moves with one's voice. */
@customElement('shinsatsu-mic-level')
export class MicLevel extends Element {
  @property({ attribute: false }) track: MediaStreamTrack | undefined
  @state() private level = 0
  #stop: (() => void) | undefined

  protected override render() {
    return html`<div
      class="level"
      role="meter"
      aria-label=${t('mic-level')}
      aria-valuemin="0"
      aria-valuemax="100"
      aria-valuenow=${Math.round(this.level * 100)}
    >
      <i></i>
    </div>`
  }

  protected override updated(changed: Map<string, unknown>): void {
    if (changed.has('track')) this.#watch()
    this.querySelector('i')!.style.setProperty('--value', String(this.level))
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    this.#stop?.()
  }

  #watch(): void {
    this.#stop?.()
    this.#stop = this.track && watchLevel(this.track, (level) => (this.level = level))
  }
}
