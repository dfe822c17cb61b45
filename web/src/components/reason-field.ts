import { html, nothing } from 'lit'
import { customElement, property, query } from 'lit/decorators.js'
import { type Key, t } from '../i18n'
import { Element } from './element'
import { icon } from './icons'

const LONGEST = 200

/** A reason in one's own words, with a few that are one press away. */
@customElement('shinsatsu-reason-field')
export class ReasonField extends Element {
  /** Whose words they are: `{suggestions}-1` and so on are the texts to choose from. */
  @property() suggestions = ''
  @property() label = ''
  @property() help = ''
  @property({ type: Number }) choices = 3
  @property({ type: Boolean }) missing = false
  @query('input') private input!: HTMLInputElement

  get value(): string {
    return this.input.value.trim()
  }

  set value(words: string) {
    this.input.value = words
  }

  /** Whether there is a reason; says so where there is none. */
  check(): boolean {
    this.missing = this.value === ''
    if (this.missing) this.input.focus()
    return !this.missing
  }

  protected override render() {
    const id = `${this.suggestions}-text`
    return html`<div class="field">
      <label for=${id}>${this.label}</label>
      ${this.help ? html`<p class="note" id="${id}-help">${this.help}</p>` : nothing}
      <input
        id=${id}
        type="text"
        maxlength=${LONGEST}
        required
        autocomplete="off"
        data-testid="reason"
        aria-describedby=${this.missing ? `${id}-error` : this.help ? `${id}-help` : nothing}
        aria-invalid=${this.missing ? 'true' : nothing}
        @input=${() => (this.missing = false)}
      />
      ${this.missing ? html`<p class="field__error" id="${id}-error" role="alert">${icon('info')} ${t('reason-missing')}</p>` : nothing}
      <div class="quick">
        ${Array.from({ length: this.choices }, (_, index) => {
          const words = t(`${this.suggestions}-${index + 1}` as Key)
          return html`<button class="button button--quiet" type="button" @click=${() => this.#choose(words)}>
            ${words}
          </button>`
        })}
      </div>
    </div>`
  }

  #choose(words: string): void {
    this.value = words
    this.missing = false
  }
}
