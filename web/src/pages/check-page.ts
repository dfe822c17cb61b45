import { html, nothing } from 'lit'
import { customElement, property, query } from 'lit/decorators.js'
import { ApiProblem } from '../api/problem'
import type { Clinic, HeldBy, JoinRequest } from '../api/types'
import type { Consultation } from '../call/consultation'
import '../components/device-check'
import { Element } from '../components/element'
import '../components/held-dialog'
import { icon } from '../components/icons'
import { aboutDoctor, appointmentTime, avatar, pageHeader } from '../components/parts'
import '../components/preview'
import type { ReasonField } from '../components/reason-field'
import '../components/reason-field'
import { t } from '../i18n'
import type { LocalMedia } from '../media/local-media'

/** Own picture, microphone and speaker before entering. Says `join` with what is to be said about it. */
@customElement('shinsatsu-check-page')
export class CheckPage extends Element {
  @property({ attribute: false }) consultation!: Consultation
  @property({ attribute: false }) media!: LocalMedia
  @property({ attribute: false }) clinic: Clinic | undefined
  /** Counts changes of the consultation and the devices: what this page shows lives in them. */
  @property({ type: Number }) version = 0
  @query('shinsatsu-reason-field') private reasonField!: ReasonField | null

  protected override render() {
    return html`<div class="narrow">
      ${pageHeader(this.clinic)}
      <main class="page--check">
        ${this.#who()}
        <div class="check">
          <div class="stack">
            <shinsatsu-preview named .media=${this.media} .version=${this.version}></shinsatsu-preview>
            ${this.#needsReason ? this.#reason() : nothing}
          </div>
          <div class="stack">
            <h2 class="visually-hidden">${t('results')}</h2>
            <shinsatsu-device-check .media=${this.media} .version=${this.version}></shinsatsu-device-check>
            ${this.#enter()}
          </div>
        </div>
      </main>
      <shinsatsu-held-dialog
        .heldBy=${this.#heldBy}
        @leave=${({ detail }: CustomEvent<HeldBy>) => this.#join({ leave: detail.sessionId })}
        @stay=${() => this.consultation.stay()}
      ></shinsatsu-held-dialog>
    </div>`
  }

  protected override firstUpdated(): void {
    // Back after a reload: the reason given before still holds.
    const before = this.consultation.room.session.participants.find(
      (person) => person.userType === 'worker' && person.userId === this.consultation.grant.userId,
    )
    if (this.reasonField && before?.joinReason) this.reasonField.value = before.joinReason
  }

  /** Operators and admins are on no appointment: everybody is told why they come. */
  get #needsReason(): boolean {
    const { role } = this.consultation.grant
    return role === 'operator' || role === 'admin'
  }

  get #heldBy(): HeldBy | undefined {
    const { phase, problem } = this.consultation
    return phase === 'held' && problem instanceof ApiProblem ? problem.heldBy : undefined
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

  #reason() {
    return html`<shinsatsu-reason-field
      class="card card--tight"
      suggestions="join-reason"
      label=${t('join-reason')}
      help=${t('join-reason-lead')}
    ></shinsatsu-reason-field>`
  }

  #enter() {
    const soundOnly = this.media.problems.video && !this.media.problems.audio
    const joining = this.consultation.phase === 'joining'
    return html`<div class="action">
      ${this.#expected()}
      <button
        class="button button--primary button--large button--wide"
        type="button"
        data-testid="join"
        aria-disabled=${joining ? 'true' : nothing}
        @click=${() => this.#join()}
      >
        ${t(joining ? 'connecting' : soundOnly ? 'enter-sound-only' : 'enter')}
      </button>
    </div>`
  }

  /** Who is there already, inside or waiting to be let in. */
  #expected() {
    const { others, waiting } = this.consultation
    const [here] = [...others, ...waiting]
    if (!here) return nothing
    const words = t(others.length > 0 ? 'here-now' : 'waits-now-for-you', { name: here.displayName })
    return html`<p class="banner" role="status">${icon(others.length > 0 ? 'ok' : 'bell')}<span>${words}</span></p>`
  }

  #join(request: JoinRequest = {}): void {
    if (this.consultation.phase === 'joining') return
    if (this.reasonField && !this.reasonField.check()) return
    this.say('join', { ...request, ...(this.reasonField ? { reason: this.reasonField.value } : {}) })
  }
}
