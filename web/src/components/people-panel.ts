import { html, nothing } from 'lit'
import { customElement, property } from 'lit/decorators.js'
import type { Clinic, SessionParticipant } from '../api/types'
import type { Consultation } from '../call/consultation'
import { type Key, t } from '../i18n'
import type { LocalMedia } from '../media/local-media'
import './device-pickers'
import { Element } from './element'
import { icon } from './icons'
import { aboutDoctor, avatar, phoneButton } from './parts'

/** Who is here, oneself last, with one's devices. Says `people` to be closed. */
@customElement('shinsatsu-people-panel')
export class PeoplePanel extends Element {
  @property({ attribute: false }) consultation!: Consultation
  @property({ attribute: false }) media!: LocalMedia
  @property({ attribute: false }) clinic: Clinic | undefined
  @property({ type: Number }) version = 0

  protected override render() {
    const { others, grant } = this.consultation
    return html`<aside class="people stack" id="people" aria-labelledby="people-title">
      <div class="row row--apart">
        <h2 class="subtitle" id="people-title">${others.length > 0 ? t('people-title', { count: others.length + 1 }) : t('people-alone')}</h2>
        <button class="button button--icon" type="button" aria-label=${t('close')} @click=${() => this.say('people')}>
          ${icon('x')}
        </button>
      </div>
      ${others.map((person) => this.#person(person))}
      <div class="people__one stack">
        <div class="person">
          ${avatar(grant.displayName, true)}
          <div>
            <h3 class="person__name">${grant.displayName} <span class="note">(${t('you')})</span></h3>
            ${microphone(this.media.audioMuted)}
          </div>
        </div>
        <shinsatsu-device-pickers
          id="call"
          .media=${this.media}
          .current=${this.media.device('video')}
        ></shinsatsu-device-pickers>
      </div>
      ${
        grant.userType === 'patient'
          ? html`<p class="note">${t('others-announced')}</p>
            ${phoneButton(this.clinic, t('call-clinic'))}`
          : nothing
      }
    </aside>`
  }

  #person(person: SessionParticipant) {
    const { session } = this.consultation.room
    const isDoctor = person.relation === 'in_charge' && person.userId === session.appointment.doctor.userId
    const about = isDoctor ? aboutDoctor(session) : ''
    return html`<div class="people__one person">
      ${avatar(person.displayName, true)}
      <div>
        <h3 class="person__name">${person.displayName}</h3>
        <p class="person__about">${[t(`role-${person.role ?? 'patient'}` as Key), about].filter(Boolean).join('・')}</p>
        ${person.connected ? microphone(person.audioMuted) : away()}
      </div>
    </div>`
  }
}

function microphone(muted: boolean) {
  return html`<p class="person__about mark ${muted ? 'mark--warning' : ''}">
    ${icon(muted ? 'mic-off' : 'mic')} ${t(muted ? 'mic-is-off' : 'mic-is-on')}
  </p>`
}

function away() {
  return html`<p class="person__about mark mark--warning">${icon('network-off')} ${t('status-reconnecting')}</p>`
}
