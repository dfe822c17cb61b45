import { html } from 'lit'
import { customElement, property, state } from 'lit/decorators.js'
import type { Clinic } from '../api/types'
import { emblem } from '../components/emblem'
import { Element } from '../components/element'
import { icon } from '../components/icons'
import { pageHeader } from '../components/parts'
import { t } from '../i18n'
import { mediaSupported } from '../media/devices'

/** The link's first page: the clinic's name and one button. Says `get-ready` when it is pressed. */
@customElement('shinsatsu-link-page')
export class LinkPage extends Element {
  @property({ attribute: false }) clinic: Clinic | undefined
  @property({ type: Boolean }) busy = false
  @state() private unsupported = !mediaSupported()
  @state() private copied = false

  protected override render() {
    return html`<div class="narrow">
      ${pageHeader(this.clinic, false)}
      <main class="page--welcome">${emblem}${this.unsupported ? this.#inApp() : this.#welcome()}</main>
    </div>`
  }

  #welcome() {
    return html`<div class="stack">
        <p class="note">${t('online')}</p>
        <h1 class="title">${this.clinic?.name ?? t('online')}</h1>
        <p class="lines">${t('get-ready-lead')}</p>
      </div>
      <div class="action">
        <button
          class="button button--primary button--large button--wide"
          type="button"
          data-testid="get-ready"
          ?disabled=${this.busy}
          @click=${this.#getReady}
        >
          ${t('get-ready')}
        </button>
        <p class="note">${t('no-app')}</p>
      </div>`
  }

  #inApp() {
    return html`<div class="stack">
      <h1 class="title">${t('in-app')}</h1>
      <p>${t('in-app-lead')}</p>
      <ol class="card card--tight stack howto">
        <li class="person"><span class="avatar" aria-hidden="true">1</span> ${t('in-app-step-1')}</li>
        <li class="person"><span class="avatar" aria-hidden="true">2</span> ${t('in-app-step-2')}</li>
      </ol>
      <button class="button button--quiet button--large button--wide" type="button" @click=${this.#copy}>
        ${icon('copy')} <span role="status">${t(this.copied ? 'copied' : 'copy-link')}</span>
      </button>
    </div>`
  }

  #getReady = () => {
    // The link is used up by what follows: first make sure that this browser can hold the consultation at all.
    this.unsupported = !mediaSupported()
    if (!this.unsupported) this.say('get-ready')
  }

  #copy = async () => {
    await navigator.clipboard?.writeText(location.href).then(
      () => (this.copied = true),
      () => undefined,
    )
  }
}
