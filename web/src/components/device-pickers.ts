import { html, nothing } from 'lit'
import { customElement, property, state } from 'lit/decorators.js'
import { t } from '../i18n'
import { type DeviceChoice, deviceChoices, type DeviceKind } from '../media/devices'
import type { LocalMedia } from '../media/local-media'
import { Element } from './element'

/** Which camera and which microphone, where there are several. */
@customElement('shinsatsu-device-pickers')
export class DevicePickers extends Element {
  @property({ attribute: false }) media!: LocalMedia
  /** Anything that changes when the devices do: labels are known only once one was allowed. */
  @property({ attribute: false }) current: unknown
  @state() private choices: Record<DeviceKind, DeviceChoice[]> = { audio: [], video: [] }

  override connectedCallback(): void {
    super.connectedCallback()
    navigator.mediaDevices?.addEventListener('devicechange', this.#look)
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    navigator.mediaDevices?.removeEventListener('devicechange', this.#look)
  }

  protected override updated(changed: Map<string, unknown>): void {
    if (changed.has('media') || changed.has('current')) void this.#look()
  }

  protected override render() {
    const pickers = (['video', 'audio'] as const).filter((kind) => this.choices[kind].length > 1)
    return pickers.length === 0
      ? nothing
      : html`<div class="stack stack--close">${pickers.map((kind) => this.#picker(kind))}</div>`
  }

  #picker(kind: DeviceKind) {
    const chosen = this.media.device(kind)?.getSettings().deviceId
    const id = `${this.id || 'pick'}-${kind}`
    return html`<div class="field">
      <label for=${id}>${t(kind === 'video' ? 'choose-camera' : 'choose-mic')}</label>
      <select id=${id} @change=${(event: Event) => this.#choose(kind, event)}>
        ${this.choices[kind].map(
          ({ deviceId, label }) => html`<option value=${deviceId} ?selected=${deviceId === chosen}>${label}</option>`,
        )}
      </select>
    </div>`
  }

  #choose(kind: DeviceKind, event: Event): void {
    void this.media.choose(kind, (event.target as HTMLSelectElement).value)
  }

  #look = async () => {
    this.choices = { audio: await deviceChoices('audio'), video: await deviceChoices('video') }
  }
}
