import { html, nothing } from 'lit'
import { customElement, property } from 'lit/decorators.js'
import { repeat } from 'lit/directives/repeat.js'
import { type Clinic, userKey } from '../api/types'
import type { Consultation } from '../call/consultation'
import { t } from '../i18n'
import type { LocalMedia } from '../media/local-media'
import './device-pickers'
import { Element } from './element'
import { icon } from './icons'
import './knock-card'
import { avatar, doctorCard } from './parts'
import { microphone } from './person-card'
import './session-switches'

/** Who waits and who is here, oneself last, with one's devices. Says `people` to be closed, and `remove` with a person. */
@customElement('shinsatsu-people-panel')
export class PeoplePanel extends Element {
  @property({ attribute: false }) consultation!: Consultation
  @property({ attribute: false }) media!: LocalMedia
  @property({ attribute: false }) clinic: Clinic | undefined
  @property({ type: Number }) version = 0

  protected override render() {
    const { consultation: c } = this
    const count = c.others.length + 1
    return html`<aside class="people stack" id="people" aria-labelledby="people-title">
      ${c.waiting.length > 0 ? this.#waitingRoom() : nothing}
      <div class="row row--apart people__head">
        <h2 class="subtitle" id="people-title">${count > 1 ? t('people-title', { count }) : t('people-alone')}</h2>
        <button
          class="button button--icon people__close"
          type="button"
          aria-label=${t('close')}
          @click=${() => this.say('people')}
        >
          ${icon('x')}
        </button>
      </div>
      ${repeat(
        c.others,
        userKey,
        (person) => html`<shinsatsu-person-card
          .consultation=${c}
          .person=${person}
          .version=${this.version}
        ></shinsatsu-person-card>`,
      )}
      ${this.#oneself()}
      <shinsatsu-session-switches .consultation=${c} .version=${this.version}></shinsatsu-session-switches>
      ${c.grant.userType === 'patient' ? this.#assurance() : nothing}
    </aside>`
  }

  #waitingRoom() {
    const { consultation: c } = this
    return html`<section class="stack" aria-labelledby="waiting-title">
      <h2 class="subtitle" id="waiting-title">${t('waiting-room')} <span class="badge badge--warning">${c.waiting.length}</span></h2>
      ${repeat(
        c.waiting,
        userKey,
        (person) => html`<shinsatsu-knock-card
          .consultation=${c}
          .person=${person}
          .version=${this.version}
        ></shinsatsu-knock-card>`,
      )}
    </section>`
  }

  #oneself() {
    const { grant, own } = this.consultation
    return html`<div class="people__one stack stack--close">
      <div class="person">
        ${avatar(grant.displayName, true)}
        <div>
          <h3 class="person__name">${grant.displayName} <span class="note">(${t('you')})</span></h3>
          ${own?.joinReason ? html`<p class="person__about">${t('reason-of', { reason: own.joinReason })}</p>` : nothing}
          ${microphone(this.media.audioMuted)}
        </div>
      </div>
      <shinsatsu-device-pickers
        id="call"
        .media=${this.media}
        .current=${this.media.device('video')}
      ></shinsatsu-device-pickers>
    </div>`
  }

  #assurance() {
    return html`${doctorCard(this.consultation.room.session, this.clinic)}
      <p class="note">${t('others-announced')}</p>`
  }
}
