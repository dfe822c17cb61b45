import { html, nothing } from 'lit'
import { customElement, property } from 'lit/decorators.js'
import type { Devices, SessionParticipant } from '../api/types'
import type { Consultation } from '../call/consultation'
import { t } from '../i18n'
import { Element } from './element'
import { icon } from './icons'
import './identity-check'
import { avatar, minutesSince, roleOf } from './parts'
import { once } from './press'
import { Ticker } from './ticker'

/** Somebody in the waiting room: since when, with which devices, whether their identity is known. Says `remove`. */
@customElement('shinsatsu-knock-card')
export class KnockCard extends Element {
  @property({ attribute: false }) consultation!: Consultation
  @property({ attribute: false }) person!: SessionParticipant
  @property({ type: Number }) version = 0
  protected readonly ticker = new Ticker(this)

  protected override render() {
    const { person } = this
    const id = `knock-${person.participantId}`
    return html`<section class="people__one knock stack stack--close" aria-labelledby=${id} data-testid="waiting-patient">
      <div class="person">
        ${avatar(person.displayName)}
        <div>
          <h3 class="person__name" id=${id}>${person.displayName}</h3>
          <p class="person__about">${roleOf(person)}・${waited(person)}</p>
          ${person.admission === 'sent_back' ? html`<p class="person__about">${t('was-sent-back')}</p>` : nothing}
          ${person.connected ? nothing : html`<p class="person__about mark mark--warning">${icon('network-off')} ${t('status-reconnecting')}</p>`}
        </div>
      </div>
      ${person.devices ? devices(person.devices) : nothing}
      <shinsatsu-identity-check
        .consultation=${this.consultation}
        .person=${person}
        .version=${this.version}
      ></shinsatsu-identity-check>
      <div class="people__actions">${this.#removal()}${this.#admission()}</div>
    </section>`
  }

  #removal() {
    if (!this.consultation.may('remove', this.person)) return nothing
    return html`<button
      class="button button--quiet"
      type="button"
      data-testid="remove-participant"
      @click=${once(() => this.say('remove', this.person))}
    >
      ${t('turn-away')}<span class="visually-hidden">: ${this.person.displayName}</span>
    </button>`
  }

  #admission() {
    const { consultation, person } = this
    if (!consultation.may('admit', person)) return nothing
    return html`<button
      class="button button--primary"
      type="button"
      data-testid="admit"
      aria-disabled=${consultation.moderation.isRunning('admit', person) ? 'true' : nothing}
      @click=${once(() => void consultation.moderation.admit(person))}
    >
      ${t('admit')}<span class="visually-hidden">: ${person.displayName}</span>
    </button>`
  }
}

/** How long somebody has waited, in words. */
export function waited(person: SessionParticipant): string {
  const minutes = minutesSince(person.waitingSince ?? person.joinedAt)
  return minutes < 1 ? t('waits-now') : t('waits-minutes', { minutes })
}

function devices({ camera, microphone }: Devices) {
  const fine = camera && microphone
  const lacking = !camera && !microphone ? 'none' : camera ? 'no-microphone' : 'no-camera'
  return html`<p class="mark fact ${fine ? '' : 'mark--warning'}">
    ${icon(fine ? 'ok' : microphone ? 'video-off' : 'mic-off')} <span>${t(`devices-${fine ? 'fine' : lacking}`)}</span>
  </p>`
}
