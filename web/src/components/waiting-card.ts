import { html, nothing } from 'lit'
import { customElement, property } from 'lit/decorators.js'
import { now } from '../api/server-time'
import type { Clinic, SessionParticipant } from '../api/types'
import type { Consultation } from '../call/consultation'
import type { Removed } from '../call/room'
import { t } from '../i18n'
import { doctorStatus, DoctorWatch } from './doctor-status'
import { Element } from './element'
import { icon } from './icons'
import { waited } from './knock-card'
import { aboutDoctor, appointmentTime, avatar, phoneButton, roleOf } from './parts'
import { once } from './press'
import { restoring } from './removed-people'
import { Ticker } from './ticker'

/** Nobody else is in yet: who is coming, how long it has taken, and that a sound will tell; or who waits to be let in. */
@customElement('shinsatsu-waiting-card')
export class WaitingCard extends Element {
  @property({ attribute: false }) consultation!: Consultation
  @property({ attribute: false }) clinic: Clinic | undefined
  @property({ type: Number }) version = 0
  /** When the person came in, in milliseconds since the epoch. */
  @property({ type: Number }) since = now()
  protected readonly ticker = new Ticker(this)
  protected readonly watch = new DoctorWatch(this)

  protected override render() {
    const knocks = this.consultation.waiting.find((person) => this.consultation.may('admit', person))
    const removed = this.#expectedNoMore
    const says = knocks ? this.#knock(knocks) : removed ? this.#removed(removed) : this.#nobody()
    return html`<div class="wait"><div class="wait__card">${says}</div></div>`
  }

  /** The patient of this appointment, where staff have put them out. */
  get #expectedNoMore(): Removed | undefined {
    const { room, grant } = this.consultation
    const { userId } = room.session.appointment.patient
    if (grant.userType === 'patient') return undefined
    return room.removed.find((one) => one.userType === 'patient' && one.userId === userId)
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
    const minutes = Math.floor((now() - this.since) / 60_000)
    return html`<div class="stack stack--close">
        <h2 class="title">${t(isPatient ? 'waiting' : 'waiting-worker')}</h2>
        ${
          minutes < 1
            ? html`<p>${t('waited-now')}</p>`
            : html`<p class="waited"><b>${t('waited-minutes', { minutes })}</b> ${t('waited-after')}</p>`
        }
        ${isPatient ? this.#doctor() : nothing}
      </div>
      <div class="card stack">
        ${this.#expected(isPatient)} ${isPatient ? phoneButton(this.clinic, t('call-clinic'), '') : nothing}
      </div>
      <p class="note row">${icon('bell')} ${t('chime-promise')}</p>`
  }

  #doctor() {
    const { startsAt } = this.consultation.room.session.appointment
    return html`<div role="status">${doctorStatus(this.watch.doing, startsAt, this.since)}</div>`
  }

  /** Nobody is coming by themselves: whom to let come back, and what brings them. */
  #removed(person: Removed) {
    const { consultation } = this
    return html`<div class="stack stack--close" data-testid="removed-alone">
      <h2 class="title">${t(person.restored ? 'restored-them' : 'removed-them', { name: person.displayName })}</h2>
      <p class="lines" role="status">${t(person.restored ? 'may-come-back' : 'removed-them-lead')}</p>
      ${!person.restored && consultation.may('admit') ? restoring(person, consultation) : nothing}
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
}
