import { html, nothing } from 'lit'
import { customElement } from 'lit/decorators.js'
import { repeat } from 'lit/directives/repeat.js'
import type { SessionParticipant } from '../api/types'
import { icon } from '../components/icons'
import { avatar } from '../components/parts'
import { insidersOf } from './board'
import { sign } from './icons'
import { insiderMarks } from './marks'
import { may, mayLock, mayOver } from './rights'
import { SessionRow } from './session-row'
import { roleOf, w } from './words'

/** Everybody who is in one consultation, with what may be done about each; and about all of them. */
@customElement('shinsatsu-people-list')
export class PeopleList extends SessionRow {
  protected override render() {
    return html`<ul class="rows people">
        ${repeat(
          insidersOf(this.session),
          (person) => person.participantId,
          (person) => this.#one(person),
        )}
      </ul>
      ${this.#all()}`
  }

  #one(person: SessionParticipant) {
    return html`<li class="people__one" data-testid="participant" data-participant=${person.participantId}>
      <div class="person">
        ${avatar(person.displayName)}
        <div>
          <p class="person__name">${person.displayName} <span class="note">${roleOf(person)}</span></p>
          <p class="person__about people__marks">${insiderMarks(person)} ${this.#more(person)}</p>
        </div>
      </div>
      <div class="rows__end">${this.#actions(person)}</div>
    </li>`
  }

  #more({ joinReason, mutedBy }: SessionParticipant) {
    const by = mutedBy?.audio ?? mutedBy?.video
    return html`${by ? html`<span>${w('muted-by', { name: by.displayName })}</span>` : nothing}
    ${joinReason ? html`<span>${w('came-because', { reason: joinReason })}</span>` : nothing}`
  }

  #actions(participant: SessionParticipant) {
    const { session } = this
    const { participantId, displayName: about } = participant
    const look = 'button--quiet'
    return html`${mayOver(session, participantId, 'mute_others') ? this.#mutes(participant) : nothing}
    ${
      mayOver(session, participantId, 'send_back')
        ? this.button(
            { do: 'send-back', session, participant },
            { icon: sign('back'), words: w('send-back'), about, look },
          )
        : nothing
    }
    ${
      mayOver(session, participantId, 'remove')
        ? this.asking(
            { ask: 'remove', session, participant },
            { icon: sign('person-off'), words: w('remove'), about, testid: 'remove-participant', look: 'button--stop' },
          )
        : nothing
    }`
  }

  #mutes(participant: SessionParticipant) {
    const { session } = this
    const { displayName: about, audioMuted, videoMuted } = participant
    const microphone = audioMuted
      ? this.button(
          { do: 'ask-to-unmute', session, participant },
          { icon: icon('mic'), words: w('ask-to-unmute'), about },
        )
      : this.button(
          { do: 'mute-audio', session, participant },
          { icon: icon('mic-off'), words: w('mute-audio'), about, testid: 'mute-participant' },
        )
    if (videoMuted) return microphone
    return html`${microphone}
    ${this.button(
      { do: 'mute-video', session, participant },
      { icon: icon('video-off'), words: w('mute-video'), about, testid: 'mute-video' },
    )}`
  }

  #all() {
    const { session, patient: about } = this
    const { locked } = session
    const mute = session.status === 'active' && may(session, 'mute_others')
    const lock = mayLock(session)
    if (!mute && !lock) return nothing
    return html`<div class="people__all">
      ${mute ? this.button({ do: 'mute-all', session }, { icon: icon('mic-off'), words: w('mute-all'), about }) : nothing}
      ${
        lock
          ? this.button(
              { do: locked ? 'unlock' : 'lock', session },
              { icon: sign('lock'), words: w(locked ? 'unlock' : 'lock'), about },
            )
          : nothing
      }
    </div>`
  }
}
