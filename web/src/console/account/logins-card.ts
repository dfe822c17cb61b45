import { html, nothing } from 'lit'
import { sign } from '../icons'
import { moment, w } from '../words'
import type { OwnLogin } from './account-api'

/** Where one is logged in; one's own are there to be ended. */
export function loginsCard(logins: OwnLogin[], end: (login: OwnLogin) => void) {
  return html`<section class="card card--flush" aria-labelledby="logins-title">
    <div class="card__head">
      <h2 class="subtitle" id="logins-title">${w('own-logins')}</h2>
      <span class="badge">${logins.length}</span>
    </div>
    <ul class="rows" data-testid="own-logins">
      ${logins.map((login) => loginRow(login, end))}
    </ul>
  </section>`
}

function loginRow(login: OwnLogin, end: (login: OwnLogin) => void) {
  const browser = login.browser || w('browser-unknown')
  return html`<li class="rows__item rows__item--wraps" data-testid="own-login">
    <span class="avatar">${sign('window')}</span>
    <div>
      <p class="person__name">
        ${browser} ${login.current ? html`<span class="badge badge--accent">${w('this-login')}</span>` : nothing}
      </p>
      <p class="person__about">
        ${[w(`method-login-${login.method}`), login.address].filter(Boolean).join(' · ')}<br />
        <span class="lines">${w('login-since', { from: moment(login.createdAt), seen: moment(login.lastSeenAt) })}</span>
      </p>
    </div>
    <button class="button button--grave" type="button" data-testid="end-login" @click=${() => end(login)}>
      <span
        >${w(login.current ? 'log-out' : 'end-login')}<span class="visually-hidden">
          ${browser} ${moment(login.createdAt)}</span
        ></span
      >
    </button>
  </li>`
}
