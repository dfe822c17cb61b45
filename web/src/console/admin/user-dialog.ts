import { html, nothing } from 'lit'
import { customElement, state } from 'lit/decorators.js'
import { type ApiProblem, hasCode } from '../../api/problem'
import type { WorkerRole } from '../../api/types'
import { field, valueOf } from '../field'
import { FormDialog } from '../form-dialog'
import { w } from '../words'
import type { User, UserDraft } from './users-api'

const ROLES: WorkerRole[] = ['doctor', 'operator', 'admin']
/** Which field of the form a refused field of the body is. */
const FIELDS: Record<string, string> = {
  displayName: 'user-name',
  loginName: 'user-login-name',
  licenceYear: 'user-licence',
  specialty: 'user-specialty',
}

/** Somebody new, or somebody's name, role and login name changed. */
@customElement('shinsatsu-user-dialog')
export class UserDialog extends FormDialog {
  @state() private user: User | undefined
  /** Nobody changes their own role. */
  @state() private isMe = false
  @state() private chosen: WorkerRole = 'doctor'
  #save: (draft: UserDraft) => Promise<void> = () => Promise.resolve()
  protected readonly submitTestid = 'save-user'

  ask(user: User | undefined, isMe: boolean, save: (draft: UserDraft) => Promise<void>): void {
    this.user = user
    this.isMe = isMe
    this.chosen = user?.role ?? 'doctor'
    this.#save = save
    this.open()
  }

  protected override get heading(): string {
    return w(this.user ? 'user-change' : 'user-add')
  }

  protected override get submitWords(): string {
    return w(this.user ? 'save' : 'user-add-do')
  }

  protected override fields() {
    const { user, errors } = this
    return html`${field({
      id: 'user-name',
      label: w('user-name'),
      testid: 'user-name',
      maxlength: 100,
      value: user?.displayName ?? '',
      error: errors['user-name'],
    })}
      ${this.isMe ? nothing : this.#roles()}
      ${field({
        id: 'user-login-name',
        label: w('login-name'),
        help: w(user?.loginName ? 'login-name-help-change' : 'login-name-help'),
        testid: 'user-login-name',
        maxlength: 100,
        value: user?.loginName ?? '',
        error: errors['user-login-name'],
      })}
      ${this.chosen === 'doctor' && !user ? this.#licence() : nothing}`
  }

  #roles() {
    return html`<fieldset class="options" data-testid="user-role">
      <legend class="note">${w('user-role')}</legend>
      ${ROLES.map((role) => this.#roleChoice(role))}
    </fieldset>`
  }

  #roleChoice(role: WorkerRole) {
    return html`<label class="choice"
      ><input
        type="radio"
        name="role"
        value=${role}
        .checked=${this.chosen === role}
        @change=${() => (this.chosen = role)}
      /><span>${w(`role-${role}`)}<span class="note choice__about">${w(`role-about-${role}`)}</span></span></label
    >`
  }

  #licence() {
    return html`<div class="fields">
      ${field({
        id: 'user-specialty',
        label: w('user-specialty'),
        maxlength: 50,
        error: this.errors['user-specialty'],
      })}
      ${field({
        id: 'user-licence',
        label: w('user-licence'),
        inputmode: 'numeric',
        maxlength: 4,
        error: this.errors['user-licence'],
      })}
    </div>`
  }

  protected override check(form: HTMLFormElement): Record<string, string> {
    if (valueOf(form, 'user-name').trim() === '') return { 'user-name': w('user-name-missing') }
    const year = this.#has(form, 'user-licence') ? valueOf(form, 'user-licence').trim() : ''
    return year === '' || /^\d{4}$/.test(year.normalize('NFKC')) ? {} : { 'user-licence': w('user-licence-wrong') }
  }

  protected override send(form: HTMLFormElement): Promise<void> {
    const draft: UserDraft = { displayName: valueOf(form, 'user-name').trim(), role: this.chosen }
    const loginName = valueOf(form, 'user-login-name').trim()
    if (loginName && loginName !== this.user?.loginName) draft.loginName = loginName
    if (this.#has(form, 'user-licence')) {
      const year = Number(valueOf(form, 'user-licence').normalize('NFKC'))
      const specialty = valueOf(form, 'user-specialty').trim()
      if (year) draft.licenceYear = year
      if (specialty) draft.specialty = specialty
    }
    return this.#save(draft)
  }

  protected override refusal(error: ApiProblem): Record<string, string> | undefined {
    if (hasCode(error, 'login_name_taken')) return { 'user-login-name': w('login-name-taken') }
    const id = error.field === undefined ? undefined : FIELDS[error.field]
    return id ? { [id]: w(id === 'user-login-name' ? 'login-name-wrong' : 'form-refused-lead') } : undefined
  }

  #has(form: HTMLFormElement, id: string): boolean {
    return form.elements.namedItem(id) !== null
  }
}
