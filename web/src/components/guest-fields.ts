import { html, nothing } from 'lit'
import { customElement, query, state } from 'lit/decorators.js'
import { type GuestKind, type NewGuest, WITHHOLDABLE, type Withheld } from '../api/access'
import { t } from '../i18n'
import { Element } from './element'
import { icon } from './icons'

const KINDS: GuestKind[] = ['family', 'interpreter', 'other']
const LONGEST = 100

/** Who is invited, as what, and what they are not to do. */
@customElement('shinsatsu-guest-fields')
export class GuestFields extends Element {
  @state() private missing = false
  @query('#guest-name') private name!: HTMLInputElement
  @query('#guest-kind') private kind!: HTMLSelectElement
  @query('#guest-language') private language!: HTMLSelectElement

  /** The guest as filled in, or nothing, and says so, where the name is missing. */
  check(): NewGuest | undefined {
    const displayName = this.name.value.trim()
    this.missing = displayName === ''
    if (this.missing) {
      this.name.focus()
      return undefined
    }
    const boxes = [...this.querySelectorAll<HTMLInputElement>('input[type=checkbox]:checked')]
    const language = this.language.value
    return {
      displayName,
      kind: this.kind.value as GuestKind,
      ...(language === 'ja' || language === 'en' ? { language } : {}),
      withhold: boxes.map((box) => box.value as Withheld),
    }
  }

  protected override render() {
    return html`<div class="field">
        <label for="guest-name">${t('guest-name')}</label>
        <input
          id="guest-name"
          type="text"
          maxlength=${LONGEST}
          autocomplete="off"
          data-testid="guest-name"
          aria-describedby=${this.missing ? 'guest-name-error' : 'guest-name-help'}
          aria-invalid=${this.missing ? 'true' : nothing}
          @input=${() => (this.missing = false)}
        />
        ${
          this.missing
            ? html`<p class="field__error" id="guest-name-error" role="alert">
                ${icon('info')} ${t('guest-name-missing')}
              </p>`
            : html`<p class="note" id="guest-name-help">${t('guest-name-help')}</p>`
        }
      </div>
      <div class="field-pair">
        <div class="field">
          <label for="guest-kind">${t('guest-kind')}</label>
          <select id="guest-kind" data-testid="guest-kind">
            ${KINDS.map((kind) => html`<option value=${kind}>${t(`guest-${kind}`)}</option>`)}
          </select>
        </div>
        <div class="field">
          <label for="guest-language">${t('guest-language')}</label>
          <select id="guest-language" data-testid="guest-language">
            <option value="">${t('guest-language-any')}</option>
            <option value="ja" lang="ja">日本語</option>
            <option value="en" lang="en">English</option>
          </select>
        </div>
      </div>
      <fieldset>
        <legend class="note">${t('guest-withhold')}</legend>
        ${WITHHOLDABLE.map(
          (action) => html`<label class="choice">
            <input
              type="checkbox"
              value=${action}
              data-testid=${action === 'share_screen' ? 'guest-withhold' : `guest-withhold-${action}`}
            />${t(`withhold-${action}`)}
          </label>`,
        )}
      </fieldset>`
  }
}
