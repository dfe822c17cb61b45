import { html, nothing } from 'lit'
import { customElement, property } from 'lit/decorators.js'
import { ApiProblem, isTransient, NetworkProblem, Problem } from '../api/problem'
import type { Clinic, Grant } from '../api/types'
import { Element } from '../components/element'
import { icon, type IconName } from '../components/icons'
import { avatar, pageHeader, phoneButton } from '../components/parts'
import { type Key, t } from '../i18n'

/** What went wrong, as the page has words for it. */
export type Trouble =
  | 'link-used'
  | 'link-expired'
  | 'link-revoked'
  | 'link-invalid'
  | 'no-grant'
  | 'not-here'
  | 'network-down'
  | 'server-down'
  | 'who-are-you'
  | 'elsewhere'

const MARKS: Partial<Record<Trouble, IconName>> = {
  'network-down': 'network-off',
  'server-down': 'clock',
  'who-are-you': 'people',
  elsewhere: 'screen',
  'not-here': 'info',
}

/** The words for an error: what it means for the person, never its code. */
export function troubleOf(error: unknown): Trouble {
  if (error instanceof NetworkProblem) return 'network-down'
  if (isTransient(error)) return 'server-down'
  if (error instanceof Problem) {
    if (error.code === 'link_used') return 'link-used'
    if (error.code === 'link_expired') return 'link-expired'
    if (error.code === 'link_revoked') return 'link-revoked'
    if (error.code === 'link_invalid') return 'link-invalid'
  }
  if (error instanceof ApiProblem && error.status === 401) return 'no-grant'
  return 'not-here'
}

/** A page that says what happened and what to do next. Says `retry`, or `pick` with a grant to go on with. */
@customElement('shinsatsu-problem-page')
export class ProblemPage extends Element {
  @property() trouble: Trouble = 'not-here'
  @property({ attribute: false }) clinic: Clinic | undefined
  /** People this browser can still enter as. */
  @property({ attribute: false }) grants: Grant[] = []

  protected override render() {
    return html`<div class="narrow">
      ${pageHeader(this.clinic)}
      <main class="page--told">
        <div class="stack">
          <span class="avatar avatar--large">${icon(MARKS[this.trouble] ?? 'link')}</span>
          <h1 class="title">${t(this.trouble)}</h1>
          <p class="lines">${t(`${this.trouble}-lead` as Key)}</p>
        </div>
        ${
          this.trouble === 'link-used' && this.grants.length === 0
            ? html`<p class="banner">
              ${icon('info')}<span><strong>${t('other-tab')}</strong>${t('other-tab-lead')}</span>
            </p>`
            : nothing
        }
        ${this.trouble === 'who-are-you' ? this.#people() : nothing}
        <div class="action">${this.trouble === 'who-are-you' ? nothing : this.#nextSteps()}</div>
      </main>
    </div>`
  }

  #people() {
    return html`<ul class="stack stack--close">
      ${this.grants.map(
        (grant) => html`<li>
          <button
            class="button button--quiet button--large button--wide"
            type="button"
            @click=${() => this.say('pick', grant)}
          >
            ${avatar(grant.displayName)}<span>${grant.displayName}</span>
            <span class="badge badge--accent">${t(`role-${grant.role ?? 'patient'}` as Key)}</span>
          </button>
        </li>`,
      )}
    </ul>`
  }

  #nextSteps() {
    return html`${this.#primary()} ${this.#booking()} ${phoneButton(this.clinic, t('call'))}`
  }

  get #isPassing(): boolean {
    return this.trouble === 'network-down' || this.trouble === 'server-down' || this.trouble === 'elsewhere'
  }

  #primary() {
    if (this.#isPassing) {
      const words = t(this.trouble === 'elsewhere' ? 'use-here' : 'retry')
      return html`<button
        class="button button--primary button--large button--wide"
        type="button"
        @click=${() => this.say('retry')}
      >
        ${icon('refresh')} ${words}
      </button>`
    }
    return this.grants.map(
      (grant) => html`<button
        class="button button--primary button--large button--wide"
        type="button"
        @click=${() => this.say('pick', grant)}
      >
        ${t('continue-as', { name: grant.displayName })}
      </button>`,
    )
  }

  #booking() {
    if (!this.clinic?.bookingUrl || this.#isPassing) return nothing
    const weight = this.grants.length > 0 ? 'button--quiet' : 'button--primary'
    return html`<a class="button ${weight} button--large button--wide" href=${this.clinic.bookingUrl}
      >${t('open-booking')}</a
    >`
  }
}
