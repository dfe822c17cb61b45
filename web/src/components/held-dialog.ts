import { html } from 'lit'
import { customElement, property, query } from 'lit/decorators.js'
import type { HeldBy } from '../api/types'
import { t } from '../i18n'
import { Element } from './element'

/** This doctor is in another consultation: says which, and offers to leave it. Says `leave` with it, or `stay`. */
@customElement('shinsatsu-held-dialog')
export class HeldDialog extends Element {
  @property({ attribute: false }) heldBy: HeldBy | undefined
  @query('dialog') private dialog!: HTMLDialogElement

  protected override render() {
    return html`<dialog class="scheme-auto" aria-labelledby="held-title" @close=${() => this.say('stay')}>
      <div class="stack">
        <h2 class="subtitle" id="held-title">${t('held-title')}</h2>
        <p>${t('held-lead', { name: this.heldBy?.patient ?? '' })}</p>
        <div class="dialog__answers">
          <button class="button button--quiet" type="button" @click=${() => this.dialog.close()}>${t('cancel')}</button>
          <button class="button button--primary" type="button" data-testid="leave-other" @click=${this.#leave}>
            ${t('held-confirm')}
          </button>
        </div>
      </div>
    </dialog>`
  }

  protected override updated(): void {
    if (this.heldBy && !this.dialog.open) this.dialog.showModal()
    if (!this.heldBy && this.dialog.open) this.dialog.close()
  }

  #leave = () => this.say('leave', this.heldBy)
}
