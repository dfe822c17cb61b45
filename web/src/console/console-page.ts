import { html, type TemplateResult } from 'lit'
import { property, state } from 'lit/decorators.js'
import { ApiProblem } from '../api/problem'
import { Element } from '../components/element'
import { icon } from '../components/icons'
import { wordsFor } from './commands'
import type { Login } from './console-api'
import { sign } from './icons'
import { w } from './words'

/** Refusals that are about what was typed, not about who one is. */
const OF_THE_ANSWER = ['login_refused', 'second_factor_refused']

/** Whether the console's own login opens nothing any more. */
export function isLoginOver(error: unknown): boolean {
  return error instanceof ApiProblem && error.status === 401 && !OF_THE_ANSWER.includes(error.code)
}

/** A page of the console that reads something from the server and changes it: loading, failed and forbidden look alike. */
export abstract class ConsolePage extends Element {
  @property({ attribute: false }) login!: Login
  @state() protected progress: 'loading' | 'loaded' | 'failed' | 'forbidden' = 'loading'

  protected abstract get heading(): string
  protected abstract read(): Promise<void>
  protected abstract page(): TemplateResult

  override connectedCallback(): void {
    super.connectedCallback()
    void this.load()
  }

  protected override render() {
    return html`<main class="wide" id="main">
      ${this.progress === 'loaded' ? this.page() : html`<h1 class="title" tabindex="-1">${this.heading}</h1> ${this.#state()}`}
    </main>`
  }

  protected load = async (): Promise<void> => {
    try {
      await this.read()
      this.progress = 'loaded'
    } catch (error) {
      if (isLoginOver(error)) this.say('login-over')
      else if (error instanceof ApiProblem && [403, 404].includes(error.status)) this.progress = 'forbidden'
      // A list that is there stays: that it could not be refreshed is said beside it.
      else if (this.progress === 'loaded') this.#told(error)
      else this.progress = 'failed'
    }
  }

  /** Does it, reads everything anew and says so; what stands in its way is said in words. True when it was done. */
  protected async attempt(act: () => Promise<unknown>, done: string): Promise<boolean> {
    try {
      await act()
    } catch (error) {
      this.#told(error)
      return false
    }
    this.say('tell', { icon: 'check', words: done })
    await this.load()
    return true
  }

  #told(error: unknown): void {
    if (isLoginOver(error)) this.say('login-over')
    else this.say('tell', { icon: 'info', kind: 'warning', ...wordsFor(error) })
  }

  #state() {
    if (this.progress === 'forbidden') {
      return told(
        sign('lock'),
        w('not-for-you'),
        w('not-for-you-lead'),
        html`<a class="button button--primary" href="/console">${w('to-today')}</a>`,
      )
    }
    if (this.progress === 'failed') {
      return told(
        icon('network-off'),
        w('list-failed'),
        w('list-failed-lead'),
        html`<button class="button button--primary" type="button" @click=${() => void this.#again()}>
          ${icon('refresh')} ${w('retry')}
        </button>`,
      )
    }
    return html`<section class="card stack" aria-busy="true">
      <p class="visually-hidden">${w('reading')}</p>
      <span class="skeleton skeleton--short"></span><span class="skeleton skeleton--long"></span>
      <span class="skeleton skeleton--long"></span>
    </section>`
  }

  #again(): Promise<void> {
    this.progress = 'loading'
    return this.load()
  }
}

/** Something to be told instead of a list, and what to do about it. */
export function told(mark: unknown, title: string, lead: string, next?: TemplateResult) {
  return html`<section class="card told" role="status">
    <span class="avatar avatar--large">${mark}</span>
    <h2 class="subtitle">${title}</h2>
    <p class="lines">${lead}</p>
    ${next}
  </section>`
}
