import { html } from 'lit'
import { customElement, property } from 'lit/decorators.js'
import { t } from '../i18n'
import type { LocalMedia } from '../media/local-media'
import { Element } from './element'
import { icon } from './icons'

/** One's own picture before anybody else sees it, or the words for there being none. */
@customElement('shinsatsu-preview')
export class Preview extends Element {
  @property({ attribute: false }) media!: LocalMedia
  @property({ type: Number }) version = 0
  /** Says on the picture that nobody sees it yet. */
  @property({ type: Boolean }) named = false

  protected override render() {
    if (!this.media.device('video')) {
      return html`<div class="tile preview">
        <div class="tile__absent">
          ${icon('video-off')}
          <p>${t(this.media.started ? 'camera-none-shown' : 'camera-asking')}</p>
        </div>
      </div>`
    }
    return html`<div class="tile tile--mirrored preview">
      <video autoplay playsinline muted aria-hidden="true"></video>
      ${this.named ? html`<p class="tile__name"><b>${t('you')}</b> ${t('no-one-sees')}</p>` : ''}
    </div>`
  }

  protected override updated(): void {
    const video = this.querySelector('video')
    const track = this.media.device('video')
    if (!video || !track) return
    const shown = (video.srcObject as MediaStream | null)?.getTracks()[0]
    if (shown !== track) video.srcObject = new MediaStream([track])
    video.muted = true
  }
}
