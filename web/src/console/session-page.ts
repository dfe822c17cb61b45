import { html, nothing } from 'lit'
import { customElement, property, state } from 'lit/decorators.js'
import { ApiProblem } from '../api/problem'
import type { VideoSession } from '../api/types'
import { Element } from '../components/element'
import { icon } from '../components/icons'
import { avatar } from '../components/parts'
import type { AccessApi } from '../api/access'
import '../components/access-panel'
import { clock } from '../i18n'
import { isOpen, isOver } from './board'
import type { Commands } from './commands'
import { dayInWords, dayOf } from './day'
import { dayPath } from './day-header'
import type { Desk } from './desk'
import { sign } from './icons'
import './inside-row'
import './list-age'
import './plain-row'
import { resultMark } from './result'
import { may } from './rights'
import './session-facts'
import './story-list'
import { StoryReader } from './story-reader'
import { waitingHint } from './waiting-hint'
import { w } from './words'

/** One consultation: its facts, and its story as it happened or happens. */
@customElement('shinsatsu-session-page')
export class SessionPage extends Element {
  @property({ attribute: false }) desk!: Desk
  @property({ attribute: false }) commands!: Commands
  @property() sessionId = ''
  @property({ type: Number }) version = 0
  @state() private trouble: 'not-found' | 'failed' | undefined
  #story: StoryReader | undefined
  #access!: AccessApi
  #told: VideoSession | undefined
  #wasLive = false

  protected override willUpdate(changed: Map<string, unknown>): void {
    if (changed.has('sessionId')) this.#open()
    const { session } = this
    const isLive = this.desk.link === 'live'
    // The stream only says that something changed, and says nothing of what it missed.
    if ((session !== this.#told && this.#told) || (isLive && !this.#wasLive)) void this.#story?.readOn()
    this.#told = session
    this.#wasLive = isLive
  }

  protected override render() {
    const { session } = this
    const { today, day } = this.desk
    return html`<main class="wide" id="main">
      <a class="button button--flush button--start" href=${dayPath(day, today)}>
        ${sign('left')} ${day === today ? w('today') : dayInWords(day)}
      </a>
      <div role="status" class="said">
        ${waitingHint(this.desk)}
        ${this.desk.link === 'lost' ? html`<shinsatsu-list-age .desk=${this.desk}></shinsatsu-list-age>` : nothing}
      </div>
      ${session ? this.#page(session) : this.trouble ? this.#problem() : this.#loading()}
    </main>`
  }

  private get session(): VideoSession | undefined {
    return this.desk.sessions.get(this.sessionId)
  }

  #page(session: VideoSession) {
    return html`${this.#head(session)} ${isOver(session) ? nothing : this.#present(session)}
      <div class="story">
        <shinsatsu-story-list
          .session=${session}
          .story=${this.#story!}
          .progress=${this.#story!.state}
          .events=${this.#story!.events}
          .running=${this.commands.underWay(session.id)}
        ></shinsatsu-story-list>
        <div class="stack">
          ${may(session, 'invite_guest') && !isOver(session) ? this.#waysIn(session) : nothing}
          <shinsatsu-session-facts
            .session=${session}
            .events=${this.#story!.events}
            .running=${this.commands.underWay(session.id)}
          ></shinsatsu-session-facts>
        </div>
      </div>`
  }

  #waysIn(session: VideoSession) {
    return html`<div class="card">
      <shinsatsu-access-panel .api=${this.#access} .session=${session} .stirs=${session.version}></shinsatsu-access-panel>
    </div>`
  }

  #head(session: VideoSession) {
    const { appointment, metadata } = session
    const doctor = [w('with-doctor', { name: appointment.doctor.displayName }), appointment.doctor.specialty]
    const when = [dayInWords(dayOf(appointment.startsAt)), clock(appointment.startsAt)].join(' ')
    return html`<div class="row row--apart">
      <div class="person">
        ${avatar(appointment.patient.displayName, true)}
        <div>
          <h1 class="title" tabindex="-1">${appointment.patient.displayName}</h1>
          <p class="person__about">
            ${doctor.filter(Boolean).join(' · ')}<br />${when} · ${w('minutes', { count: metadata.scheduledDuration })}
          </p>
        </div>
      </div>
      ${this.#status(session)}
    </div>`
  }

  #status(session: VideoSession) {
    if (isOver(session)) return html`<div class="badge badge--large">${resultMark(session)}</div>`
    const kind = session.status === 'active' ? 'badge--accent' : session.status === 'waiting' ? 'badge--warning' : ''
    return html`<div class="badge badge--large ${kind}">${w(`status-${session.status}` as 'status-active')}</div>`
  }

  /** What goes on now, with the same buttons as on the page of the day. */
  #present(session: VideoSession) {
    const running = this.commands.underWay(session.id)
    return html`<section class="card card--flush now" aria-labelledby="now" data-row=${session.id}>
      <h2 class="visually-hidden" id="now">${w('now')}</h2>
      ${
        isOpen(session) && session.participants.length > 0
          ? html`<shinsatsu-inside-row .session=${session} .running=${running} spread bare></shinsatsu-inside-row>`
          : html`<shinsatsu-plain-row
              .session=${session}
              .running=${running}
              bare
              .current=${dayOf(session.appointment.startsAt) === this.desk.today}
            ></shinsatsu-plain-row>`
      }
    </section>`
  }

  #loading() {
    return html`<section class="card stack" aria-busy="true">
      <h1 class="visually-hidden" tabindex="-1">${w('loading-story')}</h1>
      <span class="skeleton skeleton--short"></span><span class="skeleton skeleton--long"></span>
      <span class="skeleton skeleton--long"></span>
    </section>`
  }

  #problem() {
    const missing = this.trouble === 'not-found'
    return html`<section class="card told" role="status">
      <span class="avatar avatar--large">${missing ? sign('search') : icon('network-off')}</span>
      <h1 class="subtitle" tabindex="-1">${w(missing ? 'no-such-session' : 'list-failed')}</h1>
      <p>${w(missing ? 'no-such-session-lead' : 'list-failed-lead')}</p>
      ${
        missing
          ? html`<a class="button button--primary" href="/console">${w('to-today')}</a>`
          : html`<button class="button button--primary" type="button" @click=${() => this.#open()}>
              ${icon('refresh')} ${w('retry')}
            </button>`
      }
    </section>`
  }

  #open(): void {
    this.trouble = undefined
    this.#told = undefined
    this.#access = this.desk.api.access(this.sessionId)
    this.#story = new StoryReader(this.desk.api, this.sessionId, () => this.requestUpdate())
    void this.#story.readOn()
    void this.desk.refresh(this.sessionId).catch((error: unknown) => {
      const missing = error instanceof ApiProblem && [403, 404, 422].includes(error.status)
      this.trouble = missing ? 'not-found' : 'failed'
    })
  }
}
