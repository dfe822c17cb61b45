import { html, nothing } from 'lit'
import { customElement, property, state } from 'lit/decorators.js'
import { type Key, t } from '../i18n'
import { chime } from '../media/chime'
import type { DeviceKind } from '../media/devices'
import type { LocalMedia } from '../media/local-media'
import { helpFor } from '../media/permission-help'
import './device-pickers'
import { Element } from './element'
import { icon } from './icons'
import './mic-level'

/** Camera, microphone and speaker, each fine or with one sentence of help, and which of several to use. */
@customElement('shinsatsu-device-check')
export class DeviceCheck extends Element {
  @property({ attribute: false }) media!: LocalMedia
  /** Counts changes of the devices: what is shown here lives in them. */
  @property({ type: Number }) version = 0
  @state() private heard = false

  protected override render() {
    return html`<div class="stack">
      <ul class="card card--flush rows" aria-live="polite">
        ${this.#camera()}${this.#microphone()}${this.#speaker()}
      </ul>
      <shinsatsu-device-pickers
        id="check"
        .media=${this.media}
        .current=${this.media.device('video') ?? this.media.device('audio')}
      ></shinsatsu-device-pickers>
    </div>`
  }

  #camera() {
    if (this.media.problems.video) return this.#problem('video')
    const ready = this.media.device('video') !== undefined
    const off = this.media.started && !ready
    return html`<li class="rows__item">
      ${icon(off ? 'video-off' : 'video')}
      <p>
        <b>${t('camera')}</b><br />
        <span class="note">${t(ready ? 'camera-ok' : off ? 'camera-off' : 'camera-asking')}</span>
      </p>
      ${ready ? fine() : nothing}
    </li>`
  }

  #microphone() {
    if (this.media.problems.audio) return this.#problem('audio')
    const track = this.media.device('audio')
    const off = track !== undefined && this.media.audioMuted
    return html`<li class="rows__item">
      ${icon(off ? 'mic-off' : 'mic')}
      <div>
        <p>
          <b>${t('microphone')}</b>
          <span class="note">${t(off ? 'mic-off' : track ? 'mic-speak' : 'mic-asking')}</span>
        </p>
        <shinsatsu-mic-level .track=${track}></shinsatsu-mic-level>
      </div>
      ${track && !off ? fine() : nothing}
    </li>`
  }

  #speaker() {
    return html`<li class="rows__item">
      ${icon('sound')}
      <p>
        <b class="nowrap">${t('speaker')}</b><br />
        <span class="note">${t(this.heard ? 'speaker-heard' : 'speaker-ask')}</span>
      </p>
      <button class="button button--quiet" type="button" @click=${this.#play}>${t('play-chime')}</button>
    </li>`
  }

  #problem(kind: DeviceKind) {
    const problem = this.media.problems[kind]!
    const consolation = t(kind === 'video' ? 'sound-only-fine' : 'no-mic-fine')
    return html`<li class="rows__item rows__item--top">
      ${icon(kind === 'video' ? 'video-off' : 'mic-off')}
      <div>
        <p><b>${t(`${kind}-${problem}` as Key)}</b></p>
        <p class="note">${t(helpFor(problem, navigator.userAgent))} ${consolation}</p>
        <button class="button button--flush" type="button" @click=${() => void this.media.retry(kind)}>
          ${icon('refresh')} ${t('retry')}
        </button>
      </div>
    </li>`
  }

  #play = async () => {
    await chime()
    this.heard = true
  }
}

function fine() {
  return html`<span class="tick mark">${icon('ok')} <b>${t('ok')}</b></span>`
}
