import { html, nothing } from 'lit'
import { customElement, property } from 'lit/decorators.js'
import type { Clinic, SessionParticipant } from '../api/types'
import type { Consultation } from '../call/consultation'
import { t } from '../i18n'
import { Element } from './element'
import { icon } from './icons'
import { waited } from './knock-card'
import { aboutDoctor, appointmentTime, avatar, phoneButton, roleOf } from './parts'
import { once } from './press'
import { Ticker } from './ticker'

const LATE_AFTER_MINUTES = 5

/** Nobody else is in yet: who is coming, how long it has taken, and that a sound will tell; or who waits to be let in. */
@customElement('shinsatsu-waiting-card')
export class WaitingCard extends Element {
  @property({ attribute: false }) consultation!: Consultation
  @property({ attribute: false }) clinic: Clinic | undefined
  @property({ type: Number }) version = 0
  /** When the person came in, in milliseconds since the epoch. */
  @property({ type: Number }) since = Date.now()
  protected readonly ticker = new Ticker(this)

  protected override render() {
    const knocks = this.consultation.waiting.find((person) => this.consultation.may('admit', person))
    return html`<div class="wait"><div class="wait__card">${knocks ? this.#knock(knocks) : this.#nobody()}</div></div>`
  }

  #knock(person: SessionParticipant) {
    const { moderation } = this.consultation
    return html`<div class="person">
        ${avatar(person.displayName, true)}
        <div>
          <h2 class="title">${t('waits-for-you', { name: person.displayName })}</h2>
          <p>${roleOf(person)}・${waited(person)}</p>
        </div>
      </div>
      <button
        class="button button--primary button--large button--wide"
        type="button"
        data-testid="admit-waiting"
        aria-disabled=${moderation.isRunning('admit', person) ? 'true' : nothing}
        @click=${once(() => void moderation.admit(person))}
      >
        ${t('admit')}
      </button>`
  }

  #nobody() {
    const isPatient = this.consultation.grant.userType === 'patient'
    const minutes = Math.floor((Date.now() - this.since) / 60_000)
    return html`<div class="stack stack--close">
        <h2 class="title">${t(isPatient ? 'waiting' : 'waiting-worker')}</h2>
        ${
          minutes < 1
            ? html`<p>${t('waited-now')}</p>`
            : html`<p class="waited"><b>${t('waited-minutes', { minutes })}</b> ${t('waited-after')}</p>`
        }
        ${isPatient && this.#isLate() ? late(t('late-lead')) : nothing}
      </div>
      <div class="card stack">
        ${this.#expected(isPatient)} ${isPatient ? phoneButton(this.clinic, t('call-clinic'), '') : nothing}
      </div>
      <p class="note row">${icon('bell')} ${t('chime-promise')}</p>`
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
    return isLate(this.consultation.room.session.appointment.startsAt, this.since)
  }
}

/** Whether somebody who came at a moment (milliseconds) has been kept waiting beyond the appointment's start. */
export function isLate(startsAt: string, since: number, now = Date.now()): boolean {
  return now - Math.max(Date.parse(startsAt), since) > LATE_AFTER_MINUTES * 60_000
}

export function late(lead: string) {
  return html`<div class="banner banner--warning">
    ${icon('clock')}<span><strong>${t('late')}</strong>${lead}</span>
  </div>`
}
