import { html, nothing } from 'lit'
import { customElement, property } from 'lit/decorators.js'
import { t } from '../i18n'
import { Element } from './element'
import { icon, type IconName } from './icons'

/** What the bar shows; everything a person may not do is simply not there. */
export interface ControlState {
  /** A guest who sends nothing. */
  listensOnly: boolean
  microphoneOn: boolean
  cameraOn: boolean
  sharing: boolean
  mayShare: boolean
  /** The clinic has switched sharing off for now: the button stays and says so. */
  sharePaused: boolean
  mayEnd: boolean
  peopleOpen: boolean
  people: number
  /** How many wait to be let in. */
  waiting: number
  keys: boolean
  /** The list of people is opened from here, not from the stage. */
  listsPeople: boolean
}

/** The control bar. Says `microphone`, `camera`, `screen`, `people`, `leave`, `end`. */
@customElement('shinsatsu-controls')
export class Controls extends Element {
  @property({ attribute: false }) state!: ControlState

  protected override render() {
    const s = this.state
    return html`<div class="controls" role="toolbar" aria-label=${t('controls')}>
      ${s.listensOnly ? nothing : this.#switch('toggle-mic', 'microphone', s.microphoneOn, 'mic', t('microphone'), 'M')}
      ${s.listensOnly ? nothing : this.#switch('toggle-camera', 'camera', s.cameraOn, 'video', t('camera'), 'V')}
      ${s.mayShare || s.sharePaused ? this.#share() : nothing} ${s.listsPeople ? this.#people() : nothing}
      ${this.#danger('leave', 'leave', 'leave', t('leave'), !s.mayEnd)}
      ${s.mayEnd ? this.#danger('end-session', 'end', 'end', t('end-session'), true) : nothing}
    </div>`
  }

  #switch(testid: string, event: string, on: boolean, shape: 'mic' | 'video', name: string, key: string) {
    return html`<button
      class="toggle"
      type="button"
      data-testid=${testid}
      aria-pressed=${on}
      aria-keyshortcuts=${key}
      @click=${() => this.say(event)}
    >
      <span class="toggle__face">${icon(on ? shape : `${shape}-off`)}</span>
      <span>${name} <b>${t(on ? 'toggle-on' : 'toggle-off')}</b></span>${this.#key(key)}
    </button>`
  }

  #share() {
    const { sharing, mayShare } = this.state
    return html`<button
      class="toggle toggle--share desktop-only"
      type="button"
      data-testid="share-screen"
      aria-pressed=${mayShare ? sharing : nothing}
      aria-disabled=${mayShare ? nothing : 'true'}
      aria-keyshortcuts="S"
      @click=${() => this.say('screen')}
    >
      <span class="toggle__face">${icon(mayShare ? 'screen' : 'screen-off')}</span>
      <span>${t(!mayShare ? 'share-paused' : sharing ? 'stop-sharing' : 'share-screen')}</span>${this.#key('S')}
    </button>`
  }

  #people() {
    const { people, waiting } = this.state
    return html`<button
      class="toggle"
      type="button"
      data-testid="participants"
      aria-expanded=${this.state.peopleOpen}
      aria-controls="people"
      aria-keyshortcuts="P"
      @click=${() => this.say('people')}
    >
      <span class="toggle__face">
        ${icon('people')} ${waiting > 0 ? html`<span class="toggle__count" aria-hidden="true">${waiting}</span>` : nothing}
      </span>
      <span>${t('participants')} <b>${people}</b>${waiting > 0 ? this.#waiting() : nothing}</span>${this.#key('P')}
    </button>`
  }

  #waiting() {
    return html`<span class="visually-hidden">, ${t('waiting-room')} ${this.state.waiting}</span>`
  }

  #danger(testid: string, event: string, shape: IconName, name: string, red: boolean) {
    return html`<button
      class="toggle ${red ? 'toggle--danger' : ''}"
      type="button"
      data-testid=${testid}
      @click=${() => this.say(event)}
    >
      <span class="toggle__face">${icon(shape)}</span>
      <span>${name}</span>
    </button>`
  }

  #key(key: string) {
    return this.state.keys ? html`<kbd class="key" aria-hidden="true">${key}</kbd>` : nothing
  }
}
