import { html, nothing } from 'lit'
import { customElement, property, state } from 'lit/decorators.js'
import { Element } from '../../components/element'
import { icon } from '../../components/icons'
import { w } from '../words'

/** A password that one may look at while typing; a single field then does for a new one too. */
@customElement('shinsatsu-password-field')
export class PasswordField extends Element {
  @property() field = 'password'
  @property() label = ''
  @property() help = ''
  @property() error = ''
  /** The id of what says elsewhere on the page what is wrong with it. */
  @property() wrong = ''
  @property() testid = ''
  /** Whether a new one is chosen, so that the browser offers to make and keep one. */
  @property({ type: Boolean }) fresh = false
  @state() private shown = false

  get value(): string {
    return this.#input.value
  }

  clear(): void {
    this.#input.value = ''
  }

  override focus(): void {
    this.#input.focus()
  }

  get #input(): HTMLInputElement {
    return this.querySelector('input')!
  }

  protected override render() {
    const { field, help, error } = this
    const described = [help && `${field}-help`, error && `${field}-error`, this.wrong].filter(Boolean).join(' ')
    return html`<div class="field">
      <label for=${field}>${this.label}</label>
      ${help ? html`<p class="note" id="${field}-help">${help}</p>` : nothing}
      <div class="field__joined">
        <input
          id=${field}
          name=${field}
          type=${this.shown ? 'text' : 'password'}
          autocomplete=${this.fresh ? 'new-password' : 'current-password'}
          maxlength="128"
          required
          autocapitalize="none"
          spellcheck="false"
          data-testid=${this.testid || nothing}
          aria-describedby=${described || nothing}
          aria-invalid=${error || this.wrong ? 'true' : nothing}
        />
        <button
          class="button field__look"
          type="button"
          aria-pressed=${this.shown}
          aria-label=${w('password-show')}
          @click=${() => (this.shown = !this.shown)}
        >
          ${w(this.shown ? 'password-hide-short' : 'password-show-short')}
        </button>
      </div>
      ${
        error
          ? html`<p class="field__error" id="${field}-error" role="alert">${icon('info')}<span>${error}</span></p>`
          : nothing
      }
    </div>`
  }
}
