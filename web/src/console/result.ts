import { html } from 'lit'
import type { VideoSession } from '../api/types'
import { icon } from '../components/icons'
import { sign } from './icons'
import { w, wordFor } from './words'

const OUTCOME_ICONS = {
  completed: icon('ok'),
  no_show_patient: sign('person-off'),
  no_show_doctor: sign('person-off'),
  moved_to_phone: icon('phone'),
  moved_to_in_person: icon('people'),
}

/** How a session came out: what staff noted, else why it ended, and how long it was. */
export function resultMark(session: VideoSession) {
  const { outcome, actualDuration } = session.metadata
  const words = [resultWords(session), actualDuration != null ? w('minutes', { count: actualDuration }) : ''].filter(
    Boolean,
  )
  if (session.status === 'failed')
    return html`<p class="mark mark--danger">${sign('warn')} ${words.join(w('comma'))}</p>`
  return html`<p class="mark">${outcome ? OUTCOME_ICONS[outcome] : icon('end')} ${words.join(w('comma'))}</p>`
}

export function resultWords(session: VideoSession): string {
  const { outcome } = session.metadata
  return outcome ? w(`outcome-${outcome}`) : endWords(session)
}

/** Why it ended, apart from what staff noted. */
export function endWords({ status, metadata }: VideoSession): string {
  if (status === 'failed') return w('end-failed')
  if (metadata.endReason === 'timeout') return wordFor('end-timeout', metadata.timeout ?? '') ?? w('end-timeout')
  return wordFor('end', metadata.endReason ?? '') ?? w('end-other')
}
