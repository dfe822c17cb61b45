import { html, nothing } from 'lit'
import { customElement, property, state } from 'lit/decorators.js'
import { Element } from '../components/element'
import { icon } from '../components/icons'
import { w } from './words'

const SHOWN_MS = 3_000

/** Copies a text and says for a moment that it did, or that the browser did not let it. */
@customElement('shinsatsu-copy-button')
export class CopyButton extends Element {
  @property() text = ''
  @property() words = ''
  @state() private outcome: 'copied' | 'copy-failed' | undefined
  #timer: ReturnType<typeof setTimeout> | undefined

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    clearTimeout(this.#timer)
  }

  protected override render() {
    const { outcome } = this
    return html`<button class="button button--quiet" type="button" @click=${() => void this.#copy()}>
        ${icon(outcome === 'copied' ? 'check' : 'copy')} ${outcome ? w(outcome) : this.words || w('copy')}
      </button>
      <span class="visually-hidden" role="status">${outcome ? w(outcome) : nothing}</span>`
  }

  async #copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(this.text)
      this.outcome = 'copied'
    } catch {
      this.outcome = 'copy-failed'
    }
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => (this.outcome = undefined), SHOWN_MS)
  }
}
