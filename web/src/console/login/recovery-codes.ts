import { html } from 'lit'
import { customElement, property, state } from 'lit/decorators.js'
import { Element } from '../../components/element'
import { icon } from '../../components/icons'
import '../copy-button'
import { sign } from '../icons'
import { w } from '../words'

/** The codes for when everything else is lost, shown this once: to copy, print or save. Says `kept`. */
@customElement('shinsatsu-recovery-codes')
export class RecoveryCodes extends Element {
  @property({ attribute: false }) codes: string[] = []
  @state() private kept = false
  @state() private missing = false

  protected override render() {
    return html`<div class="stack">
      <ol class="codes" data-testid="recovery-codes" aria-label=${w('codes')}>
        ${this.codes.map((code) => html`<li><code>${code}</code></li>`)}
      </ol>
      <div class="row no-print">
        <shinsatsu-copy-button .text=${this.codes.join('\n')}></shinsatsu-copy-button>
        <button class="button button--quiet" type="button" @click=${() => print()}>${sign('print')} ${w('print')}</button>
        <a class="button button--quiet" download="recovery-codes.txt" href=${this.#file()}
          >${sign('save')} ${w('save-file')}</a
        >
      </div>
      <form class="stack no-print" @submit=${this.#submit} novalidate>
        <div class="stack stack--close">
          <label class="choice"
            ><input
              type="checkbox"
              id="kept"
              data-testid="recovery-kept"
              aria-describedby=${this.missing ? 'kept-error' : ''}
              aria-invalid=${this.missing}
              .checked=${this.kept}
              @change=${(event: Event) => this.#tick((event.target as HTMLInputElement).checked)}
            />${w('codes-kept')}</label
          >
          ${
            this.missing
              ? html`<p class="field__error" id="kept-error" role="alert">
                  ${icon('info')}<span>${w('codes-not-kept')}</span>
                </p>`
              : ''
          }
        </div>
        <button class="button button--primary button--large button--wide" type="submit" data-testid="recovery-done">
          ${w('codes-done')}
        </button>
      </form>
    </div>`
  }

  #file(): string {
    const text = [w('codes-file'), '', ...this.codes, ''].join('\n')
    return `data:text/plain;charset=utf-8,${encodeURIComponent(text)}`
  }

  #tick(kept: boolean): void {
    this.kept = kept
    if (kept) this.missing = false
  }

  #submit = (event: Event) => {
    event.preventDefault()
    this.missing = !this.kept
    if (this.kept) this.say('kept')
    else this.querySelector<HTMLElement>('#kept')!.focus()
  }
}
