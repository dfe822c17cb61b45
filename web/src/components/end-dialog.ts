import { html } from 'lit'
import { customElement, property, state } from 'lit/decorators.js'
import type { Outcome } from '../api/types'
import { t } from '../i18n'
import { Element } from './element'

const OUTCOMES = ['completed', 'no_show_patient', 'no_show_doctor', 'moved_to_phone', 'moved_to_in_person'] as const

/** Asks once before a consultation is ended, with its outcome. Says `confirm` with the outcome. */
@customElement('shinsatsu-end-dialog')
export class EndDialog extends Element {
  /** Whether the two sides met: then "completed" is the likely outcome. */
  @property({ type: Boolean }) met = false
  @state() private outcome: Outcome = 'completed'

  show(): void {
    this.outcome = this.met ? 'completed' : 'no_show_patient'
    this.requestUpdate()
    void this.updateComplete.then(() => this.querySelector('dialog')!.showModal())
  }

  protected override render() {
    return html`<dialog class="scheme-auto" aria-labelledby="end-title">
      <form class="stack" method="dialog" @submit=${() => this.say('confirm', this.outcome)}>
        <h2 class="subtitle" id="end-title">${t('end-title')}</h2>
        <fieldset>
          <legend class="note">${t('outcome')}</legend>
          ${OUTCOMES.map(
            (outcome) => html`<label class="choice"
              ><input
                type="radio"
                name="outcome"
                value=${outcome}
                .checked=${this.outcome === outcome}
                @change=${() => (this.outcome = outcome)}
              />${t(`outcome-${outcome}`)}</label
            >`,
          )}
        </fieldset>
        <div class="dialog__answers">
          <button class="button button--quiet" type="button" @click=${this.#close}>${t('back-to-call')}</button>
          <button class="button button--danger" type="submit" data-testid="confirm-end">${t('confirm-end')}</button>
        </div>
      </form>
    </dialog>`
  }

  #close = () => this.querySelector('dialog')!.close()
}
