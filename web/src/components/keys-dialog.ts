import { html } from 'lit'
import { customElement } from 'lit/decorators.js'
import { type Key, t } from '../i18n'
import { Element } from './element'
import { icon } from './icons'

const KEYS: [string, Key][] = [
  ['M', 'keys-mic'],
  ['V', 'keys-camera'],
  ['S', 'keys-screen'],
  ['P', 'keys-people'],
  ['Esc', 'keys-escape'],
  ['?', 'keys-help'],
]

/** The list of keys. */
@customElement('shinsatsu-keys-dialog')
export class KeysDialog extends Element {
  toggle(): void {
    const dialog = this.querySelector('dialog')!
    if (dialog.open) dialog.close()
    else dialog.showModal()
  }

  protected override render() {
    return html`<dialog class="scheme-auto" aria-labelledby="keys-title">
      <div class="stack">
        <div class="row row--apart">
          <h2 class="subtitle" id="keys-title">${t('keys')}</h2>
          <button class="button button--icon" type="button" aria-label=${t('close')} @click=${() => this.toggle()}>
            ${icon('x')}
          </button>
        </div>
        <dl class="keys">
          ${KEYS.map(([key, words]) => html`<dt class="key">${key}</dt><dd>${t(words)}</dd>`)}
        </dl>
        <p class="note">${t('keys-note')}</p>
      </div>
    </dialog>`
  }
}
