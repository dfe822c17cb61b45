import { html, nothing } from 'lit'
import { customElement, property } from 'lit/decorators.js'
import type { Consultation } from '../call/consultation'
import { t } from '../i18n'
import type { LocalMedia } from '../media/local-media'
import { Element } from './element'
import { icon, type IconName } from './icons'
import { languageToggle } from './parts'

/** What is said on the upper edge of the stage for as long as it is so. Says `people` and `start-sound`. */
@customElement('shinsatsu-call-top')
export class CallTop extends Element {
  @property({ attribute: false }) consultation!: Consultation
  @property({ attribute: false }) media!: LocalMedia
  @property({ type: Number }) version = 0
  @property({ type: Boolean }) peopleOpen = false
  @property({ type: Boolean }) soundBlocked = false

  protected override render() {
    const { consultation: c } = this
    const isPatient = c.grant.userType === 'patient'
    return html`<div class="call__top">
      ${isPatient ? [this.#people(), languageToggle('chip')] : nothing}
      ${c.phase === 'joining' ? said('network', t('connecting')) : nothing}
      ${c.listensOnly ? said('info', t('listen-only')) : this.#microphone()}
      ${c.isSharing ? said('screen', t('you-show-screen')) : nothing}
      ${this.soundBlocked ? this.#sound() : nothing}
    </div>`
  }

  #people() {
    const count = this.consultation.others.length + 1
    return html`<button
      class="chip"
      type="button"
      data-testid="participants"
      aria-expanded=${this.peopleOpen}
      aria-controls="people"
      aria-keyshortcuts="P"
      @click=${() => this.say('people')}
    >
      ${icon('people')} ${count > 1 ? t('people-count', { count }) : t('people-alone')}
    </button>`
  }

  #microphone() {
    return this.media.started && this.media.audioMuted ? said('mic-off', this.#silent(), 'mic') : nothing
  }

  /** Why one is not heard. */
  #silent(): string {
    if (this.media.problems.audio) return t('mic-unheard')
    const by = this.consultation.own?.mutedBy?.audio
    return by ? t('held-audio', { name: by.displayName }) : t('mic-off')
  }

  #sound() {
    return html`<button class="button button--primary" type="button" @click=${() => this.say('start-sound')}>
      ${icon('sound')} ${t('start-sound')}
    </button>`
  }
}

function said(shape: IconName, words: string, about?: 'mic') {
  return html`<p class="chip chip--said" data-about=${about ?? nothing}>${icon(shape)} ${words}</p>`
}
