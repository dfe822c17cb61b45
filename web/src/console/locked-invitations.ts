import { html } from 'lit'
import { icon } from '../components/icons'
import type { Desk } from './desk'
import { w } from './words'

/** Whose invitations wrong answers have locked, and the way to where staff open them again. */
export function lockedInvitations({ lockedInvitations, sessions }: Desk) {
  return [...new Set(lockedInvitations.values())].map((id) => {
    const name = sessions.get(id)?.appointment.patient.displayName ?? w('somebody')
    return html`<p class="banner banner--warning banner--asks" data-testid="locked-notice">
      ${icon('lock')}
      <span><strong>${w('invitation-locked', { name })}</strong>${w('invitation-locked-lead')}</span>
      <a class="button button--quiet" href="/console/sessions/${id}">${w('look')}</a>
    </p>`
  })
}
