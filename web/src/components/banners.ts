import { html, nothing } from 'lit'
import { customElement, property, state } from 'lit/decorators.js'
import { t } from '../i18n'
import { Element } from './element'
import { icon, type IconName } from './icons'
import { once } from './press'

export interface Banner {
  icon: IconName
  words: string
  more?: string
  kind?: 'warning' | 'danger'
  /** What can be done about it at once. */
  action?: { words: string; act(): void }
  /** Whether it is still so; what no longer holds is no longer shown. */
  holds?(): boolean
  /** Shown until it is closed or no longer holds; else for some seconds. */
  stays?: boolean
}

const SHOWN_MS = 7_000

/** Short announcements that screen readers hear too; each goes by itself or when it is closed. Nothing takes the focus. */
@customElement('shinsatsu-banners')
export class Banners extends Element {
  /** Counts changes of what the banners are about. */
  @property({ type: Number }) version = 0
  @state() private shown: Banner[] = []

  show(banner: Banner): void {
    this.shown = [...this.shown.filter((other) => other.words !== banner.words && holds(other)), banner].slice(-3)
    if (!banner.stays) setTimeout(() => this.#close(banner), SHOWN_MS)
  }

  protected override render() {
    return html`<div class="banners call__banners scheme-auto" role="status" aria-live="polite">
      ${this.shown.filter(holds).map(
        (banner) => html`<div class=${looks(banner)}>
          ${icon(banner.icon)}<span><strong>${banner.words}</strong>${banner.more ?? ''}</span>
          ${banner.action ? this.#action(banner, banner.action) : nothing}
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

  #action(banner: Banner, { words, act }: NonNullable<Banner['action']>) {
    return html`<button
      class="button button--primary"
      type="button"
      @click=${once(() => {
        act()
        this.#close(banner)
      })}
    >
      ${words}
    </button>`
  }

  #close(banner: Banner): void {
    this.shown = this.shown.filter((other) => other !== banner)
  }
}

function looks(banner: Banner): string {
  return ['banner banner--toast', banner.kind && `banner--${banner.kind}`, banner.action && 'banner--acting']
    .filter(Boolean)
    .join(' ')
}

function holds(banner: Banner): boolean {
  return banner.holds?.() ?? true
}
