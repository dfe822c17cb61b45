import { html, nothing } from 'lit'
import { customElement, property, query, state } from 'lit/decorators.js'
import type { InvitationCheck, NewInvitation } from '../api/access'
import { t } from '../i18n'
import type { BirthDate } from './birth-date'
import './birth-date'
import { Element } from './element'
import { icon } from './icons'

const CHECKS: InvitationCheck[] = ['birth_date', 'code', 'none']

/** A link for now, or an invitation with the question that it asks. */
export type Way = { kind: 'link' } | ({ kind: 'invitation' } & Omit<NewInvitation, 'userType' | 'userId'>)

/** How somebody is to get in: by a link for now, or by an invitation that asks for something before it opens. */
@customElement('shinsatsu-way-fields')
export class WayFields extends Element {
  /** Only an invitation is asked about. */
  @property({ type: Boolean }) invitation = false
  @state() private chosen: 'link' | 'invitation' = 'link'
  @state() private question: InvitationCheck = 'birth_date'
  @state() private by: 'phone' | 'mail' = 'phone'
  @state() private missing = false
  @query('shinsatsu-birth-date') private birthDate!: BirthDate | null
  @query('#deliver-to') private address!: HTMLInputElement | null

  /** The way as chosen, or nothing, and says so, where something is missing. */
  check(): Way | undefined {
    if (!this.#invites) return { kind: 'link' }
    if (this.question === 'none') return { kind: 'invitation', check: 'none' }
    if (this.question === 'birth_date') {
      const birthDate = this.birthDate!.check()
      return birthDate === undefined ? undefined : { kind: 'invitation', check: 'birth_date', birthDate }
    }
    const address = this.address!.value.trim()
    this.missing = address === ''
    if (this.missing) this.address!.focus()
    return this.missing ? undefined : { kind: 'invitation', check: 'code', deliverTo: { kind: this.by, address } }
  }

  get #invites(): boolean {
    return this.invitation || this.chosen === 'invitation'
  }

  protected override render() {
    return html`${this.invitation ? nothing : this.#ways()} ${this.#invites ? this.#checks() : nothing}`
  }

  #ways() {
    const one = (way: 'link' | 'invitation') => html`<label class="choice choice--told">
      <input
        type="radio"
        name="way"
        value=${way}
        data-testid="way-${way}"
        .checked=${this.chosen === way}
        @change=${() => (this.chosen = way)}
      />
      <span>${t(`way-${way}`)}<span class="note">${t(`way-${way}-lead`)}</span></span>
    </label>`
    return html`<fieldset><legend class="note">${t('way')}</legend>${one('link')} ${one('invitation')}</fieldset>`
  }

  #checks() {
    return html`<div class="field">
        <label for="invitation-check">${t('invitation-check')}</label>
        <select
          id="invitation-check"
          data-testid="invitation-check"
          @change=${(event: Event) => (this.question = (event.target as HTMLSelectElement).value as InvitationCheck)}
        >
          ${CHECKS.map((one) => html`<option value=${one} ?selected=${one === this.question}>${t(`check-${one}`)}</option>`)}
        </select>
      </div>
      ${
        this.question === 'birth_date'
          ? html`<shinsatsu-birth-date
              label=${t('their-birth-date')}
              help=${t('their-birth-date-help')}
            ></shinsatsu-birth-date>`
          : this.question === 'code'
            ? this.#delivery()
            : html`<p class="banner banner--warning">${icon('info')}<span>${t('check-none-lead')}</span></p>`
      }`
  }

  #delivery() {
    const isPhone = this.by === 'phone'
    return html`<div class="field-pair">
        <div class="field">
          <label for="deliver-by">${t('deliver-by')}</label>
          <select
            id="deliver-by"
            data-testid="deliver-by"
            @change=${(event: Event) => (this.by = (event.target as HTMLSelectElement).value as 'phone' | 'mail')}
          >
            <option value="phone" ?selected=${isPhone}>${t('deliver-phone')}</option>
            <option value="mail" ?selected=${!isPhone}>${t('deliver-mail')}</option>
          </select>
        </div>
        <div class="field">
          <label for="deliver-to">${t(isPhone ? 'phone-number' : 'mail-address')}</label>
          <input
            id="deliver-to"
            type=${isPhone ? 'tel' : 'email'}
            maxlength="254"
            autocomplete="off"
            data-testid="deliver-to"
            aria-describedby=${this.missing ? 'deliver-to-error' : nothing}
            aria-invalid=${this.missing ? 'true' : nothing}
            @input=${() => (this.missing = false)}
          />
        </div>
      </div>
      ${
        this.missing
          ? html`<p class="field__error" id="deliver-to-error" role="alert">${icon('info')} ${t('deliver-to-missing')}</p>`
          : nothing
      }`
  }
}
