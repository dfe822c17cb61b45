import { html, nothing } from 'lit'
import { customElement, state } from 'lit/decorators.js'
import { Element } from '../../components/element'
import '../login/recovery-codes'
import { w } from '../words'

/** New recovery codes, shown this once. */
@customElement('shinsatsu-codes-dialog')
export class CodesDialog extends Element {
  @state() private codes: string[] | undefined

  show(codes: string[]): void {
    this.codes = codes
    void this.updateComplete.then(() => this.querySelector('dialog')!.showModal())
  }

  protected override render() {
    if (!this.codes) return nothing
    return html`<dialog aria-labelledby="codes-title" aria-describedby="codes-lead" @close=${this.#closed}>
      <div class="stack">
        <h2 class="subtitle" id="codes-title">${w('step-codes')}</h2>
        <p class="lines" id="codes-lead">${w('step-lead-codes')}</p>
        <shinsatsu-recovery-codes .codes=${this.codes} @kept=${() => (this.codes = undefined)}></shinsatsu-recovery-codes>
      </div>
    </dialog>`
  }

  /** Closed by the keyboard, they are not kept yet. */
  #closed = (event: Event) => {
    if (this.codes) (event.target as HTMLDialogElement).showModal()
  }
}
