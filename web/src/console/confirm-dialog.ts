import { html, nothing } from 'lit'
import { customElement, state } from 'lit/decorators.js'
import { Element } from '../components/element'
import { w } from './words'

export interface Confirmation {
  title: string
  lead: string
  confirm: string
  /** Whether it takes something away that does not come back by itself. */
  grave?: boolean
  choice?: { label: string; options: { value: string; words: string }[] }
}

/** Asks before something is done that is felt at once. */
@customElement('shinsatsu-confirm-dialog')
export class ConfirmDialog extends Element {
  @state() private asked: Confirmation | undefined
  #answer: ((answer: string | undefined) => void) | undefined

  /** The choice, empty where there was none to make; undefined when it is not to be done. */
  ask(confirmation: Confirmation): Promise<string | undefined> {
    this.asked = confirmation
    void this.updateComplete.then(() => this.querySelector('dialog')!.showModal())
    return new Promise((resolve) => (this.#answer = resolve))
  }

  protected override render() {
    const { asked } = this
    if (!asked) return nothing
    return html`<dialog
      role="alertdialog"
      aria-labelledby="confirm-title"
      aria-describedby="confirm-lead"
      @close=${this.#closed}
    >
      <form class="stack" method="dialog" @submit=${this.#submit}>
        <h2 class="subtitle" id="confirm-title">${asked.title}</h2>
        <p class="lines" id="confirm-lead">${asked.lead}</p>
        ${asked.choice ? this.#choice(asked.choice) : nothing}
        <div class="dialog__answers">
          <button class="button button--quiet" type="button" @click=${() => this.querySelector('dialog')!.close()}>
            ${w('cancel')}
          </button>
          <button class="button ${asked.grave ? 'button--danger' : 'button--primary'}" type="submit" data-testid="confirm">
            ${asked.confirm}
          </button>
        </div>
      </form>
    </dialog>`
  }

  #choice({ label, options }: NonNullable<Confirmation['choice']>) {
    return html`<div class="field">
      <label for="confirm-choice">${label}</label>
      <select id="confirm-choice">
        ${options.map(({ value, words }) => html`<option value=${value}>${words}</option>`)}
      </select>
    </div>`
  }

  #submit = () => {
    this.#answer?.(this.querySelector('select')?.value ?? '')
    this.#answer = undefined
  }

  #closed = () => {
    this.#answer?.(undefined)
    this.#answer = undefined
    this.asked = undefined
  }
}
