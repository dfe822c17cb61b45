import { html, nothing } from 'lit'
import { customElement, property } from 'lit/decorators.js'
import { ApiProblem, hasCode, hasReason, isTransient, NetworkProblem, Problem } from '../api/problem'
import type { Clinic, Grant } from '../api/types'
import type { Farewell, Phase } from '../call/phases'
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
  | 'invitation-invalid'
  | 'invitation-expired'
  | 'invitation-revoked'
  | 'invitation-locked'
  /** A page for an invitation whose code is not in its address any more; the same for a host's token. */
  | 'invitation-gone'
  | 'host-token-invalid'
  | 'host-token-used'
  | 'host-token-expired'
  | 'host-token-gone'
  | 'no-grant'
  | 'not-here'
  | 'network-down'
  | 'server-down'
  | 'who-are-you'
  | 'elsewhere'
  | 'moved'
  | 'removed'
  | 'blocked'
  /** One's link or invitation was taken back while one was in. */
  | 'revoked'
  | 'entry-locked'
  | 'not-open-yet'

const MARKS: Partial<Record<Trouble, IconName>> = {
  'network-down': 'network-off',
  'server-down': 'clock',
  'who-are-you': 'people',
  elsewhere: 'screen',
  'not-here': 'info',
  moved: 'leave',
  removed: 'leave',
  blocked: 'info',
  'entry-locked': 'lock',
  'invitation-locked': 'lock',
  'not-open-yet': 'clock',
}

/** What another try, or a tap, can mend. */
const PASSING: Trouble[] = ['network-down', 'server-down', 'elsewhere', 'moved', 'entry-locked', 'not-open-yet']
/** What passes by itself: it is looked at again from time to time. */
const AWAITED: Trouble[] = ['entry-locked', 'not-open-yet']
/** How often. */
const LOOK_EVERY_MS = 10_000
/** What only the clinic can mend: there is no way back in from here. */
const CLOSED: Trouble[] = ['removed', 'blocked']

/** What we have words for under the server's own name for it. */
const NAMED: Trouble[] = [
  'link-used',
  'link-expired',
  'link-revoked',
  'link-invalid',
  'invitation-invalid',
  'invitation-expired',
  'invitation-revoked',
  'invitation-locked',
  'host-token-invalid',
  'host-token-used',
  'host-token-expired',
]

/** Where one is left once a consultation went this far. */
export function troubleAfter(phase: Phase, problem: unknown): Trouble {
  const itself = (['elsewhere', 'moved', 'removed', 'blocked', 'revoked'] as const).find((one) => one === phase)
  return itself ?? troubleOf(problem)
}

/** The words for an error: what it means for the person, never its code. */
export function troubleOf(error: unknown): Trouble {
  if (error instanceof NetworkProblem) return 'network-down'
  if (isTransient(error)) return 'server-down'
  if (hasReason(error, 'removed')) return 'removed'
  if (hasReason(error, 'account_blocked')) return 'blocked'
  if (hasReason(error, 'locked')) return 'entry-locked'
  if (hasCode(error, 'session_not_open') || hasReason(error, 'session_not_open')) return 'not-open-yet'
  const named = error instanceof Problem ? error.code.replaceAll('_', '-') : ''
  if (NAMED.includes(named as Trouble)) return named as Trouble
  if (error instanceof ApiProblem && error.status === 401) return 'no-grant'
  return 'not-here'
}

/**
 * A page that says what happened and what to do next. Says `retry`, `pick` with a grant to go on with, and `look-again`
 * from time to time where it passes by itself.
 */
@customElement('shinsatsu-problem-page')
export class ProblemPage extends Element {
  @property() trouble: Trouble = 'not-here'
  @property({ attribute: false }) clinic: Clinic | undefined
  /** People this browser can still enter as. */
  @property({ attribute: false }) grants: Grant[] = []
  /** Who has put one out, and why. */
  @property({ attribute: false }) farewell: Farewell | undefined
  /** On the way back in. */
  @property({ type: Boolean }) busy = false

  #looking: ReturnType<typeof setInterval> | undefined

  override connectedCallback(): void {
    super.connectedCallback()
    this.#looking = setInterval(() => AWAITED.includes(this.trouble) && this.say('look-again'), LOOK_EVERY_MS)
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    clearInterval(this.#looking)
  }

  protected override render() {
    return html`<div class="narrow">
      ${pageHeader(this.clinic)}
      <main class="page--told">
        <div class="stack">
          <span class="avatar avatar--large">${icon(MARKS[this.trouble] ?? 'link')}</span>
          <h1 class="title">${t(this.trouble)}</h1>
          ${this.#by()}
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

  #by() {
    const { by, note } = this.farewell ?? {}
    if (this.trouble !== 'removed') return nothing
    return html`${by?.displayName ? html`<p>${t('removed-by', { name: by.displayName })}</p>` : nothing}
    ${
      note
        ? html`<dl class="card card--tight facts">
          <dt>${t('reason')}</dt>
          <dd data-testid="removal-reason">${note}</dd>
        </dl>`
        : nothing
    }`
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
    if (this.trouble === 'invitation-locked') {
      const phone = phoneButton(this.clinic, t('call'), 'button--large', 'button--primary')
      return html`${phone} ${this.#retry('retry', 'button--quiet')}`
    }
    return html`${this.#primary()} ${this.#booking()} ${phoneButton(this.clinic, t('call'))}`
  }

  get #isPassing(): boolean {
    return PASSING.includes(this.trouble)
  }

  #primary() {
    if (this.#isPassing) {
      const words = this.trouble === 'elsewhere' ? 'use-here' : this.trouble === 'moved' ? 'return' : 'retry'
      return this.#retry(words, 'button--primary')
    }
    if (CLOSED.includes(this.trouble)) return nothing
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

  #retry(words: Key, weight: string) {
    return html`<button
      class="button ${weight} button--large button--wide"
      type="button"
      data-testid="retry"
      aria-disabled=${this.busy ? 'true' : nothing}
      @click=${() => this.busy || this.say('retry')}
    >
      ${icon('refresh')} ${t(this.busy ? 'connecting' : words)}
    </button>`
  }

  #booking() {
    if (!this.clinic?.bookingUrl || this.#isPassing || CLOSED.includes(this.trouble)) return nothing
    const weight = this.grants.length > 0 ? 'button--quiet' : 'button--primary'
    return html`<a class="button ${weight} button--large button--wide" href=${this.clinic.bookingUrl}
      >${t('open-booking')}</a
    >`
  }
}
