import { html } from 'lit'
import { customElement, state } from 'lit/decorators.js'
import { t } from '../i18n'
import { Element } from './element'
import { icon, type IconName } from './icons'

export interface Banner {
  icon: IconName
  words: string
  more?: string
  kind?: 'warning' | 'danger'
}

const SHOWN_MS = 7_000

/** Short announcements that screen readers hear too; each goes by itself or when it is closed. Nothing takes the focus. */
@customElement('shinsatsu-banners')
export class Banners extends Element {
  @state() private shown: Banner[] = []

  show(banner: Banner): void {
    this.shown = [...this.shown.filter((other) => other.words !== banner.words), banner].slice(-3)
    setTimeout(() => this.#close(banner), SHOWN_MS)
  }

  protected override render() {
    return html`<div class="banners call__banners scheme-auto" role="status" aria-live="polite">
      ${this.shown.map(
        (banner) => html`<div class="banner banner--toast ${banner.kind ? `banner--${banner.kind}` : ''}">
          ${icon(banner.icon)}<span><strong>${banner.words}</strong>${banner.more ?? ''}</span>
          <button
            class="button button--icon"
            type="button"
            aria-label=${t('close')}
            @click=${() => this.#close(banner)}
          >
            ${icon('x')}
          </button>
        </div>`,
      )}
    </div>`
  }

  #close(banner: Banner): void {
    this.shown = this.shown.filter((other) => other !== banner)
  }
}
