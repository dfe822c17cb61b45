import { html, nothing } from 'lit'
import { customElement, property, state } from 'lit/decorators.js'
import { Element } from '../components/element'
import { icon } from '../components/icons'
import { avatar } from '../components/parts'
import type { Login } from './console-api'
import { sign } from './icons'
import { roleOf, w } from './words'

/** Who I am, and the pages that are not of the day: one's own account, and for administrators people and keys. */
@customElement('shinsatsu-account-menu')
export class AccountMenu extends Element {
  @property({ attribute: false }) login!: Login
  @property() page = ''
  @state() private open = false

  override connectedCallback(): void {
    super.connectedCallback()
    document.addEventListener('pointerdown', this.#elsewhere)
    this.addEventListener('focusout', this.#left)
    this.addEventListener('keydown', this.#key)
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    document.removeEventListener('pointerdown', this.#elsewhere)
    this.removeEventListener('focusout', this.#left)
    this.removeEventListener('keydown', this.#key)
  }

  protected override render() {
    const { login } = this
    return html`<button
        class="me"
        type="button"
        data-testid="account-menu"
        aria-expanded=${this.open}
        aria-controls="account-menu-pages"
        @click=${() => (this.open = !this.open)}
      >
        ${avatar(login.displayName)}
        <span class="me__who" data-testid="me">
          <span class="person__name">${login.displayName}</span>
          <span class="person__about">${roleOf(login)}</span>
        </span>
        ${icon('chevron')}
      </button>
      <nav class="menu" id="account-menu-pages" aria-label=${w('pages')} ?hidden=${!this.open}>
        <ul>
          ${this.#link('/console', 'day', w('today'), sign('calendar'))}
          ${this.#link('/console/account', 'account', w('account'), icon('identity'))}
          ${
            login.role === 'admin'
              ? html`${this.#link('/console/people', 'people', w('people-page'), icon('people'))}
                ${this.#link('/console/keys', 'keys', w('keys'), sign('key'))}`
              : nothing
          }
        </ul>
      </nav>`
  }

  #link(path: string, page: string, words: string, mark: unknown) {
    return html`<li>
      <a
        class="menu__item"
        href=${path}
        data-testid="menu-${page}"
        aria-current=${this.page === page ? 'page' : nothing}
        @click=${() => (this.open = false)}
        >${mark}<span>${words}</span></a
      >
    </li>`
  }

  #elsewhere = (event: Event) => {
    if (!event.composedPath().includes(this)) this.open = false
  }

  #left = (event: FocusEvent) => {
    const to = event.relatedTarget
    if (to instanceof Node && !this.contains(to)) this.open = false
  }

  #key = (event: KeyboardEvent) => {
    if (event.key !== 'Escape' || !this.open) return
    this.open = false
    this.querySelector('button')!.focus()
  }
}
