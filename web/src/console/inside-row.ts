import { html, nothing } from 'lit'
import { customElement, property, state } from 'lit/decorators.js'
import type { SessionParticipant } from '../api/types'
import { icon } from '../components/icons'
import { insidersOf, waitersOf, waitsSince } from './board'
import { EXTEND_MINUTES } from './deeds'
import { sign } from './icons'
import { devicesMark, identityMark, insiderMarks } from './marks'
import './passing-time'
import './people-list'
import { mayEnd, mayEnter, mayExtend, mayOver } from './rights'
import { SessionRow } from './session-row'
import { roleOf, w } from './words'

/** A consultation that goes on: its time, who is in it, who knocks, and what staff may do there. */
@customElement('shinsatsu-inside-row')
export class InsideRow extends SessionRow {
  /** Whether the people are shown until somebody says otherwise. */
  @property({ type: Boolean }) spread = false
  @state() private shown: boolean | undefined

  protected override render() {
    const people = insidersOf(this.session)
    const shown = people.length > 0 && (this.shown ?? this.spread)
    const id = `people-${this.session.id}`
    return html`<div class="rows__item day ${this.bare ? 'day--bare' : ''}">
        ${this.time()} ${this.person(this.patient, this.doctor)}
        <div class="day__state">${this.#state(people)}</div>
        <div class="rows__end">${this.#actions()} ${people.length > 0 ? this.#disclosure(id, shown, people.length) : nothing}</div>
        ${shown ? nothing : this.#chips(people)}
      </div>
      ${waitersOf(this.session).map((person) => this.#knocking(person))}
      <div id=${id} class="day__more" ?hidden=${!shown}>
        ${
          shown
            ? html`<shinsatsu-people-list .session=${this.session} .running=${this.running}></shinsatsu-people-list>`
            : nothing
        }
      </div>`
  }

  #state(people: SessionParticipant[]) {
    const { startedAt, endsAt, locked, status, metadata } = this.session
    const [alone] = people.length === 1 ? people : []
    return html`${
      status === 'active' && startedAt
        ? html`<shinsatsu-elapsed .since=${startedAt} .of=${metadata.scheduledDuration}></shinsatsu-elapsed>`
        : html`<p class="mark mark--soft">${icon('clock')} ${w('not-begun')}</p>`
    }
    ${endsAt ? html`<shinsatsu-time-left .until=${endsAt}></shinsatsu-time-left>` : nothing}
    ${alone ? html`<p class="mark mark--warning">${sign('warn')} ${w('alone', { name: alone.displayName })}</p>` : nothing}
    ${people.length === 0 && status === 'active' ? html`<p class="mark mark--warning">${sign('warn')} ${w('nobody-in')}</p>` : nothing}
    ${locked ? html`<p class="mark">${sign('lock')} ${w('locked')}</p>` : nothing}`
  }

  #chips(people: SessionParticipant[]) {
    return html`<ul class="chips">
      ${people.map(
        (person) => html`<li class="chip" data-testid="participant">
          <b>${person.displayName}</b> <span class="note">${roleOf(person)}</span> ${insiderMarks(person)}
        </li>`,
      )}
    </ul>`
  }

  #knocking(participant: SessionParticipant) {
    const { session } = this
    const { displayName: about } = participant
    return html`<div class="rows__item day day--knocking" data-testid="waiting-patient">
      <span></span>
      <div>
        <p class="person__name">${about} <span class="note">${roleOf(participant)}</span></p>
        <p class="mark">
          ${icon('clock')} <shinsatsu-waited .since=${waitsSince(participant)}></shinsatsu-waited>
          ${participant.admission === 'sent_back' ? html`<span class="note">${w('sent-back')}</span>` : nothing}
        </p>
      </div>
      <div class="day__state">${devicesMark(participant)} ${identityMark(participant)}</div>
      <div class="rows__end">
        ${
          mayOver(session, participant.participantId, 'check_identity')
            ? this.asking(
                { ask: 'identity', session, participant },
                { icon: sign('shield'), words: w('identity-note'), about, testid: 'identity-check' },
              )
            : nothing
        }
        ${
          mayOver(session, participant.participantId, 'admit')
            ? this.button({ do: 'admit', session, participant }, { words: w('admit'), about })
            : nothing
        }
        ${
          mayOver(session, participant.participantId, 'remove')
            ? this.asking(
                { ask: 'remove', session, participant },
                { words: w('remove'), about, testid: 'remove-participant', look: 'button--stop' },
              )
            : nothing
        }
      </div>
    </div>`
  }

  #actions() {
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
      mayExtend(session)
        ? this.button({ do: 'extend', session }, { words: w('extend', { minutes: EXTEND_MINUTES }), about })
        : nothing
    }
    ${
      mayEnd(session)
        ? this.asking({ ask: 'end', session }, { words: w('end'), about, testid: 'end-session', look: 'button--stop' })
        : nothing
    }`
  }

  #disclosure(id: string, shown: boolean, count: number) {
    return html`<button
      class="button button--quiet"
      type="button"
      data-testid="people"
      data-keep="people"
      aria-expanded=${shown}
      aria-controls=${id}
      @click=${() => (this.shown = !shown)}
    >
      ${icon('people')}<span>${w('people-count', { count })}<span class="visually-hidden"> ${this.patient}</span></span>
      ${sign('down')}
    </button>`
  }
}
