import { html, nothing } from 'lit'
import { customElement, property } from 'lit/decorators.js'
import type { Clinic } from '../api/types'
import { Element } from '../components/element'
import { icon, type IconName } from '../components/icons'
import { avatar, pageHeader } from '../components/parts'
import type { Login } from './console-api'
import type { Closed } from './entrance'
import { roleOf, w } from './words'

export type Entry = 'opening' | 'link' | 'choose' | Closed

const MARKS: Partial<Record<Entry, IconName>> = { network: 'network-off', server: 'clock', 'logged-out': 'leave' }

/** Before the console: one button for a link, and plain words when there is none. Says `open`, `retry`, `pick` or `other`. */
@customElement('shinsatsu-entry-page')
export class EntryPage extends Element {
  @property() entry: Entry = 'opening'
  @property({ attribute: false }) clinic: Clinic | undefined
  @property({ attribute: false }) logins: Login[] = []
  @property({ type: Boolean }) busy = false
  /** Whether there is a link that is still good when nobody answers. */
  @property({ type: Boolean }) linked = false

  protected override render() {
    return html`<div class="narrow">
      ${pageHeader(this.clinic)}
      <main class="page--told" id="main">${this.#page()}</main>
    </div>`
  }

  #page() {
    switch (this.entry) {
      case 'opening':
        return html`<h1 class="visually-hidden">${w('opening')}</h1>`
      case 'link':
        return html`${this.#words(icon('people'), w('console'), w('link-lead'))} ${this.#open(w('open-console'))}`
      case 'choose':
        return html`${this.#words(icon('people'), w('choose'), w('choose-lead'))} ${this.#people()}
        ${this.#other()}`
      default:
        return html`${this.#words(icon(MARKS[this.entry] ?? 'link'), w(`closed-${this.entry}`), this.#lead(this.entry))}
        ${this.#next()}`
    }
  }

  #lead(entry: Closed): string {
    return entry === 'network' && !this.linked ? w('trouble-lead-network') : w(`closed-${entry}-lead`)
  }

  #words(mark: unknown, title: string, lead: string) {
    return html`<div class="stack">
      <span class="avatar avatar--large">${mark}</span>
      <h1 class="title" tabindex="-1">${title}</h1>
      <p class="lines">${lead}</p>
    </div>`
  }

  #open(words: string) {
    return html`<div class="action">
      <button
        class="button button--primary button--large button--wide"
        type="button"
        data-testid="open-console"
        ?disabled=${this.busy}
        @click=${() => this.say('open')}
      >
        ${words}
      </button>
    </div>`
  }

  #next() {
    if (this.entry === 'network' || this.entry === 'server') {
      return html`<div class="action">
        <button
          class="button button--primary button--large button--wide"
          type="button"
          ?disabled=${this.busy}
          @click=${() => this.say('retry')}
        >
          ${icon('refresh')} ${w('retry')}
        </button>
      </div>`
    }
    return this.logins.length > 0 ? this.#people() : nothing
  }

  #other() {
    return html`<button class="button button--wide" type="button" data-testid="login-other" @click=${() => this.say('other')}>
      ${w('login-other')}
    </button>`
  }

  #people() {
    return html`<ul class="stack stack--close">
      ${this.logins.map(
        (login) => html`<li>
          <button
            class="button button--quiet button--large button--wide"
            type="button"
            data-testid="login"
            @click=${() => this.say('pick', login)}
          >
            ${avatar(login.displayName)}<span>${w('go-on-as', { name: login.displayName })}</span>
            <span class="badge badge--accent">${roleOf(login)}</span>
          </button>
        </li>`,
      )}
    </ul>`
  }
}
