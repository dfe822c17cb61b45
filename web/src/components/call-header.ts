import { html, nothing } from 'lit'
import { customElement, property } from 'lit/decorators.js'
import { now } from '../api/server-time'
import type { VideoSession } from '../api/types'
import type { Consultation } from '../call/consultation'
import { EXTENSION_MINUTES } from '../call/moderation'
import { clock, t } from '../i18n'
import { Element } from './element'
import { icon } from './icons'
import { appointmentTime, avatar, languageSwitch, languageToggle } from './parts'
import { once } from './press'
import { minutesAndSeconds, Ticker } from './ticker'

/** Above a staff member's call: who the patient is, how the time stands and when it ends. */
@customElement('shinsatsu-call-header')
export class CallHeader extends Element {
  @property({ attribute: false }) consultation!: Consultation
  @property({ type: Number }) version = 0
  protected readonly ticker = new Ticker(this)

  protected override render() {
    const { patient } = this.#session.appointment
    return html`<div class="person">
        ${avatar(patient.displayName)}
        <div>
          <p class="person__name">${t('honoured', { name: patient.displayName })}</p>
          <p class="person__about">${appointmentTime(this.#session)}</p>
        </div>
      </div>
      <div class="row bar__end">
        ${this.#time()} ${this.#extend()} ${languageSwitch()}${languageToggle('button call__language')}
      </div>`
  }

  protected override updated(): void {
    const bar = this.querySelector<HTMLElement>('.level > i')
    const { share } = this.#clock()
    bar?.style.setProperty('--value', String(share))
  }

  get #session(): VideoSession {
    return this.consultation.room.session
  }

  #clock() {
    const { metadata, startedAt } = this.#session
    const total = metadata.scheduledDuration * 60
    const elapsed = startedAt ? (now() - Date.parse(startedAt)) / 1000 : 0
    return { total, elapsed, left: total - elapsed, share: Math.min(1, elapsed / Math.max(1, total)) }
  }

  #time() {
    if (!this.#session.startedAt) return nothing
    const { total, elapsed, left } = this.#clock()
    return html`<div class="time">
      <p class="row row--apart">
        <span>${t('elapsed')} <b>${minutesAndSeconds(elapsed)}</b></span>
        <span>${t(left >= 0 ? 'booked-left' : 'booked-over')} <b>${minutesAndSeconds(Math.abs(left))}</b></span>
      </p>
      <div
        class="level"
        role="progressbar"
        aria-label=${t('elapsed-label')}
        aria-valuemin="0"
        aria-valuemax=${Math.round(total / 60)}
        aria-valuenow=${Math.min(Math.round(total / 60), Math.floor(elapsed / 60))}
      >
        <i></i>
      </div>
    </div>`
  }

  #extend() {
    const { endsAt } = this.#session
    if (!endsAt || !this.consultation.may('extend')) return nothing
    const minutes = { minutes: EXTENSION_MINUTES }
    return html`<div class="ends">
      <span class="ends__at" data-testid="ends-at">
        ${icon('clock')} <span class="ends__long">${t('ends-at', { time: clock(endsAt) })}</span>
        <span class="ends__short">${t('ends-at-short', { time: clock(endsAt) })}</span>
      </span>
      <button
        class="button button--quiet"
        type="button"
        data-testid="extend"
        aria-label=${t('extend', minutes)}
        aria-disabled=${this.consultation.moderation.isRunning('extend') ? 'true' : nothing}
        @click=${once(() => void this.consultation.moderation.extend())}
      >
        ${icon('extend')} <span class="ends__long">${t('extend', minutes)}</span>
        <span class="ends__short">${t('extend-short', minutes)}</span>
      </button>
    </div>`
  }
}
