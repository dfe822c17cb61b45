import { html, nothing, type TemplateResult } from 'lit'
import type { Guest, Invitation, Link, UserKey } from '../api/access'
import { userKey, type VideoSession } from '../api/types'
import { isWaiting } from '../call/room'
import { clock, type Key, t } from '../i18n'
import { icon } from './icons'
import { once } from './press'

/** What can be done about what is listed; each under the name by which it is asked whether it is on its way. */
export interface RowHandlers {
  isRunning(name: string): boolean
  withdraw(guest: Guest): void
  revokeLink(link: Link): void
  revokeInvitation(invitation: Invitation): void
  unlock(invitation: Invitation): void
}

/** Whether somebody is in, waits or has not come. */
export function presence(user: UserKey, session: VideoSession): 'guest-in' | 'guest-waits' | 'guest-not-here' {
  const here = session.participants.find((one) => userKey(one) === userKey(user))
  if (here?.admission === 'admitted') return 'guest-in'
  return here && isWaiting(here) ? 'guest-waits' : 'guest-not-here'
}

/** A guest: what they accompany as, whether they are here, what is kept from them. */
export function guestRow(guest: Guest, session: VideoSession, does: RowHandlers, give: TemplateResult[]) {
  const withheld = guest.withhold.map((action) => t(`withheld-${action}` as Key))
  return html`<div class="access__one" data-testid="guest-row" data-guest=${guest.userId}>
    <div>
      <h3 class="person__name">${guest.displayName}</h3>
      <p class="person__about">${t(`guest-${guest.kind}`)}・${t(presence(guest, session))}</p>
      ${withheld.length > 0 ? html`<p class="person__about">${withheld.join('・')}</p>` : nothing}
    </div>
    <div class="access__do">
      ${give}
      ${act('withdraw-guest', 'withdraw', guest.displayName, does.isRunning(`withdraw ${guest.userId}`), () => does.withdraw(guest))}
    </div>
  </div>`
}

/** An invitation that wrong answers have locked, and the way to open it again. */
export function lockedNotice(invitation: Invitation, does: RowHandlers) {
  const { displayName, wrongTries, invitationId } = invitation
  const running = does.isRunning(`unlock ${invitationId}`)
  return html`<div class="banner banner--warning banner--asks" role="status" data-testid="locked-invitation">
    ${icon('lock')}
    <span><strong>${t('locked-invitation', { name: displayName })}</strong>${t('locked-invitation-lead', { count: wrongTries })}</span>
    <button
      class="button button--quiet"
      type="button"
      data-testid="unlock-invitation"
      aria-disabled=${running ? 'true' : nothing}
      @click=${once(() => does.unlock(invitation))}
    >
      ${t('unlock-invitation')}<span class="visually-hidden">: ${displayName}</span>
    </button>
  </div>`
}

export function linkRow(link: Link, does: RowHandlers) {
  const { displayName, createdAt, usedAt, expiresAt, state } = link
  const words = t(`link-is-${state}`, { time: clock(state === 'used' && usedAt ? usedAt : expiresAt) })
  // Workers’ links are the booking system’s to take back.
  const mayRevoke = link.userType === 'patient' && (state === 'open' || state === 'used')
  return html`<li class="access__row" data-testid="link-row" data-state=${state}>
    ${about(displayName, t('link-made', { time: clock(createdAt) }), words)}
    ${
      mayRevoke
        ? act('revoke-link', 'take-back', displayName, does.isRunning(`link ${link.linkId}`), () =>
            does.revokeLink(link),
          )
        : nothing
    }
  </li>`
}

export function invitationRow(invitation: Invitation, does: RowHandlers) {
  const { displayName, createdAt, expiresAt, state, openedAt, check, invitationId } = invitation
  const stands = state === 'open' && openedAt ? 'opened' : state
  const words = t(`invitation-is-${stands}`, { time: clock(stands === 'opened' && openedAt ? openedAt : expiresAt) })
  const made = [t('invitation-made', { time: clock(createdAt) }), t(`check-${check}`), invitation.sentTo]
  return html`<li class="access__row" data-testid="invitation-row" data-state=${state}>
    ${about(displayName, made.filter(Boolean).join('・'), words)}
    ${
      state === 'open' || state === 'locked'
        ? act('revoke-invitation', 'take-back', displayName, does.isRunning(`invitation ${invitationId}`), () =>
            does.revokeInvitation(invitation),
          )
        : nothing
    }
  </li>`
}

function about(name: string, made: string, stands: string) {
  return html`<div>
    <p class="person__name">${name}</p>
    <p class="person__about">${made}</p>
    <p class="person__about"><b>${stands}</b></p>
  </div>`
}

function act(testid: string, words: 'withdraw' | 'take-back', name: string, running: boolean, does: () => void) {
  return html`<button
    class="button button--quiet button--grave"
    type="button"
    data-testid=${testid}
    aria-disabled=${running ? 'true' : nothing}
    @click=${once(does)}
  >
    <span>${t(words)}<span class="visually-hidden">: ${name}</span></span>
  </button>`
}
