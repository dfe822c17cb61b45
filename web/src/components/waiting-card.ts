import { html, nothing } from 'lit'
import { customElement, property } from 'lit/decorators.js'
import type { Clinic } from '../api/types'
import type { Consultation } from '../call/consultation'
import { t } from '../i18n'
import { Element } from './element'
import { icon } from './icons'
import { aboutDoctor, appointmentTime, avatar, phoneButton } from './parts'
import { Ticker } from './ticker'

const LATE_AFTER_MINUTES = 5

/** Nobody else is here yet: who is coming, how long it has taken, and that a sound will tell. */
@customElement('shinsatsu-waiting-card')
export class WaitingCard extends Element {
  @property({ attribute: false }) consultation!: Consultation
  @property({ attribute: false }) clinic: Clinic | undefined
  /** When the person came in, in milliseconds since the epoch. */
  @property({ type: Number }) since = Date.now()
  protected readonly ticker = new Ticker(this)

  protected override render() {
    const isPatient = this.consultation.grant.userType === 'patient'
    const minutes = Math.floor((Date.now() - this.since) / 60_000)
    return html`<div class="wait">
      <div class="wait__card">
        <div class="stack stack--close">
          <h2 class="title">${t(isPatient ? 'waiting' : 'waiting-worker')}</h2>
          ${
            minutes < 1
              ? html`<p>${t('waited-now')}</p>`
              : html`<p class="waited"><b>${t('waited-minutes', { minutes })}</b> ${t('waited-after')}</p>`
          }
          ${isPatient && this.#isLate() ? this.#late() : nothing}
        </div>
        <div class="card stack">
          ${this.#expected(isPatient)} ${isPatient ? phoneButton(this.clinic, t('call-clinic'), '') : nothing}
        </div>
        <p class="note row">${icon('bell')} ${t('chime-promise')}</p>
      </div>
    </div>`
  }

  #expected(isPatient: boolean) {
    const { session } = this.consultation.room
    const { doctor, patient } = session.appointment
    const name = isPatient ? doctor.displayName : t('honoured', { name: patient.displayName })
    return html`<div class="person" data-testid=${isPatient ? 'doctor-card' : 'patient-card'}>
      ${avatar(name, true)}
      <div>
        <h3 class="subtitle">${name}</h3>
        ${isPatient && aboutDoctor(session) ? html`<p class="person__about">${aboutDoctor(session)}</p>` : nothing}
        <p class="person__about">${appointmentTime(session)}</p>
      </div>
    </div>`
  }

  #isLate(): boolean {
    const startsAt = Date.parse(this.consultation.room.session.appointment.startsAt)
    return Date.now() - Math.max(startsAt, this.since) > LATE_AFTER_MINUTES * 60_000
  }

  #late() {
    return html`<p class="banner banner--warning" role="status">
      ${icon('clock')}<span><strong>${t('late')}</strong>${t('late-lead')}</span>
    </p>`
  }
}
