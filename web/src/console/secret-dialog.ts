import { html, nothing } from 'lit'
import { customElement, state } from 'lit/decorators.js'
import { Element } from '../components/element'
import { sign } from './icons'
import './copy-button'
import { w } from './words'

export interface Secret {
  title: string
  lead: string
  secret: string
  testid: string
}

/** Shows once what is shown only once; it is left by its button, so that no stray press loses it. */
@customElement('shinsatsu-secret-dialog')
export class SecretDialog extends Element {
  @state() private shown: Secret | undefined

  show(secret: Secret): void {
    this.shown = secret
    void this.updateComplete.then(() => {
      this.querySelector('dialog')!.showModal()
      this.querySelector<HTMLElement>('#secret-title')!.focus()
    })
  }

  protected override render() {
    const { shown } = this
    if (!shown) return nothing
    return html`<dialog
      class="dialog--wide"
      aria-labelledby="secret-title"
      aria-describedby="secret-lead"
      @close=${this.#closed}
    >
      <div class="stack">
        <h2 class="subtitle row" id="secret-title" tabindex="-1">${sign('key')} ${shown.title}</h2>
        <p class="lines" id="secret-lead">${shown.lead}</p>
        <code class="secret__text secret__text--long" data-testid=${shown.testid}>${shown.secret}</code>
        <div class="dialog__answers">
          <shinsatsu-copy-button .text=${shown.secret}></shinsatsu-copy-button>
          <button
            class="button button--primary"
            type="button"
            data-testid="secret-kept"
            @click=${() => (this.shown = undefined)}
          >
            ${w('secret-kept')}
          </button>
        </div>
      </div>
    </dialog>`
  }

  /** Closed by the keyboard, it was not left by its button. */
  #closed = (event: Event) => {
    if (this.shown) (event.target as HTMLDialogElement).showModal()
  }
}
