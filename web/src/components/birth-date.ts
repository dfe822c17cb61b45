import { html, nothing } from 'lit'
import { customElement, property, state } from 'lit/decorators.js'
import { isoDate, type TypedDate, wholeDate } from '../birth-date'
import { t } from '../i18n'
import { Element } from './element'
import { icon } from './icons'

const PARTS = [
  { name: 'year', length: 10, autocomplete: 'bday-year', testid: 'invitation-birth-date' },
  { name: 'month', length: 2, autocomplete: 'bday-month', testid: 'invitation-birth-month' },
  { name: 'day', length: 2, autocomplete: 'bday-day', testid: 'invitation-birth-day' },
] as const

/** A birth date in three fields with a keyboard of digits; a whole date typed into the first one spreads over all. */
@customElement('shinsatsu-birth-date')
export class BirthDate extends Element {
  @property() label = ''
  @property() help = ''
  /** Whether the person types their own: then the browser may help with it. */
  @property({ type: Boolean }) own = false
  @state() private typed: TypedDate = { year: '', month: '', day: '' }
  @state() private wrong = false

  /** YYYY-MM-DD, or nothing, and says so, where no such day was typed. */
  check(): string | undefined {
    const date = isoDate(this.typed)
    this.wrong = date === undefined
    if (this.wrong) this.querySelector('input')!.focus()
    return date
  }

  /** Empties it for another try. */
  clear(): void {
    this.typed = { year: '', month: '', day: '' }
    this.querySelector('input')?.focus()
  }

  protected override render() {
    return html`<fieldset class="field birth" aria-describedby=${this.wrong ? 'birth-error' : 'birth-help'}>
      <legend>${this.label}</legend>
      <p class="note" id="birth-help">${this.help}</p>
      <div class="birth__parts">
        ${PARTS.map(
          ({ name, length, autocomplete, testid }) => html`<label class="birth__part birth__part--${name}">
            <input
              type="text"
              inputmode="numeric"
              maxlength=${length}
              autocomplete=${this.own ? autocomplete : 'off'}
              data-testid=${testid}
              aria-invalid=${this.wrong ? 'true' : nothing}
              .value=${this.typed[name]}
              @input=${(event: Event) => this.#type(name, (event.target as HTMLInputElement).value)}
            />
            <span>${t(name)}</span>
          </label>`,
        )}
      </div>
      ${this.wrong ? html`<p class="field__error" id="birth-error" role="alert">${icon('info')} ${t('birth-date-wrong')}</p>` : nothing}
    </fieldset>`
  }

  #type(name: keyof TypedDate, text: string): void {
    this.wrong = false
    this.typed = (name === 'year' && wholeDate(text)) || { ...this.typed, [name]: text }
  }
}
