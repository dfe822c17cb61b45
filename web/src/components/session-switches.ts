import { html, nothing } from 'lit'
import { customElement, property } from 'lit/decorators.js'
import type { Consultation } from '../call/consultation'
import { t } from '../i18n'
import { Element } from './element'
import { icon, type IconName } from './icons'
import { once } from './press'

/** What holds for everybody in the session at once; whatever one may not switch is not there. */
@customElement('shinsatsu-session-switches')
export class SessionSwitches extends Element {
  @property({ attribute: false }) consultation!: Consultation
  @property({ type: Number }) version = 0

  protected override render() {
    const { consultation: c } = this
    const { locked, screenShareAllowed } = c.room.session
    const switches = [
      c.may('lock') ? this.#switch('lock', 'lock', 'lock', locked, (on) => c.moderation.lock(on)) : nothing,
      c.may('mute_others')
        ? this.#switch('allow-share', 'screen-share', 'screen', screenShareAllowed, (on) =>
            c.moderation.allowScreenShare(on),
          )
        : nothing,
    ]
    if (!c.may('lock') && !c.may('mute_others')) return nothing
    return html`<div class="switches">
      ${switches}
      ${c.may('mute_others') && c.others.length > 0 ? this.#muteAll() : nothing}
    </div>`
  }

  #switch(words: 'lock' | 'allow-share', command: string, shape: IconName, on: boolean, set: (on: boolean) => unknown) {
    return html`<button
      class="switch"
      type="button"
      role="switch"
      data-testid=${command}
      aria-checked=${on}
      aria-disabled=${this.consultation.moderation.isRunning(command) ? 'true' : nothing}
      @click=${once(() => void set(!on))}
    >
      ${icon(shape)} <span>${t(words)}</span>
      <span class="switch__track" aria-hidden="true"></span>
    </button>`
  }

  #muteAll() {
    return html`<button
      class="button button--quiet"
      type="button"
      data-testid="mute-all"
      aria-disabled=${this.consultation.moderation.isRunning('mute-all') ? 'true' : nothing}
      @click=${once(() => void this.consultation.moderation.muteAll())}
    >
      ${icon('mic-off')} <span>${t('mute-all')}</span>
    </button>`
  }
}
