import { html, nothing } from 'lit'
import { customElement, property } from 'lit/decorators.js'
import { repeat } from 'lit/directives/repeat.js'
import { type Clinic, userKey } from '../api/types'
import type { Consultation } from '../call/consultation'
import { t } from '../i18n'
import type { LocalMedia } from '../media/local-media'
import './access-panel'
import './device-pickers'
import { Element } from './element'
import { icon } from './icons'
import './knock-card'
import { avatar, doctorCard } from './parts'
import { microphone } from './person-card'
import { removedPerson } from './removed-people'
import './session-switches'

/** Who waits and who is here, oneself last, with one's devices. Says `people` to be closed, and `remove` with a person. */
@customElement('shinsatsu-people-panel')
export class PeoplePanel extends Element {
  @property({ attribute: false }) consultation!: Consultation
  @property({ attribute: false }) media!: LocalMedia
  @property({ attribute: false }) clinic: Clinic | undefined
  @property({ type: Number }) version = 0
  #hadFocus = false

  protected override willUpdate(): void {
    this.#hadFocus = this.contains(document.activeElement)
  }

  /** Whoever works by keyboard stays in the list when the card they were at goes. */
  protected override updated(): void {
    if (this.#hadFocus && !this.contains(document.activeElement)) this.querySelector('aside')!.focus()
  }

  protected override render() {
    const { consultation: c } = this
    const count = c.others.length + 1
    const here = count > 1 ? t('people-title', { count }) : t('people-alone')
    return html`<aside class="people stack" id="people" tabindex="-1" aria-label=${t('participants')}>
      <button
        class="button button--icon people__close"
        type="button"
        aria-label=${t('close')}
        @click=${() => this.say('people')}
      >
        ${icon('x')}
      </button>
      ${c.waiting.length > 0 ? this.#waitingRoom() : nothing}
      <h2 class="subtitle people__title">${here}</h2>
      ${repeat(
        c.others,
        userKey,
        (person) => html`<shinsatsu-person-card
          .consultation=${c}
          .person=${person}
          .version=${this.version}
        ></shinsatsu-person-card>`,
      )}
      ${c.grant.userType === 'worker' && c.room.removed.length > 0 ? this.#removed() : nothing}
      <shinsatsu-session-switches .consultation=${c} .version=${this.version}></shinsatsu-session-switches>
      ${c.may('invite_guest') ? this.#access() : nothing} ${this.#oneself()} ${c.grant.userType === 'patient' ? this.#assurance() : nothing}
    </aside>`
  }

  #waitingRoom() {
    const { consultation: c } = this
    return html`<h2 class="subtitle people__title">
        ${t('waiting-room')} <span class="badge badge--warning">${c.waiting.length}</span>
      </h2>
      ${repeat(
        c.waiting,
        userKey,
        (person) => html`<shinsatsu-knock-card
          .consultation=${c}
          .person=${person}
          .version=${this.version}
        ></shinsatsu-knock-card>`,
      )}`
  }

  #removed() {
    const { consultation: c } = this
    return html`<h2 class="subtitle people__title">${t('removed-people')}</h2>
      ${repeat(c.room.removed, userKey, (person) => removedPerson(person, c))}`
  }

  #access() {
    const { api, room, stirs } = this.consultation
    return html`<shinsatsu-access-panel
      .api=${api.access}
      .session=${room.session}
      .stirs=${stirs}
    ></shinsatsu-access-panel>`
  }

  #oneself() {
    const { grant, own } = this.consultation
    return html`<div class="people__one stack stack--close">
      <div class="person">
        ${avatar(grant.displayName)}
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
