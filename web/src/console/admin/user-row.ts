import { html, nothing } from 'lit'
import { now } from '../../api/server-time'
import { icon } from '../../components/icons'
import { avatar } from '../../components/parts'
import { clock } from '../../i18n'
import { sign } from '../icons'
import { moment, w } from '../words'
import type { User } from './users-api'

export interface UserDeeds {
  change(user: User): void
  reset(user: User): void
  unlock(user: User): void
  block(user: User, blocked: boolean): void
}

/**
 * Somebody who works here: who they are, how they get in, and what an administrator can do about that. Nobody disables
 * or resets themselves: that would close the page that shows the way back in.
 */
export function userRow(user: User, isMe: boolean, deeds: UserDeeds) {
  return html`<div class="rows__item user" data-blocked=${user.blocked}>
    ${avatar(user.displayName)}
    <div>
      <p class="person__name">
        ${user.displayName} ${isMe ? html`<span class="badge badge--accent">${w('user-me')}</span>` : nothing}
      </p>
      <p class="person__about">${[w(`role-${user.role}`), user.loginName].filter(Boolean).join(' · ')}</p>
    </div>
    <div class="user__state">${states(user)}</div>
    <div class="rows__end">${buttons(user, isMe, deeds)}</div>
  </div>`
}

function states(user: User) {
  if (user.blocked) return mark('user-blocked', 'mark--danger', sign('person-off'))
  const marks = []
  if (isLocked(user)) {
    marks.push(
      html`<p class="mark mark--warning">${sign('lock')} ${w('user-locked', { time: clock(user.lockedUntil!) })}</p>`,
    )
  }
  if (user.loginName === null) marks.push(mark('user-no-login', 'mark--soft'))
  else if (user.setupPending) marks.push(mark('user-setup', 'mark--warning', icon('clock')))
  else if (user.totp || user.passkeys > 0)
    marks.push(html`<p class="mark mark--soft">${sign('shield')} ${factorsOf(user)}</p>`)
  else marks.push(mark('user-no-factor', 'mark--warning', sign('shield-open')))
  marks.push(
    html`<p class="note">${user.lastLoginAt ? w('user-last', { time: moment(user.lastLoginAt) }) : w('user-never')}</p>`,
  )
  return marks
}

function factorsOf(user: User): string {
  return [user.totp && w('user-totp'), user.passkeys > 0 && w('user-passkeys', { count: user.passkeys })]
    .filter(Boolean)
    .join(w('comma'))
}

function mark(word: 'user-blocked' | 'user-no-login' | 'user-setup' | 'user-no-factor', look: string, drawn?: unknown) {
  return html`<p class="mark ${look}">${drawn} ${w(word)}</p>`
}

function isLocked(user: User): boolean {
  return user.lockedUntil !== null && Date.parse(user.lockedUntil) > now()
}

function buttons(user: User, isMe: boolean, deeds: UserDeeds) {
  const button = (word: 'change' | 'user-reset' | 'user-unlock' | 'user-block' | 'user-unblock', act: () => void) => {
    const look = word === 'user-block' ? 'button--stop' : 'button--quiet'
    return html`<button class="button ${look}" type="button" data-testid=${word} @click=${act}>
      <span>${w(word)}<span class="visually-hidden"> ${user.displayName}</span></span>
    </button>`
  }
  if (user.blocked) return button('user-unblock', () => deeds.block(user, false))
  return html`${isLocked(user) ? button('user-unlock', () => deeds.unlock(user)) : nothing}
  ${button('change', () => deeds.change(user))}
  ${user.loginName === null || isMe ? nothing : button('user-reset', () => deeds.reset(user))}
  ${isMe ? nothing : button('user-block', () => deeds.block(user, true))}`
}
