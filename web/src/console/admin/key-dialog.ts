import { html } from 'lit'
import { customElement, state } from 'lit/decorators.js'
import type { ApiProblem } from '../../api/problem'
import { now } from '../../api/server-time'
import { field, valueOf } from '../field'
import { FormDialog } from '../form-dialog'
import { w, wordFor } from '../words'
import { checkList } from './check-list'
import { type KeyDraft, type Scope, SCOPES } from './keys-api'

const DAYS = [30, 90, 365] as const
const DAY_MS = 86_400_000

/** A new key for another system: what it is for, what it may, until when. */
@customElement('shinsatsu-key-dialog')
export class KeyDialog extends FormDialog {
  @state() private scopes: Scope[] = []
  #save: (draft: KeyDraft) => Promise<void> = () => Promise.resolve()
  protected readonly submitTestid = 'make-key'

  ask(save: (draft: KeyDraft) => Promise<void>): void {
    this.scopes = ['appointments', 'links']
    this.#save = save
    this.open()
  }

  protected override get heading(): string {
    return w('key-add')
  }

  protected override get submitWords(): string {
    return w('key-make')
  }

  protected override fields() {
    const { errors } = this
    return html`${field({
      id: 'key-name',
      label: w('key-name'),
      help: w('key-name-help'),
      testid: 'key-name',
      maxlength: 100,
      error: errors['key-name'],
    })}
      ${checkList(
        {
          id: 'key-scopes',
          legend: w('key-scopes'),
          values: SCOPES,
          chosen: this.scopes,
          words: (scope) => scopeWords(scope),
          about: (scope) => w(`scope-about-${scope}`),
          error: errors['key-scopes'],
        },
        (chosen) => (this.scopes = chosen),
      )}
      <div class="field">
        <label for="key-expiry">${w('key-expiry')}</label>
        <select id="key-expiry" data-testid="key-expiry">
          ${DAYS.map((days) => html`<option value=${days} ?selected=${days === 365}>${w('days', { count: days })}</option>`)}
          <option value="">${w('key-no-expiry')}</option>
        </select>
      </div>`
  }

  protected override check(form: HTMLFormElement): Record<string, string> {
    if (valueOf(form, 'key-name').trim() === '') return { 'key-name': w('key-name-missing') }
    return this.scopes.length > 0 ? {} : { 'key-scopes': w('key-scopes-missing') }
  }

  protected override send(form: HTMLFormElement): Promise<void> {
    const days = Number(valueOf(form, 'key-expiry'))
    const draft: KeyDraft = { name: valueOf(form, 'key-name').trim(), scopes: this.scopes }
    if (days) draft.expiresAt = new Date(now() + days * DAY_MS).toISOString()
    return this.#save(draft)
  }

  protected override refusal(error: ApiProblem): Record<string, string> | undefined {
    return error.field === 'name' ? { 'key-name': w('form-refused-lead') } : undefined
  }
}

/** What a scope lets do, in words; its own name where it is none that we know. */
export function scopeWords(scope: string): string {
  return wordFor('scope', scope) ?? scope
}
