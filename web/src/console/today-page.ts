import { html, nothing, type TemplateResult } from 'lit'
import { customElement, property, query, state } from 'lit/decorators.js'
import { repeat } from 'lit/directives/repeat.js'
import type { VideoSession } from '../api/types'
import { Element } from '../components/element'
import { icon } from '../components/icons'
import type { InviteDialog } from '../components/invite-dialog'
import '../components/invite-dialog'
import { type Board, boardOf, type Place } from './board'
import type { Login } from './console-api'
import { dayOf, shifted } from './day'
import { dayPath } from './day-header'
import type { Commands } from './commands'
import type { Desk } from './desk'
import { doctorState, presentWorkers } from './doctors'
import { FocusKeeper } from './focus-keeper'
import { sign } from './icons'
import './inside-row'
import { lockedInvitations } from './locked-invitations'
import './plain-row'
import { Pulse } from './pulse'
import { matches } from './search'
import { now } from '../api/server-time'
import './waiting-row'
import { w } from './words'

/** The most rows of those to come, and of those that are over, until somebody wants them all. */
const AT_FIRST = 40

/** The clinic's day: who waits, what goes on, what is to come and what is over. */
@customElement('shinsatsu-today-page')
export class TodayPage extends Element {
  @property({ attribute: false }) desk!: Desk
  @property({ attribute: false }) commands!: Commands
  @property({ attribute: false }) login!: Login
  @property({ type: Number }) version = 0
  @state() private query = ''
  /** Ids of what the search found on the server; undefined while it has not been asked. */
  @state() private found: string[] | undefined
  @state() private whole = new Set<Place>()
  @query('shinsatsu-invite-dialog') private inviteDialog!: InviteDialog
  protected readonly focusKeeper = new FocusKeeper(this)
  protected readonly pulse = new Pulse(this, () => this.#tick())
  #minute = Math.floor(now() / 60_000)
  #present = new Map<number, VideoSession[]>()

  protected override render() {
    const { desk } = this
    this.#present = presentWorkers(desk.sessions.values())
    const sessions = desk.ofTheDay.filter((session) => matches(session, this.query))
    const board = boardOf(sessions)
    return html`<main class="wide" id="main" @give-link=${this.#giveLink}>
      <shinsatsu-day-header
        .desk=${desk}
        .version=${this.version}
        .minute=${this.#minute}
        @search=${this.#search}
        @find=${this.#find}
      ></shinsatsu-day-header>
      <div role="status" class="said">${lockedInvitations(desk)}</div>
      ${desk.state === 'loading' ? this.#loading() : desk.state === 'failed' ? this.#failed() : this.#groups(board)}
      ${this.query ? this.#found(sessions.length) : nothing}
    </main>
      <shinsatsu-invite-dialog></shinsatsu-invite-dialog>`
  }

  #giveLink = ({ detail: session }: CustomEvent<VideoSession>) => {
    this.inviteDialog.api = this.desk.api.access(session.id)
    this.inviteDialog.giveLink({ userType: 'patient', ...session.appointment.patient })
  }

  #groups(board: Board) {
    const empty = Object.values(board).every((group) => group.length === 0)
    if (empty) return this.query ? nothing : this.#empty()
    const isToday = this.desk.day === this.desk.today
    return html`${this.#queue(board.waiting)}
    ${this.#group('inside', w('inside'), board.inside, (session) => this.#inside(session, board.inside.length === 1))}
    ${this.#group('booked', w(isToday ? 'to-come' : 'booked-title'), board.booked, (session) => this.#plain(session))}
    ${this.#group('over', w('over'), board.over, (session) => this.#plain(session))}`
  }

  /** Those who wait, the longest first and large. */
  #queue(sessions: VideoSession[]) {
    if (sessions.length === 0) return nothing
    return html`<section aria-labelledby="waiting" class="stack stack--close">
      <h2 class="subtitle row" id="waiting">
        ${w('waiting')} <span class="badge badge--warning" data-testid="waiting-count">${sessions.length}</span>
      </h2>
      <ul class="queue">
        ${repeat(
          sessions,
          (session) => session.id,
          (
            session,
            index,
          ) => html`<li data-testid="appointment-row" data-row=${session.id} class=${index === 0 && !this.query ? 'queue__next' : ''}>
            <shinsatsu-waiting-row
              .session=${session}
              .running=${this.commands.underWay(session.id)}
              .next=${index === 0 && !this.query}
              .mine=${this.#isMine(session)}
              .doctorState=${doctorState(session, this.#present)}
              .dated=${this.#isElsewhere(session)}
            ></shinsatsu-waiting-row>
          </li>`,
        )}
      </ul>
    </section>`
  }

  #group(place: Place, title: string, sessions: VideoSession[], row: (session: VideoSession) => TemplateResult) {
    if (sessions.length === 0) return nothing
    const shown = this.whole.has(place) || place === 'inside' ? sessions : sessions.slice(0, AT_FIRST)
    return html`<section class="card card--flush" aria-labelledby=${place} data-group=${place}>
      <div class="card__head">
        <h2 class="subtitle" id=${place}>${title}</h2>
        <span class="badge ${place === 'inside' ? 'badge--accent' : ''}">${sessions.length}</span>
      </div>
      <ul class="rows">
        ${repeat(
          shown,
          (session) => session.id,
          (session) => html`<li data-testid="appointment-row" data-row=${session.id}>${row(session)}</li>`,
        )}
      </ul>
      ${shown.length < sessions.length ? this.#showAll(place, sessions.length) : nothing}
    </section>`
  }

  #showAll(place: Place, count: number) {
    return html`<div class="card__foot">
      <button class="button" type="button" @click=${() => (this.whole = new Set([...this.whole, place]))}>
        ${w('show-all', { count })}
      </button>
    </div>`
  }

  #inside(session: VideoSession, only: boolean) {
    return html`<shinsatsu-inside-row
      .session=${session}
      .running=${this.commands.underWay(session.id)}
      .spread=${only}
      .dated=${this.#isElsewhere(session)}
    ></shinsatsu-inside-row>`
  }

  #plain(session: VideoSession, dated = this.#isElsewhere(session)) {
    return html`<shinsatsu-plain-row
      .session=${session}
      .running=${this.commands.underWay(session.id)}
      .dated=${dated}
      .current=${dayOf(session.appointment.startsAt) === this.desk.today}
      .minute=${session.endedAt ? 0 : this.#minute}
    ></shinsatsu-plain-row>`
  }

  #found(here: number) {
    const shown = new Set(this.desk.ofTheDay.map((session) => session.id))
    const others = (this.found ?? []).map((id) => this.desk.sessions.get(id)).filter((one) => one && !shown.has(one.id))
    if (this.found && others.length === 0) return here > 0 ? nothing : this.#nothingFound()
    return html`<section class="card card--flush" aria-labelledby="found" aria-busy=${!this.found}>
      <div class="card__head">
        <h2 class="subtitle" id="found">${w('other-days')}</h2>
        ${this.found ? html`<span class="badge">${others.length}</span>` : html`<span class="note">${w('searching')}</span>`}
      </div>
      <ul class="rows">
        ${repeat(
          others as VideoSession[],
          (session) => session.id,
          (session) =>
            html`<li data-testid="appointment-row" data-row=${session.id}>${this.#plain(session, true)}</li>`,
        )}
      </ul>
    </section>`
  }

  #nothingFound() {
    return told(sign('search'), w('nothing-found'), w('nothing-found-lead', { query: this.query }))
  }

  #empty() {
    const { desk } = this
    const isToday = desk.day === desk.today
    const next = html`<a
      class="button button--quiet"
      href=${isToday ? dayPath(shifted(desk.day, 1), desk.today) : '/console'}
      >${w(isToday ? 'see-tomorrow' : 'to-today')} ${sign('right')}</a
    >`
    return told(
      sign('calendar'),
      w(isToday ? 'empty' : 'empty-day'),
      w(isToday ? 'empty-lead' : 'empty-day-lead'),
      next,
    )
  }

  #loading() {
    return html`<section class="card card--flush" aria-busy="true" aria-labelledby="loading">
      <div class="card__head"><h2 class="subtitle" id="loading">${w('loading')}</h2></div>
      <ul class="rows" aria-hidden="true">
        ${[1, 2, 3, 4].map(
          () => html`<li class="rows__item day">
            <span class="skeleton"></span><span class="skeleton skeleton--long"></span>
            <span class="skeleton skeleton--long"></span><span class="skeleton"></span>
          </li>`,
        )}
      </ul>
    </section>`
  }

  #failed() {
    const again = html`<button class="button button--primary" type="button" @click=${() => void this.desk.reload()}>
      ${icon('refresh')} ${w('retry')}
    </button>`
    return told(icon('network-off'), w('list-failed'), w('list-failed-lead'), again)
  }

  #isMine({ appointment }: VideoSession): boolean {
    const { userId } = this.login
    return [appointment.doctor, ...appointment.supportDoctors].some((doctor) => doctor.userId === userId)
  }

  /** Open since, or for, another day than the one that is shown. */
  #isElsewhere(session: VideoSession): boolean {
    return dayOf(session.appointment.startsAt) !== this.desk.day
  }

  #search = (event: CustomEvent<string>) => {
    this.query = event.detail
    this.found = undefined
  }

  #find = async (event: CustomEvent<string>) => {
    const query = event.detail
    const found = await this.desk.find(query).catch(() => [])
    if (query === this.query) this.found = found
  }

  #tick(): void {
    this.desk.noticeToday()
    const minute = Math.floor(now() / 60_000)
    if (minute === this.#minute) return
    this.#minute = minute
    this.requestUpdate()
  }
}

function told(mark: TemplateResult, title: string, lead: string, next: TemplateResult | typeof nothing = nothing) {
  return html`<section class="card told" role="status">
    <span class="avatar avatar--large">${mark}</span>
    <h2 class="subtitle">${title}</h2>
    <p>${lead}</p>
    ${next}
  </section>`
}
