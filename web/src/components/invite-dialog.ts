import { html, nothing } from 'lit'
import { customElement, property, query, state } from 'lit/decorators.js'
import type { AccessApi, Guest, UserKey, WayIn } from '../api/access'
import { clock, day, t } from '../i18n'
import { accessProblem } from './access-words'
import { Element } from './element'
import type { GuestFields } from './guest-fields'
import './guest-fields'
import { icon } from './icons'
import type { Way, WayFields } from './way-fields'
import './way-fields'

/** Whom it is for; nobody yet where a guest is to be invited. */
export interface Recipient extends UserKey {
  displayName: string
}

/**
 * Gives somebody a way into one session: asks what has to be known, then shows the address this once, to be copied. Says
 * `handed-over` when something was made.
 */
@customElement('shinsatsu-invite-dialog')
export class InviteDialog extends Element {
  @property({ attribute: false }) api!: AccessApi
  @state() private recipient: Recipient | undefined
  @state() private wanted: 'guest' | 'link' | 'invitation' = 'guest'
  @state() private way: WayIn | undefined
  @state() private kind: Way['kind'] = 'link'
  @state() private problem: unknown
  @state() private busy = false
  @state() private copied: 'copied' | 'copy-by-hand' | undefined
  /** Counts openings: each begins with empty fields. */
  @state() private opening = 0
  @query('dialog') private dialog!: HTMLDialogElement
  @query('shinsatsu-guest-fields') private guestFields!: GuestFields | null
  @query('shinsatsu-way-fields') private wayFields!: WayFields | null

  inviteGuest(): void {
    this.#open('guest', undefined)
  }

  /** A link is made at once: there is nothing to ask. */
  giveLink(recipient: Recipient): void {
    this.#open('link', recipient)
    void this.#make({ kind: 'link' })
  }

  invite(recipient: Recipient): void {
    this.#open('invitation', recipient)
  }

  #open(wanted: 'guest' | 'link' | 'invitation', recipient: Recipient | undefined): void {
    Object.assign(this, { wanted, recipient, way: undefined, problem: undefined, copied: undefined })
    this.opening++
    void this.updateComplete.then(() => this.dialog.showModal())
  }

  protected override render() {
    return html`<dialog class="scheme-auto" aria-labelledby="invite-title">
      ${this.opening === 0 ? nothing : this.way ? this.#handOver(this.way) : this.#form()}
    </dialog>`
  }

  get #title(): string {
    const name = this.recipient?.displayName
    if (name === undefined) return t('invite-guest')
    return t(this.wanted === 'invitation' ? 'invite-title' : 'link-title', { name })
  }

  #form() {
    // A guest who was made stays made, when only their way in failed.
    const asksWho = this.wanted === 'guest' && this.recipient === undefined
    const words = this.wanted === 'invitation' ? 'make-invitation' : this.wanted === 'link' ? 'retry' : 'invite-do'
    return html`<form class="stack" novalidate @submit=${this.#submit}>
      <h2 class="subtitle" id="invite-title" tabindex="-1">${this.#title}</h2>
      ${asksWho ? html`<shinsatsu-guest-fields .opening=${this.opening}></shinsatsu-guest-fields>` : nothing}
      ${
        this.wanted === 'link'
          ? nothing
          : html`<shinsatsu-way-fields ?invitation=${this.wanted === 'invitation'}></shinsatsu-way-fields>`
      }
      ${this.busy && this.wanted === 'link' ? html`<p class="note" role="status">${t('making-link')}</p>` : nothing}
      ${this.problem ? this.#failed() : nothing}
      <div class="dialog__answers">
        <button class="button button--quiet" type="button" @click=${() => this.dialog.close()}>${t('cancel')}</button>
        <button
          class="button button--primary"
          type="submit"
          data-testid="confirm-invite"
          aria-disabled=${this.busy ? 'true' : nothing}
        >
          ${t(words)}
        </button>
      </div>
    </form>`
  }

  #failed() {
    const { words, more } = accessProblem(this.problem)
    return html`<p class="banner banner--warning" role="alert" data-testid="invite-error">
      ${icon('info')}<span><strong>${words}</strong>${more}</span>
    </p>`
  }

  #handOver({ url, expiresAt }: WayIn) {
    const until = { day: day(expiresAt), time: clock(expiresAt) }
    return html`<div class="stack">
      <h2 class="subtitle" id="invite-title" tabindex="-1">${this.#title}</h2>
      <p>${t(`hand-over-${this.kind}`, { name: this.recipient?.displayName ?? '' })}</p>
      <div class="field">
        <label for="way-url">${t(`way-${this.kind}`)}</label>
        <input
          id="way-url"
          class="way-url"
          type="text"
          readonly
          data-testid="guest-link"
          aria-describedby="way-until"
          .value=${url}
          @focus=${(event: Event) => (event.target as HTMLInputElement).select()}
        />
        <p class="mark fact" id="way-until">${icon('clock')}<span>${t(`until-${this.kind}`, until)}</span></p>
      </div>
      ${this.wanted === 'guest' ? nothing : html`<p class="note">${t(`replaces-${this.kind}`)}</p>`}
      <p class="note" role="status" ?hidden=${this.copied !== 'copy-by-hand'}>${t('copy-by-hand')}</p>
      <div class="dialog__answers">
        <button class="button button--quiet" type="button" @click=${() => this.dialog.close()}>${t('close')}</button>
        <button class="button button--primary" type="button" data-testid="copy-link" @click=${() => void this.#copy(url)}>
          ${icon(this.copied === 'copied' ? 'check' : 'copy')}
          <span role="status">${t(this.copied === 'copied' ? 'copied' : 'copy')}</span>
        </button>
      </div>
    </div>`
  }

  async #copy(url: string): Promise<void> {
    const done = await navigator.clipboard?.writeText(url).then(
      () => true,
      () => false,
    )
    this.copied = done ? 'copied' : 'copy-by-hand'
    if (!done) this.querySelector<HTMLInputElement>('#way-url')!.focus()
  }

  #submit = (event: Event) => {
    event.preventDefault()
    if (this.busy) return
    const guest = this.recipient ? undefined : this.guestFields!.check()
    if (!this.recipient && !guest) return
    const way = this.wanted === 'link' ? ({ kind: 'link' } as const) : this.wayFields!.check()
    if (way) void this.#make(way, guest && (() => this.api.inviteGuest(guest)))
  }

  async #make(way: Way, invited?: () => Promise<Guest>): Promise<void> {
    const opening = this.opening
    this.busy = true
    this.problem = undefined
    try {
      if (invited) this.recipient = await invited()
      const made = await this.#wayFor(this.recipient!, way)
      if (opening === this.opening) [this.kind, this.way] = [way.kind, made]
    } catch (error) {
      if (opening === this.opening) this.problem = error
    }
    this.busy = false
    this.say('handed-over')
    // What is new in the dialog is where one is.
    await this.updateComplete
    if (this.way) this.querySelector<HTMLElement>('[data-testid=copy-link]')?.focus()
  }

  #wayFor({ userType, userId }: Recipient, way: Way): Promise<WayIn> {
    if (way.kind === 'link') return this.api.mintLink({ userType, userId })
    const { kind: _, ...question } = way
    return this.api.invite({ userType, userId, ...question })
  }
}
