import { html, nothing } from 'lit'
import { customElement, property } from 'lit/decorators.js'
import { t } from '../i18n'
import { Element } from './element'
import { icon } from './icons'
import { avatar } from './parts'

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

  protected override render() {
    const label = t(this.screen ? 'screen-of' : 'video-of', { name: this.name })
    return html`
      <video data-testid="remote-video" autoplay playsinline muted aria-label=${label}></video>
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
