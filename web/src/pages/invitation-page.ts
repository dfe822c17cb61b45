import { html, nothing } from 'lit'
import { customElement, property, query, state } from 'lit/decorators.js'
import type { InvitationAnswer, InvitationLook } from '../api/invitations'
import type { Clinic } from '../api/types'
import { oneTimeCode } from '../birth-date'
import type { BirthDate } from '../components/birth-date'
import '../components/birth-date'
import { Element } from '../components/element'
import { icon } from '../components/icons'
import { avatar, pageHeader, phoneButton } from '../components/parts'
import { clock, day, t } from '../i18n'
import type { InvitationDoor } from '../invitation-door'

/** How long before another one-time code is offered, so that the first has a chance to arrive. */
const SEND_AGAIN_AFTER_MS = 30_000

/**
 * An invitation: whose clinic, which doctor, when, and the one question that lets the right person in. Says `answer` with
 * what was answered, `send` for a one-time code, `sent-before` where one is there already.
 */
@customElement('shinsatsu-invitation-page')
export class InvitationPage extends Element {
  @property({ attribute: false }) door!: InvitationDoor
  @property({ attribute: false }) clinic: Clinic | undefined
  /** The link it gave is being used. */
  @property({ type: Boolean }) busy = false
  /** Counts changes of the door. */
  @property({ type: Number }) version = 0
  @state() private malformed = false
  @state() private sentAt = 0
  @query('shinsatsu-birth-date') private birthDate!: BirthDate | null
  @query('#one-time-code') private code!: HTMLInputElement | null
  #wake: ReturnType<typeof setTimeout> | undefined
  #wasWorking = false

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    clearTimeout(this.#wake)
  }

  protected override render() {
    const { about } = this.door
    return html`<div class="narrow">
      ${pageHeader(this.clinic)}
      <main class="page--invited">${about ? this.#page(about) : this.#looking()}</main>
    </div>`
  }

  /** Once an answer was wrong or a code is on its way, the field for the next one is where one is. */
  protected override updated(): void {
    const { hindrance, sentTo, working } = this.door
    const isDone = this.#wasWorking && !working
    this.#wasWorking = working !== undefined
    if (isDone && (hindrance === 'wrong' || sentTo !== undefined)) this.querySelector('input')?.select()
  }

  #looking() {
    return html`<h1 class="visually-hidden">${t('loading')}</h1>
      <div class="card stack" aria-busy="true">
        <span class="skeleton skeleton--short"></span><span class="skeleton skeleton--long"></span>
      </div>`
  }

  #page(about: InvitationLook) {
    return html`<div class="stack">
        <h1 class="title">${t('invited')}</h1>
        ${this.#appointment(about)} ${about.check === 'none' ? html`<p class="lines">${t('get-ready-lead')}</p>` : nothing}
      </div>
      <form class="stack invited__check" novalidate @submit=${this.#submit}>
        ${about.check === 'birth_date' ? this.#birthDate() : about.check === 'code' ? this.#oneTimeCode(about) : nothing}
        ${this.#hindrance()}
        <div class="action">
          ${about.check === 'code' && this.door.sentTo === undefined ? this.#sendFirst() : this.#enter(about)}
          <p class="note centred">${t('no-app')}</p>
        </div>
      </form>`
  }

  #appointment({ doctor, startsAt }: InvitationLook) {
    const name = doctor?.displayName
    const time = t('invited-time', { day: day(startsAt), time: clock(startsAt) })
    return html`<section class="card person" aria-label=${t('appointment')} data-testid="doctor-card">
      ${name ? avatar(name, true) : html`<span class="avatar avatar--large">${icon('clock')}</span>`}
      <div>
        ${name ? html`<p class="person__about">${t('doctor')}</p><h2 class="subtitle">${name}</h2>` : nothing}
        <p class=${name ? 'person__about' : 'subtitle'}>${time}</p>
      </div>
    </section>`
  }

  #birthDate() {
    return html`<shinsatsu-birth-date own label=${t('birth-date')} help=${t('birth-date-help')}></shinsatsu-birth-date>`
  }

  #oneTimeCode(about: InvitationLook) {
    const { sentTo } = this.door
    if (sentTo === undefined) return html`<p>${t('code-why', { to: about.sentTo ?? '' })}</p>`
    return html`<div class="field">
      <label for="one-time-code">${t('code')}</label>
      <p class="note" id="code-help" role="status">${t('code-sent', { to: sentTo })}</p>
      <input
        id="one-time-code"
        class="invited__code"
        type="text"
        inputmode="numeric"
        autocomplete="one-time-code"
        maxlength="12"
        data-testid="invitation-code"
        aria-describedby=${this.malformed ? 'code-error' : 'code-help'}
        aria-invalid=${this.malformed ? 'true' : nothing}
        @input=${() => (this.malformed = false)}
      />
      ${this.malformed ? html`<p class="field__error" id="code-error" role="alert">${icon('info')} ${t('code-malformed')}</p>` : nothing}
      ${this.#sendAgain()}
    </div>`
  }

  #sendFirst() {
    return html`<button
      class="button button--primary button--large button--wide"
      type="button"
      data-testid="invitation-send"
      aria-disabled=${this.door.working ? 'true' : nothing}
      @click=${this.#send}
    >
      ${t(this.door.working ? 'code-sending' : 'code-send')}
    </button>
    <button class="button button--wide" type="button" @click=${() => this.say('sent-before')}>${t('code-here')}</button>`
  }

  #sendAgain() {
    const early = Date.now() - this.sentAt < SEND_AGAIN_AFTER_MS
    if (early) return html`<p class="note">${t('code-wait')}</p>`
    return html`<button class="button button--flush" type="button" data-testid="invitation-send" @click=${this.#send}>
      ${icon('refresh')} ${t(this.door.working === 'sending' ? 'code-sending' : 'code-send-again')}
    </button>`
  }

  #hindrance() {
    const { hindrance, triesLeft } = this.door
    if (!hindrance) return html`<div role="alert" data-testid="invitation-error" hidden></div>`
    const asked = this.door.about?.check === 'code' ? 'code' : 'birth-date'
    const words = hindrance === 'wrong' ? t(`wrong-${asked}`) : t(`hindrance-${hindrance}`)
    const more =
      hindrance === 'wrong' && triesLeft !== undefined
        ? t('tries-left', { count: triesLeft })
        : t(`hindrance-${hindrance}-lead`)
    return html`<div class="stack stack--close" role="alert" data-testid="invitation-error">
      <p class="banner banner--${hindrance === 'wrong' ? 'danger' : 'warning'}">
        ${icon('info')}<span><strong>${words}</strong>${more}</span>
      </p>
      ${hindrance === 'network' || hindrance === 'busy' ? nothing : phoneButton(this.clinic, t('call-clinic'), '')}
    </div>`
  }

  #enter(about: InvitationLook) {
    const working = this.busy || this.door.working === 'opening'
    const words = about.check === 'none' ? 'get-ready' : 'invited-go-on'
    return html`<button
      class="button button--primary button--large button--wide"
      type="submit"
      data-testid="invitation-submit"
      aria-disabled=${working ? 'true' : nothing}
    >
      ${t(working ? 'checking' : words)}
    </button>`
  }

  #send = () => {
    if (this.door.working) return
    this.sentAt = Date.now()
    clearTimeout(this.#wake)
    this.#wake = setTimeout(() => this.requestUpdate(), SEND_AGAIN_AFTER_MS)
    this.say('send')
  }

  #submit = (event: Event) => {
    event.preventDefault()
    if (this.busy || this.door.working) return
    const answer = this.#answer()
    if (answer) this.say('answer', answer)
  }

  /** Nothing where it cannot be right: such an answer costs no try. */
  #answer(): InvitationAnswer | undefined {
    const { check } = this.door.about!
    if (check === 'none') return {}
    if (check === 'birth_date') {
      const birthDate = this.birthDate!.check()
      return birthDate === undefined ? undefined : { birthDate }
    }
    if (!this.code) return undefined
    const code = oneTimeCode(this.code.value)
    this.malformed = code === undefined
    if (this.malformed) this.code.focus()
    return code === undefined ? undefined : { oneTimeCode: code }
  }
}
