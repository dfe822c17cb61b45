import { html, nothing } from 'lit'
import { customElement, property } from 'lit/decorators.js'
import type { MutableKind, SessionParticipant } from '../api/types'
import type { Consultation } from '../call/consultation'
import { isOff, listensOnly } from '../call/room'
import { t } from '../i18n'
import { Element } from './element'
import { icon, type IconName } from './icons'
import './identity-check'
import { aboutDoctor, avatar, roleOf } from './parts'
import { once } from './press'

const SHAPES: Record<MutableKind, [IconName, IconName]> = { audio: ['mic-off', 'hand'], video: ['video-off', 'hand'] }

/** Somebody who is in, and what one may do over them. Says `remove`. */
@customElement('shinsatsu-person-card')
export class PersonCard extends Element {
  @property({ attribute: false }) consultation!: Consultation
  @property({ attribute: false }) person!: SessionParticipant
  @property({ type: Number }) version = 0

  protected override render() {
    const { person } = this
    const id = `person-${person.participantId}`
    return html`<section class="people__one stack stack--close" aria-labelledby=${id}>
      <div class="person">
        ${avatar(person.displayName)}
        <div>
          <h3 class="person__name" id=${id}>${person.displayName}</h3>
          <p class="person__about">${[roleOf(person), this.#about()].filter(Boolean).join('・')}</p>
          ${person.joinReason ? html`<p class="person__about">${t('reason-of', { reason: person.joinReason })}</p>` : nothing}
          ${person.connected ? this.#sound() : away()}
        </div>
      </div>
      ${this.#identity()} ${this.#actions()}
    </section>`
  }

  /** A guest who is kept from sending has no microphone to speak of. */
  #sound() {
    if (!this.#onlooks) return microphone(isOff(this.person, 'audio'))
    return html`<p class="person__about mark">${icon('info')} ${t('withheld-unmute')}</p>`
  }

  get #onlooks(): boolean {
    return this.person.relation === 'guest' && listensOnly(this.person.permissions)
  }

  #about(): string {
    const { session } = this.consultation.room
    const inCharge = this.person.relation === 'in_charge' && this.person.userId === session.appointment.doctor.userId
    return inCharge ? aboutDoctor(session) : ''
  }

  /** For those whose identity matters to whoever may check it. */
  #identity() {
    if (this.person.userType !== 'patient' || !this.consultation.may('check_identity', this.person)) return nothing
    return html`<shinsatsu-identity-check
      .consultation=${this.consultation}
      .person=${this.person}
      .version=${this.version}
    ></shinsatsu-identity-check>`
  }

  #actions() {
    const { consultation, person } = this
    const mayMute = consultation.may('mute_others', person) && !this.#onlooks
    const actions = [
      mayMute ? this.#device('audio') : nothing,
      mayMute ? this.#device('video') : nothing,
      mayMute && consultation.isShownBy(person) ? this.#endScreen() : nothing,
      consultation.may('send_back', person) ? this.#sendBack() : nothing,
      consultation.may('remove', person) ? this.#removal() : nothing,
    ]
    if (actions.every((action) => action === nothing)) return nothing
    return html`<div class="people__actions">${actions}</div>`
  }

  #device(kind: MutableKind) {
    const { moderation } = this.consultation
    const off = isOff(this.person, kind)
    const command = off ? `ask-${kind}` : `mute-${kind}`
    return this.#action(
      kind === 'audio' ? (off ? 'ask-unmute' : 'mute-participant') : off ? 'ask-camera' : 'stop-camera',
      command,
      SHAPES[kind][off ? 1 : 0],
      t(`${off ? 'ask' : 'mute'}-${kind}`),
      () => (off ? this.#ask(kind) : moderation.mute(this.person, kind)),
    )
  }

  async #ask(kind: MutableKind): Promise<void> {
    if (await this.consultation.moderation.askToUnmute(this.person, kind)) this.say('asked', this.person)
  }

  #endScreen() {
    return this.#action('end-screen', 'mute-screen', 'screen-off', t('mute-screen'), () =>
      this.consultation.moderation.mute(this.person, 'screen'),
    )
  }

  #sendBack() {
    return this.#action('send-back', 'send-back', 'back', t('send-back'), () =>
      this.consultation.moderation.sendBack(this.person),
    )
  }

  #removal() {
    return this.#action('remove-participant', 'remove', 'remove', t('remove'), () => this.say('remove', this.person))
  }

  #action(testid: string, command: string, shape: IconName, words: string, act: () => unknown) {
    const running = this.consultation.moderation.isRunning(command, this.person)
    return html`<button
      class="button button--quiet ${command === 'remove' ? 'button--grave' : ''}"
      type="button"
      data-testid=${testid}
      aria-disabled=${running ? 'true' : nothing}
      @click=${once(() => void act())}
    >
      ${icon(shape)} <span>${words}<span class="visually-hidden">: ${this.person.displayName}</span></span>
    </button>`
  }
}

export function microphone(muted: boolean) {
  return html`<p class="person__about mark ${muted ? 'mark--warning' : ''}">
    ${icon(muted ? 'mic-off' : 'mic')} ${t(muted ? 'mic-is-off' : 'mic-is-on')}
  </p>`
}

function away() {
  return html`<p class="person__about mark mark--warning">${icon('network-off')} ${t('status-reconnecting')}</p>`
}
