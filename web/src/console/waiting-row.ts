import { html, nothing } from 'lit'
import { customElement, property } from 'lit/decorators.js'
import type { SessionParticipant } from '../api/types'
import { icon } from '../components/icons'
import { clock } from '../i18n'
import { waitersOf, waitsSince } from './board'
import type { DoctorState } from './doctors'
import { sign } from './icons'
import { devicesMark, identityMark } from './marks'
import './passing-time'
import { may, mayEnter, mayOver } from './rights'
import { SessionRow } from './session-row'
import { w } from './words'

/** An appointment whose patient waits, alone or with others; the one who has waited longest is shown large. */
@customElement('shinsatsu-waiting-row')
export class WaitingRow extends SessionRow {
  @property({ type: Boolean }) next = false
  @property() doctorState: DoctorState = 'not_here'
  /** Whether I am of this appointment: then letting somebody in means seeing them. */
  @property({ type: Boolean }) mine = false

  protected override render() {
    return waitersOf(this.session).map((person, index) =>
      this.next && index === 0 ? this.#next(person) : this.#one(person, index === 0),
    )
  }

  #next(person: SessionParticipant) {
    return html`<div class="next" data-testid="waiting-patient">
      ${this.person(person.displayName, this.#about(person), true)}
      ${this.#waited(person)}
      <div class="next__actions">${this.#actions(person, 'button--large')}</div>
      <dl class="next__facts">
        <div><dt>${w('devices')}</dt><dd>${devicesMark(person)}</dd></div>
        <div><dt>${w('identity')}</dt><dd>${identityMark(person)} ${this.#identityButton(person)}</dd></div>
        <div><dt>${w('doctor')}</dt><dd>${this.#doctorMark()}</dd></div>
      </dl>
    </div>`
  }

  #one(person: SessionParticipant, isFirst: boolean) {
    return html`<div class="rows__item day" data-testid="waiting-patient">
      ${isFirst ? this.time() : html`<span></span>`} ${this.person(person.displayName, this.#about(person))}
      <div class="day__state">${this.#waited(person)} ${devicesMark(person)} ${identityMark(person)}</div>
      <div class="rows__end">${this.#identityButton(person)} ${this.#actions(person, '')}</div>
    </div>`
  }

  #about(person: SessionParticipant): string {
    const time = this.next ? w('booked-at', { time: clock(this.session.appointment.startsAt) }) : undefined
    const guestOf = person.relation === 'guest' ? w('guest-of', { name: this.patient }) : undefined
    return [time, this.doctor, guestOf].filter(Boolean).join(' · ')
  }

  #waited(person: SessionParticipant) {
    return html`<div class="waits">
      <p class="mark">${icon('clock')} <shinsatsu-waited .since=${waitsSince(person)}></shinsatsu-waited></p>
      ${person.admission === 'sent_back' ? html`<p class="mark">${sign('back')} ${w('sent-back')}</p>` : nothing}
      ${
        person.connected
          ? nothing
          : html`<p class="mark mark--warning">${icon('network-off')} ${w('not-connected')}</p>`
      }
    </div>`
  }

  #doctorMark() {
    const mark = { here: 'ok', in_consultation: 'video', not_here: 'clock' } as const
    const look = this.doctorState === 'here' ? '' : 'mark--soft'
    return html`<p class="mark ${look}">${icon(mark[this.doctorState])} ${w(`doctor-${this.doctorState}`)}</p>`
  }

  #identityButton(participant: SessionParticipant) {
    if (!mayOver(this.session, participant.participantId, 'check_identity')) return nothing
    const words = w(participant.identityCheck ? 'identity-again' : 'identity-note')
    return this.asking(
      { ask: 'identity', session: this.session, participant },
      { icon: sign('shield'), words, about: participant.displayName, testid: 'identity-check' },
    )
  }

  #actions(participant: SessionParticipant, size: string) {
    const { session } = this
    if (!mayOver(session, participant.participantId, 'admit')) return this.#enterOnly(size)
    const about = participant.displayName
    const mayJoin = may(session, 'join')
    // One main button a page: that of whoever has waited longest.
    const look = (main: boolean) => `${main && size ? 'button--primary' : 'button--quiet'} ${size}`
    const main = this.mine && mayJoin ? 'admit-and-join' : 'admit'
    const admit = this.button(
      { do: 'admit', session, participant },
      { words: w('admit'), about, look: look(main === 'admit') },
    )
    if (!mayJoin) return admit
    const both = this.button(
      { do: 'admit-and-join', session, participant },
      { icon: sign('enter'), words: w('admit-and-join'), about, look: look(main === 'admit-and-join') },
    )
    return this.mine ? [admit, both] : [both, admit]
  }

  #enterOnly(size: string) {
    const { session } = this
    if (!mayEnter(session)) return nothing
    return this.button(
      { do: 'enter', session },
      {
        icon: sign('enter'),
        words: w('enter'),
        about: this.patient,
        testid: 'join-session',
        look: `button--quiet ${size}`,
      },
    )
  }
}
