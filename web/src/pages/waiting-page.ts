import { html, nothing } from 'lit'
import { customElement, property } from 'lit/decorators.js'
import { now } from '../api/server-time'
import type { Clinic } from '../api/types'
import type { Consultation } from '../call/consultation'
import '../components/device-check'
import { doctorStatus, DoctorWatch } from '../components/doctor-status'
import { Element } from '../components/element'
import { icon } from '../components/icons'
import { doctorCard, minutesSince, pageHeader } from '../components/parts'
import '../components/preview'
import { Ticker } from '../components/ticker'
import { troubleStrip } from '../components/trouble-card'
import { t } from '../i18n'
import type { LocalMedia } from '../media/local-media'

/** The waiting room: who is coming, what they are doing, how long it has taken, and that nobody sees one yet. Says `leave`. */
@customElement('shinsatsu-waiting-page')
export class WaitingPage extends Element {
  @property({ attribute: false }) consultation!: Consultation
  @property({ attribute: false }) media!: LocalMedia
  @property({ attribute: false }) clinic: Clinic | undefined
  /** Counts changes of the consultation and the devices: what this page shows lives in them. */
  @property({ type: Number }) version = 0
  protected readonly ticker = new Ticker(this)
  protected readonly watch = new DoctorWatch(this)

  protected override render() {
    const { session } = this.consultation.room
    return html`<div class="narrow">
      ${pageHeader(this.clinic)}
      <main class="page--waiting">
        <div class="stack waiting__status">
          ${troubleStrip(this.consultation.trouble)}
          <h1 class="title">${t(this.#isPatient ? 'waiting' : 'waiting-staff')}</h1>
          ${this.#waited()}
          <div role="status">${this.#returned ? returned() : this.#doctor()}</div>
          <p class="note row">${icon('bell')} ${t('chime-promise')}</p>
        </div>
        <div class="waiting__doctor">${this.#isPatient ? doctorCard(session, this.clinic) : nothing}</div>
        ${this.#oneself()}
        <div class="waiting__leave">
          <button class="button" type="button" data-testid="leave" @click=${() => this.say('leave')}>
            ${icon('leave')} ${t('leave-waiting')}
          </button>
        </div>
      </main>
    </div>`
  }

  /** Staff who were sent back wait here too. */
  get #isPatient(): boolean {
    return this.consultation.grant.userType === 'patient'
  }

  get #since(): string {
    const own = this.consultation.own
    return own?.waitingSince ?? own?.joinedAt ?? new Date(now()).toISOString()
  }

  #waited() {
    const minutes = minutesSince(this.#since)
    if (minutes < 1) return html`<p>${t('waited-now')}</p>`
    return html`<p class="waited"><b>${t('waited-minutes', { minutes })}</b> ${t('waited-after')}</p>`
  }

  get #returned(): boolean {
    return this.consultation.own?.admission === 'sent_back'
  }

  #doctor() {
    const { startsAt } = this.consultation.room.session.appointment
    return doctorStatus(this.watch.doing, startsAt, Date.parse(this.#since))
  }

  #oneself() {
    if (this.consultation.listensOnly) return this.#onlooker()
    return html`<section class="card stack stack--close waiting__self" aria-label=${t('own-devices')}>
      <div class="waiting__picture">
        <shinsatsu-preview .media=${this.media} .version=${this.version}></shinsatsu-preview>
        <div>
          <p><b>${t(this.#returned ? 'no-one-sees-now' : 'no-one-sees')}</b></p>
          <p class="note">${t('seen-when-admitted')}</p>
        </div>
      </div>
      <div class="waiting__switches">${this.#switch('audio')}${this.#switch('video')}</div>
      <details class="more">
        <summary class="button">${t('check-again')} ${icon('chevron')}</summary>
        <shinsatsu-device-check .media=${this.media} .version=${this.version}></shinsatsu-device-check>
      </details>
    </section>`
  }

  #onlooker() {
    return html`<section class="waiting__self" aria-label=${t('own-devices')}>
      <p class="banner">${icon('info')}<span><strong>${t('listen-only')}</strong>${t('listen-only-lead')}</span></p>
    </section>`
  }

  #switch(kind: 'audio' | 'video') {
    const on = !(kind === 'audio' ? this.media.audioMuted : this.media.videoMuted)
    const name = kind === 'audio' ? 'mic' : 'video'
    return html`<button
      class="button button--quiet"
      type="button"
      data-testid=${kind === 'audio' ? 'toggle-mic' : 'toggle-camera'}
      aria-pressed=${on}
      @click=${() => void this.consultation.switches.set(kind, !on).catch(() => undefined)}
    >
      ${icon(on ? name : `${name}-off`)}
      <span>${t(kind === 'audio' ? 'microphone' : 'camera')} <b>${t(on ? 'toggle-on' : 'toggle-off')}</b></span>
    </button>`
  }
}

function returned() {
  return html`<div class="banner">
    ${icon('back')}<span><strong>${t('returned')}</strong>${t('returned-lead')}</span>
  </div>`
}
