import { html, nothing } from 'lit'
import { customElement, property } from 'lit/decorators.js'
import type { Clinic } from '../api/types'
import type { Trouble } from '../call/trouble-watch'
import { t } from '../i18n'
import { Element } from './element'
import { icon } from './icons'
import { phoneButton } from './parts'
import { Ticker } from './ticker'

const LONG_AFTER_SECONDS = 20

/** The connection is lost: since when, what to do, and after a while the other ways. Says `retry`. */
@customElement('shinsatsu-trouble-card')
export class TroubleCard extends Element {
  @property({ attribute: false }) trouble!: Trouble
  @property({ attribute: false }) clinic: Clinic | undefined
  protected readonly ticker = new Ticker(this)

  protected override render() {
    const seconds = Math.max(0, Math.floor((Date.now() - this.trouble.since) / 1000))
    return html`<div class="trouble">
      <div class="card stack trouble__card scheme-auto">
        <div role="alert" class="stack stack--close">
          <p class="row trouble__kind">${icon('network-off')} <b>${t(`trouble-${this.trouble.cause}`)}</b></p>
          <h2 class="title">${t('reconnecting')}</h2>
        </div>
        <p role="timer">
          <span class="trouble__seconds">${t('seconds', { count: seconds })}</span>
          <span class="note">${t('passed')}</span>
        </p>
        ${seconds < LONG_AFTER_SECONDS ? this.#calm() : this.#long()}
        ${phoneButton(this.clinic, t('call'))}
      </div>
    </div>`
  }

  #calm() {
    return html`<p class="trouble__stay">${t('trouble-stay')}</p>
      <ul class="rows trouble__tips">
        <li class="rows__item">${icon('network')} <span>${t('trouble-wifi')}</span></li>
        <li class="rows__item">${icon('refresh')} <span>${t('trouble-plane')}</span></li>
      </ul>`
  }

  #long() {
    return html`<p>${t('trouble-long')}</p>
      <button
        class="button button--primary button--large button--wide"
        type="button"
        @click=${() => this.say('retry')}
      >
        ${icon('refresh')} ${t('try-again')}
      </button>`
  }
}

/** The server is out of hearing, but sound and picture go on: one line, nothing covered. */
export function troubleStrip(trouble: Trouble | undefined) {
  if (trouble?.cause !== 'server') return nothing
  return html`<p class="banner banner--warning trouble-strip scheme-auto" role="alert">
    ${icon('network-off')}<span><strong>${t('trouble-server')}</strong>${t('trouble-server-lead')}</span>
  </p>`
}
