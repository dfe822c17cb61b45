import { html } from 'lit'
import { customElement, query, state } from 'lit/decorators.js'
import type { SessionParticipant } from '../api/types'
import { t } from '../i18n'
import { Element } from './element'
import type { ReasonField } from './reason-field'
import './reason-field'

export interface Removal {
  person: SessionParticipant
  reason: string
}

/** Asks once, and why, before somebody is put out. Says `confirm` with the removal. */
@customElement('shinsatsu-remove-dialog')
export class RemoveDialog extends Element {
  @state() private person: SessionParticipant | undefined
  @query('dialog') private dialog!: HTMLDialogElement
  @query('shinsatsu-reason-field') private field!: ReasonField

  show(person: SessionParticipant): void {
    this.person = person
    void this.updateComplete.then(() => {
      this.field.value = ''
      this.field.missing = false
      this.dialog.showModal()
    })
  }

  protected override render() {
    const name = this.person?.displayName ?? ''
    return html`<dialog class="scheme-auto" aria-labelledby="remove-title">
      <form class="stack" novalidate @submit=${this.#submit}>
        <h2 class="subtitle" id="remove-title">${t('remove-title', { name })}</h2>
        <p>${t('remove-lead')}</p>
        <shinsatsu-reason-field suggestions="remove-reason" label=${t('reason')}></shinsatsu-reason-field>
        <div class="dialog__answers">
          <button class="button button--quiet" type="button" @click=${() => this.dialog.close()}>${t('cancel')}</button>
          <button class="button button--danger" type="submit" data-testid="confirm-remove">${t('remove')}</button>
        </div>
      </form>
    </dialog>`
  }

  #submit = (event: Event) => {
    event.preventDefault()
    if (!this.person || !this.dialog.open || !this.field.check()) return
    this.dialog.close()
    this.say('confirm', { person: this.person, reason: this.field.value } satisfies Removal)
  }
}
