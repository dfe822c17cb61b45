import { html, nothing } from 'lit'
import type { Admission } from '../api/types'
import type { Consultation } from '../call/consultation'
import { isWaiting } from '../call/room'
import { type Key, t } from '../i18n'

/** How the session stands and whether one is let in: for screen readers, and for whoever drives the page. */
export function sessionStatus(consultation: Consultation | undefined) {
  const status = statusOf(consultation)
  const admission = consultation && admissionOf(consultation)
  return html`<p
    class="visually-hidden"
    role="status"
    data-testid="session-status"
    data-status=${status}
    data-admission=${admission ?? nothing}
  >${consultation ? wordsFor(status, consultation) : nothing}</p>`
}

function statusOf(consultation: Consultation | undefined): string {
  if (!consultation) return 'scheduled'
  if (consultation.phase === 'reconnecting' || consultation.trouble) return 'reconnecting'
  const { status } = consultation.room.session
  // On the way back in after an end: the session that follows is not made yet.
  return consultation.phase === 'joining' && (status === 'ended' || status === 'failed') ? 'scheduled' : status
}

function admissionOf({ own, phase }: Consultation): Admission | undefined {
  return phase === 'removed' || phase === 'left' ? phase : own?.admission
}

function wordsFor(status: string, { own }: Consultation): string {
  return t(own && isWaiting(own) && status !== 'reconnecting' ? 'status-waiting-room' : (`status-${status}` as Key))
}
