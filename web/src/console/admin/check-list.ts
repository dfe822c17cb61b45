import { html, nothing } from 'lit'
import { icon } from '../../components/icons'

export interface CheckList<T extends string> {
  id: string
  legend: string
  values: readonly T[]
  chosen: T[]
  words(value: T): string
  about?(value: T): string
  error?: string | undefined
}

/** Several of a few: a group of boxes with one error for all. */
export function checkList<T extends string>(list: CheckList<T>, changed: (chosen: T[]) => void) {
  const toggled = (value: T, on: boolean) =>
    changed(list.values.filter((one) => (one === value ? on : list.chosen.includes(one))))
  return html`<fieldset class="options" id=${list.id} tabindex="-1" aria-describedby=${list.error ? `${list.id}-error` : nothing}>
    <legend class="note">${list.legend}</legend>
    ${list.values.map(
      (value) => html`<label class="choice"
        ><input
          type="checkbox"
          name=${list.id}
          value=${value}
          .checked=${list.chosen.includes(value)}
          @change=${(event: Event) => toggled(value, (event.target as HTMLInputElement).checked)}
        /><span
          >${list.words(value)}${
            list.about ? html`<span class="note choice__about">${list.about(value)}</span>` : nothing
          }</span
        ></label
      >`,
    )}
    ${
      list.error
        ? html`<p class="field__error" id="${list.id}-error" role="alert">${icon('info')}<span>${list.error}</span></p>`
        : nothing
    }
  </fieldset>`
}
