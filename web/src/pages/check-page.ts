import { html, nothing } from 'lit'
import { customElement, property, state } from 'lit/decorators.js'
import type { Clinic } from '../api/types'
import type { Consultation } from '../call/consultation'
import '../components/device-pickers'
import { Element } from '../components/element'
import { icon } from '../components/icons'
import '../components/mic-level'
import { aboutDoctor, appointmentTime, avatar, pageHeader } from '../components/parts'
import { type Key, t } from '../i18n'
import { chime } from '../media/chime'
import type { DeviceKind } from '../media/devices'
import type { LocalMedia } from '../media/local-media'
import { helpFor } from '../media/permission-help'

/** Own picture, microphone and speaker before entering. Says `join`. */
@customElement('shinsatsu-check-page')
export class CheckPage extends Element {
  @property({ attribute: false }) consultation!: Consultation
  @property({ attribute: false }) media!: LocalMedia
  @property({ attribute: false }) clinic: Clinic | undefined
  /** Counts changes of the consultation and the devices: what this page shows lives in them. */
  @property({ type: Number }) version = 0
  @state() private heard = false

  protected override render() {
    return html`<div class="narrow">
      ${pageHeader(this.clinic)}
      <main class="page--check">
        ${this.#who()}
        <div class="check">
          ${this.#preview()}
          <div class="stack">
            <h2 class="visually-hidden">${t('results')}</h2>
            <ul class="card card--flush rows" aria-live="polite">
              ${this.#camera()}${this.#microphone()}${this.#speaker()}
            </ul>
            <shinsatsu-device-pickers
              id="check"
              .media=${this.media}
              .current=${this.media.device('video') ?? this.media.device('audio')}
            ></shinsatsu-device-pickers>
            ${this.#enter()}
          </div>
        </div>
      </main>
    </div>`
  }

  protected override updated(): void {
    const video = this.querySelector('video')
    const track = this.media.device('video')
    if (!video || !track) return
    const shown = (video.srcObject as MediaStream | null)?.getTracks()[0]
    if (shown !== track) video.srcObject = new MediaStream([track])
    video.muted = true
  }

  #who() {
    const { session } = this.consultation.room
    const { doctor, patient } = session.appointment
    const isPatient = this.consultation.grant.userType === 'patient'
    const name = isPatient ? doctor.displayName : patient.displayName
    return html`<div class="person">
      ${avatar(name, true)}
      <div>
        <p class="person__about">${appointmentTime(session)}</p>
        <h1 class="subtitle">${t(isPatient ? 'consultation-of' : 'consultation-with', { name })}</h1>
        ${isPatient ? html`<p class="person__about">${aboutDoctor(session)}</p>` : nothing}
      </div>
    </div>`
  }

  #preview() {
    if (!this.media.device('video')) {
      return html`<div class="tile preview">
        <div class="tile__absent">
          ${icon('video-off')}
          <p>${t(this.media.started ? 'camera-none-shown' : 'camera-asking')}</p>
        </div>
      </div>`
    }
    return html`<div class="tile tile--mirrored preview">
      <video autoplay playsinline muted aria-hidden="true"></video>
      <p class="tile__name"><b>${t('you')}</b> ${t('no-one-sees')}</p>
    </div>`
  }

  #camera() {
    if (this.media.problems.video) return this.#problem('video')
    const ready = this.media.device('video') !== undefined
    return html`<li class="rows__item">
      ${icon('video')}
      <p><b>${t('camera')}</b><br /><span class="note">${t(ready ? 'camera-ok' : 'camera-asking')}</span></p>
      ${ready ? fine() : nothing}
    </li>`
  }

  #microphone() {
    if (this.media.problems.audio) return this.#problem('audio')
    const track = this.media.device('audio')
    return html`<li class="rows__item">
      ${icon('mic')}
      <div>
        <p><b>${t('microphone')}</b> <span class="note">${t(track ? 'mic-speak' : 'mic-asking')}</span></p>
        <shinsatsu-mic-level .track=${track}></shinsatsu-mic-level>
      </div>
      ${track ? fine() : nothing}
    </li>`
  }

  #speaker() {
    return html`<li class="rows__item">
      ${icon('sound')}
      <p><b class="nowrap">${t('speaker')}</b><br /><span class="note">${t(this.heard ? 'speaker-heard' : 'speaker-ask')}</span></p>
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

  #enter() {
    const [here] = this.consultation.others
    const soundOnly = this.media.problems.video && !this.media.problems.audio
    return html`<div class="action">
      ${here ? html`<p class="banner" role="status">${icon('ok')}<span>${t('here-now', { name: here.displayName })}</span></p>` : nothing}
      <button
        class="button button--primary button--large button--wide"
        type="button"
        data-testid="join"
        @click=${() => this.say('join')}
      >
        ${t(soundOnly ? 'enter-sound-only' : 'enter')}
      </button>
    </div>`
  }

  #play = async () => {
    await chime()
    this.heard = true
  }
}

function fine() {
  return html`<span class="tick mark">${icon('ok')} <b>${t('ok')}</b></span>`
}
