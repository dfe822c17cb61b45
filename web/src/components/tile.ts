import { html, nothing } from 'lit'
import { customElement, property } from 'lit/decorators.js'
import { t } from '../i18n'
import { Element } from './element'
import { icon } from './icons'
import { avatar } from './parts'
import { mayFill } from './tiling'

/**
 * One remote picture; its sound is the speaker's, so that the picture may always start by itself. It keeps showing its
 * last frame while a connection is renewed: the element's stream is changed only when the next track is there.
 */
@customElement('shinsatsu-tile')
export class Tile extends Element {
  @property() name = ''
  @property({ type: Boolean }) screen = false
  @property({ type: Boolean }) audioMuted = false
  @property({ type: Boolean }) videoMuted = false
  @property({ type: Boolean }) away = false
  @property({ attribute: false }) video: MediaStreamTrack | undefined
  #observer = new ResizeObserver(() => this.#fit())

  override connectedCallback(): void {
    super.connectedCallback()
    this.#observer.observe(this)
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    this.#observer.disconnect()
  }

  protected override render() {
    const label = t(this.screen ? 'screen-of' : 'video-of', { name: this.name })
    return html`
      <video data-testid="remote-video" autoplay playsinline muted aria-label=${label} @resize=${this.#fit}></video>
      ${this.videoMuted && !this.screen ? this.#absent() : nothing}
      <p class="tile__name"><b>${this.name}</b>${this.#marks()}</p>
    `
  }

  protected override updated(): void {
    const element = this.querySelector('video')!
    const [shown] = (element.srcObject as MediaStream | null)?.getTracks() ?? []
    if (!this.video || this.video === shown) return
    element.muted = true
    element.srcObject = new MediaStream([this.video])
    element.play().catch(() => undefined)
  }

  #fit = () => {
    const video = this.querySelector('video')
    if (!video) return
    const picture = { width: video.videoWidth, height: video.videoHeight }
    video.classList.toggle('whole', !mayFill(picture, { width: this.clientWidth, height: this.clientHeight }))
  }

  #absent() {
    return html`<div class="tile__absent">${avatar(this.name, true)}<p>${t('camera-off-short')}</p></div>`
  }

  #marks() {
    if (this.away)
      return html`<span class="mark mark--warning">${icon('network-off')} ${t('status-reconnecting')}</span>`
    if (this.screen) return html`<span class="mark">${icon('screen')} ${t('shows-screen')}</span>`
    if (!this.audioMuted) return nothing
    return html`<span class="mark mark--warning"
      >${icon('mic-off')}<span class="visually-hidden">${t('mic-is-off')}</span></span
    >`
  }
}
