import { html } from 'lit'
import { customElement, state } from 'lit/decorators.js'
import type { ApiProblem } from '../../api/problem'
import { field, valueOf } from '../field'
import { FormDialog } from '../form-dialog'
import { w } from '../words'
import { checkList } from './check-list'
import { WEBHOOK_TYPES, type WebhookType } from './keys-api'

/** Another system that is to be told what happens. */
@customElement('shinsatsu-webhook-dialog')
export class WebhookDialog extends FormDialog {
  @state() private types: WebhookType[] = []
  #save: (url: string, types: WebhookType[]) => Promise<void> = () => Promise.resolve()
  protected readonly submitTestid = 'save-webhook'

  ask(save: (url: string, types: WebhookType[]) => Promise<void>): void {
    this.types = [...WEBHOOK_TYPES]
    this.#save = save
    this.open()
  }

  protected override get heading(): string {
    return w('webhook-add')
  }

  protected override get submitWords(): string {
    return w('webhook-add-do')
  }

  protected override fields() {
    const { errors } = this
    return html`${field({
      id: 'webhook-url',
      label: w('webhook-url'),
      help: w('webhook-url-help'),
      testid: 'webhook-url',
      type: 'url',
      maxlength: 2048,
      error: errors['webhook-url'],
    })}
    ${checkList(
      {
        id: 'webhook-types',
        legend: w('webhook-types'),
        values: WEBHOOK_TYPES,
        chosen: this.types,
        words: (type) => w(`webhook-type-${type}`),
        error: errors['webhook-types'],
      },
      (chosen) => (this.types = chosen),
    )}`
  }

  protected override check(form: HTMLFormElement): Record<string, string> {
    if (!URL.canParse(valueOf(form, 'webhook-url').trim())) return { 'webhook-url': w('webhook-url-wrong') }
    return this.types.length > 0 ? {} : { 'webhook-types': w('webhook-types-missing') }
  }

  protected override send(form: HTMLFormElement): Promise<void> {
    return this.#save(valueOf(form, 'webhook-url').trim(), this.types)
  }

  protected override refusal(error: ApiProblem): Record<string, string> | undefined {
    return error.field === 'url' ? { 'webhook-url': w('webhook-url-refused') } : undefined
  }
}
