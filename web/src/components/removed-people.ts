import { html, nothing } from 'lit'
import type { Consultation } from '../call/consultation'
import type { Removed } from '../call/room'
import { t } from '../i18n'
import { icon } from './icons'
import { avatar } from './parts'
import { once } from './press'

/** Somebody whom staff have put out, and the way to let them come back. */
export function removedPerson(person: Removed, consultation: Consultation) {
  return html`<div class="people__one stack stack--close" data-testid="removed-person">
    <div class="person">
      ${avatar(person.displayName)}
      <div>
        <h3 class="person__name">${person.displayName}</h3>
        <p class="person__about" role="status">${t(person.restored ? 'may-come-back' : 'was-removed')}</p>
      </div>
    </div>
    ${person.restored || !consultation.may('admit') ? nothing : restoring(person, consultation)}
  </div>`
}

export function restoring(person: Removed, consultation: Consultation) {
  return html`<button
    class="button button--quiet"
    type="button"
    data-testid="restore"
    aria-disabled=${consultation.moderation.isRunning('restore', person) ? 'true' : nothing}
    @click=${once(() => void consultation.moderation.restore(person))}
  >
    ${icon('refresh')} <span>${t('restore')}<span class="visually-hidden">: ${person.displayName}</span></span>
  </button>`
}
