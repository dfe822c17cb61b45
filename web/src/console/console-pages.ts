import { html } from 'lit'
import './account/account-page'
import './admin/keys-page'
import './admin/people-page'
import type { Commands } from './commands'
import type { Login } from './console-api'
import type { Desk } from './desk'
import type { Route } from './router'
import './session-page'
import './today-page'
import { w } from './words'

/** What the console's pages are drawn from. */
export interface Setting {
  desk: Desk
  commands: Commands
  login: Login
  version: number
}

export function pageOf(route: Route, { desk, commands, login, version }: Setting) {
  switch (route.page) {
    case 'session':
      return html`<shinsatsu-session-page
        .desk=${desk}
        .commands=${commands}
        .sessionId=${route.sessionId}
        .version=${version}
      ></shinsatsu-session-page>`
    case 'account':
      return html`<shinsatsu-account-page .login=${login}></shinsatsu-account-page>`
    case 'people':
      return html`<shinsatsu-people-page .login=${login}></shinsatsu-people-page>`
    case 'keys':
      return html`<shinsatsu-keys-page .login=${login}></shinsatsu-keys-page>`
    default:
      return html`<shinsatsu-today-page
        .desk=${desk}
        .commands=${commands}
        .login=${login}
        .version=${version}
      ></shinsatsu-today-page>`
  }
}

/** What the tab is called. */
export function titleOf(route: Route, desk: Desk): string {
  if (route.page === 'session') return desk.sessions.get(route.sessionId)?.appointment.patient.displayName ?? w('today')
  return route.page === 'day' || route.page === 'setup' ? w('today') : w(route.page)
}
