import { html, nothing, type TemplateResult } from 'lit'
import { state } from 'lit/decorators.js'
import { ApiProblem, hasCode } from '../api/problem'
import { Element } from '../components/element'
import { icon } from '../components/icons'
import { wordsFor } from './commands'
import { isLoginOver } from './console-page'
import { w } from './words'

/** A form that stays open until the server took it; what the server refuses is said at its field. */
export abstract class FormDialog extends Element {
  @state() protected isOpen = false
  @state() protected busy = false
  /** What is wrong, by the field's id. */
  @state() protected errors: Record<string, string> = {}
  @state() private trouble: { words: string; more: string } | undefined

  protected abstract get heading(): string
  protected abstract get submitWords(): string
  protected abstract readonly submitTestid: string
  protected abstract fields(): TemplateResult
  /** Sends it; raises Problem. */
  protected abstract send(form: HTMLFormElement): Promise<void>

  /** What is wrong before anything is sent, by the field's id. */
  protected check(_form: HTMLFormElement): Record<string, string> {
    return {}
  }

  /** The words for a refusal that is about a field, by the field's id. */
  protected refusal(_error: ApiProblem): Record<string, string> | undefined {
    return undefined
  }

  protected open(): void {
    this.isOpen = true
    this.errors = {}
    this.trouble = undefined
    void this.updateComplete.then(() => this.querySelector('dialog')?.showModal())
  }

  close(): void {
    this.querySelector('dialog')?.close()
  }

  protected override render() {
    if (!this.isOpen) return nothing
    return html`<dialog aria-labelledby="form-title" @close=${() => (this.isOpen = false)}>
      <form class="stack" novalidate @submit=${this.#submit}>
        <h2 class="subtitle" id="form-title">${this.heading}</h2>
        <div class="alerts" role="alert">
          ${
            this.trouble
              ? html`<p class="banner banner--danger">
                  ${icon('info')}<span><strong>${this.trouble.words}</strong>${this.trouble.more}</span>
                </p>`
              : nothing
          }
        </div>
        ${this.fields()}
        <div class="dialog__answers">
          <button class="button button--quiet" type="button" @click=${() => this.close()}>${w('cancel')}</button>
          <button
            class="button button--primary"
            type="submit"
            data-testid=${this.submitTestid}
            aria-disabled=${this.busy}
          >
            ${this.submitWords}
          </button>
        </div>
      </form>
    </dialog>`
  }

  #submit = async (event: Event) => {
    event.preventDefault()
    const form = event.target as HTMLFormElement
    this.trouble = undefined
    this.errors = this.check(form)
    if (this.#toTheFirstError() || this.busy) return
    this.busy = true
    try {
      await this.send(form)
      this.close()
    } catch (error) {
      this.#refused(error)
    }
    this.busy = false
  }

  #refused(error: unknown): void {
    if (isLoginOver(error)) {
      this.close()
      this.say('login-over')
      return
    }
    this.errors = (error instanceof ApiProblem && this.refusal(error)) || {}
    if (this.#toTheFirstError()) return
    const isInput = hasCode(error, 'invalid_request', 'invalid')
    this.trouble = isInput ? { words: w('form-refused'), more: w('form-refused-lead') } : this.wordsOf(error)
  }

  /** The words for a refusal that is about no field. */
  protected wordsOf(error: unknown): { words: string; more: string } {
    return wordsFor(error)
  }

  #toTheFirstError(): boolean {
    const [first] = Object.keys(this.errors)
    if (first === undefined) return false
    void this.updateComplete.then(() => this.querySelector<HTMLElement>(`#${CSS.escape(first)}`)?.focus())
    return true
  }
}
