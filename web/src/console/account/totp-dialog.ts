import { html, nothing } from 'lit'
import { customElement, state } from 'lit/decorators.js'
import { type ApiProblem, hasCode } from '../../api/problem'
import { field, valueOf } from '../field'
import { FormDialog } from '../form-dialog'
import type { TotpSecret } from '../login/login-api'
import { digits } from '../login/login-flow'
import { totpSecret } from '../login/totp-secret'
import { w } from '../words'

/** Sets up another authenticator app: its secret, and its first code as the proof. */
@customElement('shinsatsu-totp-dialog')
export class TotpDialog extends FormDialog {
  @state() private totp: TotpSecret | undefined
  #confirm: (code: string) => Promise<void> = () => Promise.resolve()
  protected readonly submitTestid = 'totp-confirm'

  ask(totp: TotpSecret, confirm: (code: string) => Promise<void>): void {
    this.totp = totp
    this.#confirm = confirm
    this.open()
  }

  protected override get heading(): string {
    return w('step-enroll-totp')
  }

  protected override get submitWords(): string {
    return w('totp-confirm')
  }

  protected override fields() {
    return html`<p>${w('step-lead-enroll-totp')}</p>
      ${this.totp ? totpSecret(this.totp) : nothing}
      ${field({
        id: 'account-totp',
        label: w('totp-first'),
        testid: 'totp-code',
        autocomplete: 'one-time-code',
        inputmode: 'numeric',
        maxlength: 32,
        look: 'code-input',
        error: this.errors['account-totp'],
      })}`
  }

  protected override send(form: HTMLFormElement): Promise<void> {
    return this.#confirm(digits(valueOf(form, 'account-totp')))
  }

  protected override refusal(error: ApiProblem): Record<string, string> | undefined {
    const isWrong = hasCode(error, 'second_factor_refused') || error.field === 'code'
    return isWrong ? { 'account-totp': w('trouble-lead-code') } : undefined
  }
}
