import { html, nothing } from 'lit'
import { customElement, property } from 'lit/decorators.js'
import type { VideoSession } from '../api/types'
import { t } from '../i18n'
import { Element } from './element'
import { appointmentTime, avatar, languageSwitch, languageToggle } from './parts'
import { minutesAndSeconds, Ticker } from './ticker'

/** Above a staff member's call: who the patient is and how the time stands. */
@customElement('shinsatsu-call-header')
export class CallHeader extends Element {
  @property({ attribute: false }) session!: VideoSession
  protected readonly ticker = new Ticker(this)

  protected override render() {
    const { patient } = this.session.appointment
    return html`<div class="person">
        ${avatar(patient.displayName)}
        <div>
          <p class="person__name">${t('honoured', { name: patient.displayName })}</p>
          <p class="person__about">${appointmentTime(this.session)}</p>
        </div>
      </div>
      <div class="row bar__end">${this.#time()}${languageSwitch()}${languageToggle('button call__language')}</div>`
  }

  protected override updated(): void {
    const bar = this.querySelector<HTMLElement>('.level > i')
    const { share } = this.#clock()
    bar?.style.setProperty('--value', String(share))
  }

  #clock() {
    const total = this.session.metadata.scheduledDuration * 60
    const elapsed = this.session.startedAt ? (Date.now() - Date.parse(this.session.startedAt)) / 1000 : 0
    return { total, elapsed, left: total - elapsed, share: Math.min(1, elapsed / Math.max(1, total)) }
  }

  #time() {
    if (!this.session.startedAt) return nothing
    const { total, elapsed, left } = this.#clock()
    return html`<div class="time">
      <p class="row row--apart">
        <span>${t('elapsed')} <b>${minutesAndSeconds(elapsed)}</b></span>
        <span>${t(left >= 0 ? 'remaining' : 'over')} <b>${minutesAndSeconds(Math.abs(left))}</b></span>
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
}
