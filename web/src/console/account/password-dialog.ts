import { html, nothing } from 'lit'
import { customElement, state } from 'lit/decorators.js'
import { type ApiProblem, hasCode, hasReason } from '../../api/problem'
import { now } from '../../api/server-time'
import { valueOf } from '../field'
import { FormDialog } from '../form-dialog'
import { passkeyName } from '../login/enroll-steps'
import '../login/password-field'
import { PasskeyProblem } from '../login/passkeys'
import { troubleOf, troubleWords } from '../login/trouble'
import { shortTime, w } from '../words'

export interface PasswordQuestion {
  title: string
  lead?: string
  submit: string
  /** What else is asked: a new password, or what a new passkey is called. */
  also?: 'new-password' | 'passkey-name'
  /** Does it; raises Problem or PasskeyProblem. */
  run(current: string, also: string): Promise<void>
}

/** Asks for the password again before a way in is changed: an unattended desk must not be enough for that. */
@customElement('shinsatsu-password-dialog')
export class PasswordDialog extends FormDialog {
  @state() private question: PasswordQuestion | undefined
  protected readonly submitTestid = 'password-confirm'

  ask(question: PasswordQuestion): void {
    this.question = question
    this.open()
  }

  protected override get heading(): string {
    return this.question?.title ?? ''
  }

  protected override get submitWords(): string {
    return this.question?.submit ?? ''
  }

  protected override fields() {
    const { question, errors } = this
    return html`${question?.lead ? html`<p class="lines">${question.lead}</p>` : nothing}
      ${question?.also === 'passkey-name' ? passkeyName() : nothing}
      <shinsatsu-password-field
        field="account-current"
        .label=${w('current-password')}
        testid="current-password"
        .error=${errors['account-current'] ?? ''}
      ></shinsatsu-password-field>
      ${
        question?.also === 'new-password'
          ? html`<shinsatsu-password-field
              field="account-new"
              .label=${w('new-password')}
              .help=${w('new-password-help')}
              testid="new-password"
              .error=${errors['account-new'] ?? ''}
              fresh
            ></shinsatsu-password-field>`
          : nothing
      }`
  }

  protected override async send(form: HTMLFormElement): Promise<void> {
    const { question } = this
    if (!question) return
    const names = { 'new-password': 'account-new', 'passkey-name': 'passkey-name' }
    const also = question.also ? valueOf(form, names[question.also]) : ''
    await question.run(valueOf(form, 'account-current'), also)
  }

  protected override refusal(error: ApiProblem): Record<string, string> | undefined {
    if (hasReason(error, 'wrong_password') || error.field === 'current')
      return { 'account-current': w('current-wrong') }
    if (hasCode(error, 'password_too_weak') || error.field === 'new') return { 'account-new': w('trouble-lead-weak') }
    return undefined
  }

  protected override wordsOf(error: unknown): { words: string; more: string } {
    const trouble = troubleOf(error)
    // Wrong passwords lock here as they do at the login.
    if (trouble.until) return troubleWords(trouble, shortTime(Math.ceil((trouble.until - now()) / 1000)))
    return error instanceof PasskeyProblem ? troubleWords(trouble) : super.wordsOf(error)
  }
}
