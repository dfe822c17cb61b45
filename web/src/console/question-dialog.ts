import { html, nothing } from 'lit'
import { customElement, state } from 'lit/decorators.js'
import type { IdentityMethod, Outcome } from '../api/types'
import { Element } from '../components/element'
import { icon } from '../components/icons'
import { isOver } from './board'
import type { Deed, Question } from './deeds'
import { sign } from './icons'
import { w } from './words'

const METHODS: IdentityMethod[] = [
  'my_number_card',
  'insurance_card',
  'drivers_licence',
  'passport',
  'known_to_staff',
  'other',
]
const OUTCOMES: Outcome[] = ['completed', 'moved_to_phone', 'moved_to_in_person', 'no_show_patient', 'no_show_doctor']

/** Asks what has to be known before something is done, then says `deed`. */
@customElement('shinsatsu-question-dialog')
export class QuestionDialog extends Element {
  @state() private question: Question | undefined
  /** The server insists: the reason is said above the form. */
  @state() private insisted = false
  @state() private choice = ''
  @state() private reason = ''
  @state() private missing = false

  show(question: Question, insisted = false): void {
    this.question = question
    this.insisted = insisted
    this.choice = likely(question)
    this.reason = ''
    this.missing = false
    void this.updateComplete.then(() => this.querySelector('dialog')!.showModal())
  }

  close(): void {
    this.querySelector('dialog')?.close()
  }

  protected override render() {
    const { question } = this
    if (!question) return nothing
    return html`<dialog aria-labelledby="question-title" @close=${() => (this.question = undefined)}>
      <form class="stack" novalidate @submit=${this.#submit}>${this.#form(question)} ${this.#answers(question)}</form>
    </dialog>`
  }

  #form(question: Question) {
    if (question.ask === 'identity') return this.#identity(question.participant.displayName)
    if (question.ask === 'remove') return this.#remove(question.participant.displayName)
    const title = w(question.ask === 'end' ? 'end-title' : 'outcome-title')
    return html`<h2 class="subtitle" id="question-title">${title}</h2>
      <p class="note">${question.session.appointment.patient.displayName}</p>
      ${this.#choices(w('outcome'), 'outcome', OUTCOMES)}`
  }

  #identity(name: string) {
    return html`<h2 class="subtitle" id="question-title">${w('identity-title', { name })}</h2>
      ${
        this.insisted
          ? html`<p class="banner banner--warning">${sign('shield')}<span>${w('identity-required')}</span></p>`
          : nothing
      }
      ${this.#choices(w('method-how'), 'method', METHODS)}
      <p class="note">${w('identity-kept')}</p>`
  }

  #remove(name: string) {
    return html`<h2 class="subtitle" id="question-title">${w('remove-title', { name })}</h2>
      <p>${w('remove-lead')}</p>
      <div class="field">
        <label for="reason">${w('reason')}</label>
        <textarea
          id="reason"
          rows="3"
          maxlength="500"
          data-testid="reason"
          aria-describedby="reason-help"
          aria-invalid=${this.missing}
          .value=${this.reason}
          @input=${(event: Event) => this.#typed((event.target as HTMLTextAreaElement).value)}
        ></textarea>
        <p id="reason-help" class=${this.missing ? 'field__error' : 'note'} role=${this.missing ? 'alert' : nothing}>
          ${this.missing ? icon('info') : nothing} ${w(this.missing ? 'reason-missing' : 'reason-help')}
        </p>
      </div>`
  }

  #choices(legend: string, prefix: 'outcome' | 'method', values: (Outcome | IdentityMethod)[]) {
    return html`<fieldset>
      <legend class="note">${legend}</legend>
      ${values.map(
        (value) => html`<label class="choice"
          ><input
            type="radio"
            name="choice"
            value=${value}
            .checked=${this.choice === value}
            @change=${() => (this.choice = value)}
          />${w(`${prefix}-${value}` as 'outcome-completed')}</label
        >`,
      )}
    </fieldset>`
  }

  #answers(question: Question) {
    const { ask } = question
    const danger = ask === 'end' || ask === 'remove'
    const words = ask === 'identity' && question.next ? w('confirm-identity-and-admit') : w(`confirm-${ask}`)
    return html`<div class="dialog__answers">
      <button class="button button--quiet" type="button" @click=${() => this.close()}>${w('cancel')}</button>
      <button class="button ${danger ? 'button--danger' : 'button--primary'}" type="submit" data-testid="confirm-${ask}">
        ${words}
      </button>
    </div>`
  }

  #typed(text: string): void {
    this.reason = text
    if (text.trim()) this.missing = false
  }

  #submit = (event: Event) => {
    event.preventDefault()
    const { question } = this
    if (!question) return
    this.missing = question.ask === 'remove' && this.reason.trim() === ''
    if (this.missing) {
      this.querySelector<HTMLElement>('#reason')!.focus()
      return
    }
    // First said, so that a tab it opens is opened within the press.
    this.say('deed', this.#deed(question))
    this.close()
  }

  #deed(question: Question): Deed {
    const { session } = question
    switch (question.ask) {
      case 'remove':
        return { do: 'remove', session, participant: question.participant, reason: this.reason.trim() }
      case 'identity': {
        const method = this.choice as IdentityMethod
        return { do: 'note-identity', session, participant: question.participant, method, next: question.next }
      }
      default:
        return { do: question.ask, session, outcome: this.choice as Outcome }
    }
  }
}

/** The likeliest answer, chosen beforehand. */
function likely(question: Question): string {
  if (question.ask === 'remove') return ''
  if (question.ask === 'identity') return question.participant.identityCheck?.method ?? 'my_number_card'
  const { session } = question
  if (session.metadata.outcome) return session.metadata.outcome
  const met = session.status === 'active' || (isOver(session) && Boolean(session.startedAt))
  return met ? 'completed' : 'no_show_patient'
}
