import { html, nothing } from 'lit'
import { customElement, property, state } from 'lit/decorators.js'
import type { IdentityMethod, SessionParticipant } from '../api/types'
import type { Consultation } from '../call/consultation'
import { clock, t } from '../i18n'
import { Element } from './element'
import { icon } from './icons'

const METHODS: IdentityMethod[] = [
  'my_number_card',
  'insurance_card',
  'drivers_licence',
  'passport',
  'known_to_staff',
  'other',
]

/** Whether somebody's identity was checked, how and by whom, and the place to note it. */
@customElement('shinsatsu-identity-check')
export class IdentityCheck extends Element {
  @property({ attribute: false }) consultation!: Consultation
  @property({ attribute: false }) person!: SessionParticipant
  @property({ type: Number }) version = 0
  @state() private open = false
  @state() private method: IdentityMethod = 'insurance_card'

  protected override render() {
    const { identityCheck } = this.person
    return html`<div class="identity" @keydown=${this.#key}>
      <p class="mark fact ${identityCheck ? '' : 'mark--warning'}">
        ${icon(identityCheck ? 'ok' : 'identity')}
        <span>
          ${identityCheck ? t('identity-done', { method: t(`method-${identityCheck.method}`) }) : t('identity-none')}
          ${identityCheck ? html`<span class="note">${t('identity-by', { name: identityCheck.by.displayName, time: clock(identityCheck.at) })}</span>` : nothing}
        </span>
      </p>
      ${this.consultation.may('check_identity', this.person) ? this.#noting() : nothing}
    </div>`
  }

  #noting() {
    const id = `identity-${this.person.participantId}`
    const words = t(this.person.identityCheck ? 'identity-change' : 'identity-start')
    return html`<button
        class="button button--flush"
        type="button"
        data-testid="identity"
        aria-expanded=${this.open}
        aria-controls=${id}
        @click=${() => (this.open = !this.open)}
      >
        ${words}
      </button>
      <form class="identity__form" id=${id} ?hidden=${!this.open} @submit=${this.#note}>
        <div class="field">
          <label for="${id}-method">${t('identity-method')}</label>
          <select
            id="${id}-method"
            data-testid="identity-method"
            @change=${(event: Event) => (this.method = (event.target as HTMLSelectElement).value as IdentityMethod)}
          >
            ${METHODS.map(
              (method) =>
                html`<option value=${method} ?selected=${method === this.method}>${t(`method-${method}`)}</option>`,
            )}
          </select>
        </div>
        <button
          class="button button--quiet"
          type="submit"
          data-testid="note-identity"
          aria-disabled=${this.consultation.moderation.isRunning('identity', this.person) ? 'true' : nothing}
        >
          ${t('identity-record')}
        </button>
      </form>`
  }

  /** Closes the form alone, not what it is in. */
  #key = (event: KeyboardEvent) => {
    if (event.key !== 'Escape' || !this.open) return
    event.stopPropagation()
    this.open = false
    this.querySelector<HTMLElement>('[data-testid=identity]')?.focus()
  }

  #note = async (event: Event) => {
    event.preventDefault()
    this.open = !(await this.consultation.moderation.checkIdentity(this.person, this.method))
  }
}
