import { html, nothing } from 'lit'
import { secondsSince } from '../api/server-time'
import type { Clinic, SessionParticipant, VideoSession } from '../api/types'
import { chooseLanguage, clock, day, type Key, language, t } from '../i18n'
import { icon } from './icons'

/** The first letter of a name: Japanese family names come first, and so do given names elsewhere. */
export function initial(name: string): string {
  return [...name.trim()][0] ?? '?'
}

export function avatar(name: string, large = false) {
  return html`<span class="avatar ${large ? 'avatar--large' : ''}" aria-hidden="true">${initial(name)}</span>`
}

export function languageSwitch() {
  const choice = (code: 'ja' | 'en', word: string) => html`<button
    type="button"
    lang=${code}
    aria-pressed=${language() === code}
    @click=${() => chooseLanguage(code)}
  >
    ${word}
  </button>`
  return html`<div class="segments bar__end" role="group" aria-label="言語 Language">
    ${choice('ja', '日本語')}${choice('en', 'English')}
  </div>`
}

/** The other language, where there is no room for both. */
export function languageToggle(look: string) {
  const other = language() === 'ja' ? 'en' : 'ja'
  return html`<button
    class="${look} bar__end"
    type="button"
    lang=${other}
    data-testid="language"
    @click=${() => chooseLanguage(other)}
  >
    ${other === 'ja' ? '日本語' : 'English'}
  </button>`
}

export function pageHeader(clinic: Clinic | undefined, named = true) {
  return html`<header class="bar">${named && clinic ? html`<b>${clinic.name}</b>` : nothing}${languageSwitch()}</header>`
}

export function phoneButton(
  clinic: Clinic | undefined,
  words: string,
  size = 'button--large',
  weight = 'button--quiet',
) {
  if (!clinic?.phone) return nothing
  return html`<a class="button ${weight} ${size} button--wide" href="tel:${clinic.phone.replace(/[^\d+]/g, '')}"
    >${icon('phone')}<span>${words} <span class="nowrap">${clinic.phone}</span></span></a
  >`
}

/** "Today 14:30 from, 15 minutes": when the appointment is. */
export function appointmentTime(session: VideoSession): string {
  const { startsAt } = session.appointment
  return t('at-time', { day: day(startsAt), time: clock(startsAt), minutes: session.metadata.scheduledDuration })
}

/** What somebody is here as, in a word. */
export function roleOf(person: Pick<SessionParticipant, 'role' | 'relation' | 'guestKind'>): string {
  if (person.guestKind) return t(`guest-${person.guestKind}`)
  const tied = person.relation === 'support' || person.relation === 'guest'
  return t(`role-${tied ? person.relation : (person.role ?? 'patient')}` as Key)
}

/** Whole minutes since a moment, none before it. */
export function minutesSince(iso: string): number {
  return Math.floor(secondsSince(iso) / 60)
}

/** Specialty and year of licence, as far as they are known. */
export function aboutDoctor(session: VideoSession): string {
  const { specialty, licenceYear } = session.appointment.doctor
  return [specialty, licenceYear ? t('licence', { year: licenceYear }) : undefined].filter(Boolean).join('・')
}

/** Who the doctor is, licensed since when, and how to reach the clinic: always one tap away for a patient. */
export function doctorCard(session: VideoSession, clinic: Clinic | undefined) {
  const { displayName } = session.appointment.doctor
  return html`<section class="card stack" aria-label=${t('doctor-card')} data-testid="doctor-card">
    <div class="person">
      ${avatar(displayName, true)}
      <div>
        <p class="person__about">${t('doctor')}</p>
        <h2 class="subtitle">${displayName}</h2>
        ${aboutDoctor(session) ? html`<p class="person__about">${aboutDoctor(session)}</p>` : nothing}
        <p class="person__about">${appointmentTime(session)}</p>
      </div>
    </div>
    ${phoneButton(clinic, t('call-clinic'), '')}
  </section>`
}
