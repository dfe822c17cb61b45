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
  /** What on the upper edge says the same for as long as it is so: that comes after this. */
  instead?: 'mic'
  /** Shown until it is closed or no longer holds; else for some seconds. */
  stays?: boolean
}

const SHOWN_MS = 7_000
/** What has waited longer than this behind others is no news any more. */
const QUEUED_MS = 20_000
/** Where one at a time is enough to cover. */
const NARROW = '(max-width: 30rem)'

/**
 * Short announcements that screen readers hear too; each goes by itself or when it is closed. Nothing takes the focus.
 * On phones the newest is shown alone, and none while it would lie over something else: the others queue.
 */
@customElement('shinsatsu-banners')
export class Banners extends Element {
  /** Counts changes of what the banners are about. */
  @property({ type: Number }) version = 0
  /** Something else is open where the banners would lie. */
  @property({ type: Boolean }) held = false
  @state() private shown: Banner[] = []
  readonly #narrow = matchMedia(NARROW)
  readonly #resized = () => this.requestUpdate()
  #timers = new Map<Banner, { visible: boolean; timer: ReturnType<typeof setTimeout> }>()

  show(banner: Banner): void {
    this.shown = [...this.shown.filter((other) => other.words !== banner.words && holds(other)), banner].slice(-3)
  }

  override connectedCallback(): void {
    super.connectedCallback()
    this.#narrow.addEventListener('change', this.#resized)
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    this.#narrow.removeEventListener('change', this.#resized)
    for (const { timer } of this.#timers.values()) clearTimeout(timer)
    this.#timers.clear()
  }

  get #visible(): Banner[] {
    const all = this.shown.filter(holds)
    if (!this.#narrow.matches) return all
    return this.held ? [] : all.slice(-1)
  }

  /** Each is timed from the moment it is to be seen. */
  protected override updated(): void {
    const visible = this.#visible
    for (const [banner, { timer }] of this.#timers) {
      if (this.shown.includes(banner)) continue
      clearTimeout(timer)
      this.#timers.delete(banner)
    }
    for (const banner of this.shown) if (!banner.stays) this.#time(banner, visible.includes(banner))
  }

  #time(banner: Banner, visible: boolean): void {
    const running = this.#timers.get(banner)
    if (running?.visible === visible) return
    clearTimeout(running?.timer)
    const timer = setTimeout(() => this.#close(banner), visible ? SHOWN_MS : QUEUED_MS)
    this.#timers.set(banner, { visible, timer })
  }

  protected override render() {
    return html`<div class="banners call__banners scheme-auto" role="status" aria-live="polite">
      ${this.#visible.map(
        (banner) => html`<div class=${looks(banner)} data-instead=${banner.instead ?? nothing}>
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
