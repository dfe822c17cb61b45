import { html, nothing } from 'lit'
import { customElement, property, state } from 'lit/decorators.js'
import { t } from '../i18n'
import { Element } from './element'
import { icon } from './icons'

const STORED_AS = 'shinsatsu.self'

/** The corner nearest to a point, in shares of width and height. */
export function nearestCorner(x: number, y: number): string {
  return `${y < 0.5 ? 'top' : 'bottom'} ${x < 0.5 ? 'left' : 'right'}`
}

/** The corner an arrow key leads to. */
export function cornerAfter(corner: string, key: string): string {
  const [vertical, horizontal] = corner.split(' ')
  if (key === 'ArrowUp' || key === 'ArrowDown') return `${key === 'ArrowUp' ? 'top' : 'bottom'} ${horizontal}`
  return `${vertical} ${key === 'ArrowLeft' ? 'left' : 'right'}`
}

/**
 * One's own picture, mirrored. Floating, it is small and keeps to a corner of the stage, dragged there or sent by arrow
 * keys; otherwise it is a tile among the others.
 */
@customElement('shinsatsu-self-view')
export class SelfView extends Element {
  @property({ attribute: false }) track: MediaStreamTrack | undefined
  @property({ type: Boolean }) audioMuted = false
  @property({ type: Boolean }) floats = false
  @state() private corner = sessionStorage.getItem(STORED_AS) ?? 'bottom right'

  protected override render() {
    return html`<div
      class="tile tile--mirrored ${this.floats ? 'self' : 'tile--camera'}"
      role="group"
      tabindex=${this.floats ? 0 : nothing}
      aria-label=${t(this.floats ? 'self-label' : 'self-tile')}
      data-corner=${this.corner}
      @keydown=${this.#key}
      @pointerdown=${this.#grab}
    >
      <video data-testid="self-video" autoplay playsinline muted aria-hidden="true"></video>
      ${this.track ? nothing : html`<div class="tile__absent">${icon('video-off')}<p>${t('camera-off-short')}</p></div>`}
      <p class="tile__name">
        <b>${t('you')}</b>
        ${
          this.audioMuted
            ? html`<span class="mark mark--warning">${icon('mic-off')}<span class="visually-hidden">${t('mic-is-off')}</span></span>`
            : nothing
        }
      </p>
    </div>`
  }

  protected override updated(): void {
    const video = this.querySelector('video')!
    const shown = (video.srcObject as MediaStream | null)?.getTracks()[0]
    if (shown !== this.track) video.srcObject = this.track ? new MediaStream([this.track]) : null
    video.muted = true
  }

  #move(corner: string): void {
    this.corner = corner
    sessionStorage.setItem(STORED_AS, corner)
  }

  #key = (event: KeyboardEvent) => {
    if (!this.floats || !event.key.startsWith('Arrow')) return
    event.preventDefault()
    this.#move(cornerAfter(this.corner, event.key))
  }

  #grab = (event: PointerEvent) => {
    if (!this.floats) return
    const tile = event.currentTarget as HTMLElement
    const stage = tile.offsetParent as HTMLElement
    tile.setPointerCapture(event.pointerId)
    const drag = (now: PointerEvent) => {
      tile.dataset['dragged'] = ''
      tile.style.translate = `${now.clientX - event.clientX}px ${now.clientY - event.clientY}px`
    }
    const drop = (now: PointerEvent) => {
      tile.removeEventListener('pointermove', drag)
      delete tile.dataset['dragged']
      tile.style.translate = ''
      const area = stage.getBoundingClientRect()
      this.#move(nearestCorner((now.clientX - area.left) / area.width, (now.clientY - area.top) / area.height))
    }
    tile.addEventListener('pointermove', drag)
    tile.addEventListener('pointerup', drop, { once: true })
    tile.addEventListener('pointercancel', drop, { once: true })
  }
}
