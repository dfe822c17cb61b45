import { html, nothing } from 'lit'
import { customElement, property } from 'lit/decorators.js'
import { isOver } from './board'
import { icon } from '../components/icons'
import { t } from '../i18n'
import { sign } from './icons'
import { resultMark } from './result'
import { may, mayEnd, mayEnter } from './rights'
import { secondsSince, now } from '../api/server-time'
import { SessionRow } from './session-row'
import { shortTime, w } from './words'

/** An appointment that nobody is in: still to come, late, or over. */
@customElement('shinsatsu-plain-row')
export class PlainRow extends SessionRow {
  /** The minute it is, so that "in 5 min" goes on being true; rows that are over are not given one. */
  @property({ type: Number }) minute = 0
  /** Whether the row's day is today: only then does it count down. */
  @property({ type: Boolean }) current = false

  protected override render() {
    return html`<div class="rows__item day ${this.bare ? 'day--bare' : ''}">
      ${this.time()} ${this.person(this.patient, this.doctor)}
      <div class="day__state">${isOver(this.session) ? resultMark(this.session) : this.#when()}</div>
      <div class="rows__end">${isOver(this.session) ? this.#after() : this.#before()}</div>
    </div>`
  }

  get #isLate(): boolean {
    return Date.parse(this.session.appointment.startsAt) < now()
  }

  #when() {
    if (!this.current && !this.#isLate) return html`<p class="mark mark--soft">${w('booked')}</p>`
    if (!this.current) return html`<p class="mark mark--soft">${w('never-begun')}</p>`
    const { startsAt } = this.session.appointment
    const passed = secondsSince(startsAt)
    if (this.#isLate && passed < 60) return html`<p class="mark">${icon('clock')} ${w('due-now')}</p>`
    if (this.#isLate) {
      return html`<p class="mark mark--warning">${sign('warn')} ${w('late-by', { time: shortTime(passed) })}</p>`
    }
    const left = Math.ceil((Date.parse(startsAt) - now()) / 60_000) * 60
    return html`<p class="mark mark--soft">${w('begins-in', { time: shortTime(left) })}</p>`
  }

  #before() {
    const { session, patient: about } = this
    return html`${
      mayEnter(session)
        ? this.button(
            { do: 'enter', session },
            { icon: sign('enter'), words: w('enter'), about, testid: 'join-session' },
          )
        : nothing
    }
    ${
      this.#isLate && this.current && !this.bare && may(session, 'invite_guest')
        ? html`<button
            class="button button--quiet"
            type="button"
            data-testid="send-link"
            data-keep="send-link"
            aria-haspopup="dialog"
            @click=${() => this.say('give-link', session)}
          >
            ${icon('link')}<span>${t('give-link')}<span class="visually-hidden"> ${about}</span></span>
          </button>`
        : nothing
    }
    ${
      this.#isLate && mayEnd(session)
        ? this.asking({ ask: 'end', session }, { words: w('end'), about, testid: 'end-session', look: 'button--stop' })
        : nothing
    }`
  }

  #after() {
    const { session, patient: about } = this
    const open = !session.metadata.outcome && session.status === 'ended' && may(session, 'set_outcome')
    return html`${
      open
        ? this.asking({ ask: 'set-outcome', session }, { words: w('outcome-note'), about, testid: 'set-outcome' })
        : nothing
    }
    <a class="button button--flush" href="/console/sessions/${session.id}" data-keep="story"
      >${w('story')}<span class="visually-hidden"> ${about}</span> ${sign('right')}</a
    >`
  }
}
