import { html, nothing } from 'lit'
import { icon } from '../components/icons'

export interface Field {
  id: string
  label: string
  testid?: string
  type?: 'text' | 'password' | 'url' | 'number'
  help?: string
  /** What is wrong with it; said by screen readers as it appears, and tied to the field. */
  error?: string | undefined
  /** The id of what says elsewhere on the page what is wrong with it. */
  wrong?: string | undefined
  value?: string
  autocomplete?: string
  inputmode?: 'numeric' | 'text'
  maxlength?: number
  required?: boolean
  look?: string
}

/** A labelled text field with its help and its error. */
export function field(one: Field) {
  const { id, error, help } = one
  const described = [help && `${id}-help`, error && `${id}-error`, one.wrong].filter(Boolean).join(' ')
  return html`<div class="field">
    <label for=${id}>${one.label}</label>
    ${help ? html`<p class="note" id="${id}-help">${help}</p>` : nothing}
    <input
      id=${id}
      name=${id}
      class=${one.look ?? nothing}
      type=${one.type ?? 'text'}
      autocomplete=${one.autocomplete ?? 'off'}
      inputmode=${one.inputmode ?? nothing}
      maxlength=${one.maxlength ?? nothing}
      autocapitalize="none"
      spellcheck="false"
      data-testid=${one.testid ?? nothing}
      aria-describedby=${described || nothing}
      aria-invalid=${error || one.wrong ? 'true' : nothing}
      ?required=${one.required ?? false}
      .value=${one.value ?? ''}
    />
    ${error ? html`<p class="field__error" id="${id}-error" role="alert">${icon('info')}<span>${error}</span></p>` : nothing}
  </div>`
}

/** What a form's field holds, as it was typed. */
export function valueOf(form: HTMLFormElement, id: string): string {
  return (form.elements.namedItem(id) as HTMLInputElement).value
}
