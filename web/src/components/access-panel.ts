import { html, nothing } from 'lit'
import { customElement, property, query, state } from 'lit/decorators.js'
import { repeat } from 'lit/directives/repeat.js'
import { AccessList } from '../access-list'
import type { AccessApi, Guest, Invitation } from '../api/access'
import type { VideoSession } from '../api/types'
import { t } from '../i18n'
import { guestRow, invitationRow, linkRow, lockedNotice, presence, type RowHandlers } from './access-rows'
import { accessProblem } from './access-words'
import { Element } from './element'
import { icon } from './icons'
import type { InviteDialog } from './invite-dialog'
import './invite-dialog'
import { once } from './press'

/** For how long changes are gathered before the lists are read again. */
const GATHER_MS = 300

/** Who may get into a session and how: guests, links and invitations, and what staff do about them. */
@customElement('shinsatsu-access-panel')
export class AccessPanel extends Element {
  @property({ attribute: false }) api!: AccessApi
  @property({ attribute: false }) session!: VideoSession
  /** Counts what has happened there: more of it means that reading anew is worth it. */
  @property({ type: Number }) stirs = 0
  @state() private list!: AccessList
  @query('shinsatsu-invite-dialog') private dialog!: InviteDialog
  #gathering: ReturnType<typeof setTimeout> | undefined
  #of: string | undefined

  protected override willUpdate(changed: Map<string, unknown>): void {
    if (this.#of !== this.session.id) {
      this.#of = this.session.id
      this.list = new AccessList(this.api, () => this.requestUpdate())
      void this.list.read()
    } else if (changed.has('stirs')) {
      this.#gathering ??= setTimeout(() => this.#read(), GATHER_MS)
    }
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    clearTimeout(this.#gathering)
    this.#gathering = undefined
  }

  protected override render() {
    const { list } = this
    return html`<section class="access stack" aria-labelledby="access-title" aria-busy=${list.state === 'reading'}>
        <h2 class="subtitle" id="access-title">${t('access')}</h2>
        ${list.locked.map((one) => lockedNotice(one, this.#handlers))}
        ${list.problem ? this.#refused(list.problem) : nothing} ${this.#patient()} ${this.#guests(list.welcome)}
        <button
          class="button button--quiet"
          type="button"
          data-testid="invite-guest"
          aria-haspopup="dialog"
          @click=${once(() => this.dialog.inviteGuest())}
        >
          ${icon('people')} ${t('invite-guest')}
        </button>
        ${list.state === 'failed' ? this.#failed() : this.#record()}
      </section>
      <shinsatsu-invite-dialog .api=${this.api} @handed-over=${() => void this.list.read()}></shinsatsu-invite-dialog>`
  }

  #patient() {
    const { userId, displayName } = this.session.appointment.patient
    const patient = { userType: 'patient', userId, displayName } as const
    return html`<div class="access__one" data-testid="patient-access">
      <div>
        <h3 class="person__name">${displayName}</h3>
        <p class="person__about">${t('role-patient')}・${t(presence(patient, this.session))}</p>
      </div>
      <div class="access__do">
        ${this.#give('send-link', 'give-link', displayName, () => this.dialog.giveLink(patient))}
        ${this.#give('send-invitation', 'give-invitation', displayName, () => this.dialog.invite(patient))}
      </div>
    </div>`
  }

  #guests(guests: Guest[]) {
    return repeat(
      guests,
      (guest) => guest.userId,
      (guest) =>
        guestRow(guest, this.session, this.#handlers, [
          this.#give('guest-send-link', 'give-link', guest.displayName, () => this.dialog.giveLink(guest)),
          this.#give('guest-send-invitation', 'give-invitation', guest.displayName, () => this.dialog.invite(guest)),
        ]),
    )
  }

  #give(testid: string, words: 'give-link' | 'give-invitation', name: string, act: () => void) {
    return html`<button
      class="button button--quiet"
      type="button"
      data-testid=${testid}
      aria-haspopup="dialog"
      @click=${once(act)}
    >
      ${icon(words === 'give-link' ? 'link' : 'note')}
      <span>${t(words)}<span class="visually-hidden">: ${name}</span></span>
    </button>`
  }

  /** What was handed out, folded away: most of the time nobody needs it. */
  #record() {
    const { links, invitations } = this.list
    const count = links.length + invitations.length
    if (count === 0) return nothing
    return html`<details class="more">
      <summary class="button" data-testid="access-record">${t('access-record', { count })} ${icon('chevron')}</summary>
      <ul class="rows access__record">
        ${repeat(
          invitations,
          (one) => one.invitationId,
          (one) => invitationRow(one, this.#handlers),
        )}
        ${repeat(
          links,
          (one) => one.linkId,
          (one) => linkRow(one, this.#handlers),
        )}
      </ul>
    </details>`
  }

  #failed() {
    return html`<p class="note">${t('access-failed')}</p>
      <button class="button button--quiet" type="button" @click=${() => void this.list.read()}>
        ${icon('refresh')} ${t('retry')}
      </button>`
  }

  #refused(problem: unknown) {
    const { words, more } = accessProblem(problem)
    return html`<p class="banner banner--warning" role="alert">
      ${icon('info')}<span><strong>${words}</strong>${more}</span>
    </p>`
  }

  readonly #handlers: RowHandlers = {
    isRunning: (name) => this.list.isRunning(name),
    withdraw: (guest) => this.#run(`withdraw ${guest.userId}`, () => this.api.withdrawGuest(guest)),
    revokeLink: (link) => this.#run(`link ${link.linkId}`, () => this.api.revokeLink(link.linkId)),
    revokeInvitation: ({ invitationId }) =>
      this.#run(`invitation ${invitationId}`, () => this.api.revokeInvitation(invitationId)),
    unlock: ({ invitationId }: Invitation) =>
      this.#run(`unlock ${invitationId}`, () => this.api.unlockInvitation(invitationId)),
  }

  #run(name: string, command: () => Promise<unknown>): void {
    void this.list.run(name, command)
  }

  #read(): void {
    this.#gathering = undefined
    void this.list.read()
  }
}
