import { html } from 'lit'
import { customElement, property } from 'lit/decorators.js'
import type { Clinic } from '../api/types'
import { Element } from '../components/element'
import { icon } from '../components/icons'
import { languageToggle } from '../components/parts'
import './account-menu'
import type { ArrivalBell } from './arrival-bell'
import type { Login } from './console-api'
import { sign } from './icons'
import { w } from './words'

/** Always there: the clinic, the bell, the language, who I am and the way out. Says `bell` and `log-out`. */
@customElement('shinsatsu-console-header')
export class ConsoleHeader extends Element {
  @property({ attribute: false }) clinic: Clinic | undefined
  @property({ attribute: false }) login!: Login
  @property({ attribute: false }) bell!: ArrivalBell
  /** The page that is shown. */
  @property() page = ''
  @property({ type: Number }) version = 0

  protected override render() {
    return html`<a class="skip" href="#main">${w('skip')}</a>
      <header class="bar bar--line">
        <a class="brand" href="/console">
          <span class="brand__mark" aria-hidden="true">診</span>
          <span class="brand__name">${this.clinic?.name ?? w('console')}</span>
        </a>
        <div class="bar__end row">
          ${this.#bell()} ${languageToggle('button')}
          <shinsatsu-account-menu .login=${this.login} .page=${this.page}></shinsatsu-account-menu>
          <button
            class="button button--quiet button--out"
            type="button"
            data-testid="log-out"
            @click=${() => this.say('log-out')}
          >
            ${icon('leave')} <span>${w('log-out')}</span>
          </button>
        </div>
      </header>`
  }

  #bell() {
    const { on, held } = this.bell
    return html`<button
      class="button button--bell ${held ? 'button--asks' : ''}"
      type="button"
      data-testid="bell"
      @click=${() => this.say('bell')}
    >
      ${on ? icon('bell') : sign('bell-off')} <span>${w(held ? 'bell-held' : on ? 'bell-on' : 'bell-off')}</span>
    </button>`
  }
}
