import { html, nothing } from 'lit'
import { customElement, property } from 'lit/decorators.js'
import { Element } from '../../components/element'
import { icon } from '../../components/icons'
import { shortTime, w } from '../words'

/** A minute before the logoff. Any input stays logged in; the button is for whoever wants to be told so. */
@customElement('shinsatsu-idle-warning')
export class IdleWarning extends Element {
  /** Seconds that are left; undefined while there is nothing to warn of. */
  @property({ type: Number }) left: number | undefined

  protected override render() {
    const { left } = this
    if (left === undefined) return nothing
    return html`<dialog
      role="alertdialog"
      aria-labelledby="idle-title"
      aria-describedby="idle-lead"
      data-testid="idle-warning"
      @cancel=${(event: Event) => event.preventDefault()}
    >
      <div class="stack">
        <h2 class="subtitle row" id="idle-title">${icon('clock')} ${w('idle-title')}</h2>
        <p id="idle-lead">${w('idle-lead')}</p>
        <p class="idle__left" aria-hidden="true">${shortTime(left)}</p>
        <div class="dialog__answers">
          <button class="button button--quiet" type="button" @click=${() => this.say('log-out')}>${w('log-out')}</button>
          <button class="button button--primary" type="button" data-testid="stay-logged-in">${w('idle-stay')}</button>
        </div>
      </div>
    </dialog>`
  }

  protected override updated(): void {
    const dialog = this.querySelector('dialog')
    if (dialog && !dialog.open) {
      dialog.showModal()
      dialog.querySelector<HTMLElement>('.button--primary')?.focus()
    }
  }
}
