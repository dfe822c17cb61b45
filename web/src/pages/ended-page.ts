import { html, nothing } from 'lit'
import { customElement, property, state } from 'lit/decorators.js'
import { type Clinic, type Grant, userKey, type VideoSession } from '../api/types'
import { Element } from '../components/element'
import { icon } from '../components/icons'
import { pageHeader, phoneButton } from '../components/parts'
import { clock, t } from '../i18n'

/** After the call: who ended it, how long it was, what comes next, and the way back. Says `return`. */
@customElement('shinsatsu-ended-page')
export class EndedPage extends Element {
  @property({ attribute: false }) session!: VideoSession
  @property({ attribute: false }) grant!: Grant
  @property({ attribute: false }) clinic: Clinic | undefined
  /** The person left; the consultation itself goes on. */
  @property({ type: Boolean }) left = false
  /** The console led here, and is where the next patient is. */
  @property({ type: Boolean }) fromConsole = false
  /** On the way back in. */
  @property({ type: Boolean }) busy = false
  @state() private stillOpen = false

  protected override render() {
    return html`<div class="narrow">
      ${pageHeader(this.clinic)}
      <main class="page--ended">
        <div class="stack">
          <span class="avatar avatar--large">${icon(this.left ? 'leave' : this.#ranOut ? 'clock' : 'check')}</span>
          <h1 class="title">${this.#title()}</h1>
          <p class="lines">${this.#story()}</p>
        </div>
        ${this.#ranOut ? nothing : this.#facts()} ${this.left || this.#ranOut ? nothing : this.#next()}
        <div class="action">${this.#ways()}</div>
      </main>
    </div>`
  }

  get #isPatient(): boolean {
    return this.grant.userType === 'patient'
  }

  /** Nobody came in time: one goes on waiting with one tap. */
  get #ranOut(): boolean {
    return !this.left && this.session.metadata.timeout === 'join'
  }

  #title(): string {
    if (this.left) return t('left-title')
    if (this.session.status === 'failed') return t('failed')
    return t(this.#ranOut ? 'ended-join' : 'ended')
  }

  #story(): string {
    if (this.left) return t(this.session.status === 'active' ? 'left-lead' : 'left-waiting-lead')
    if (this.session.status === 'failed') return t('failed-lead')
    const { endedBy, endReason, timeout } = this.session.metadata
    const off = t('devices-off')
    if (this.#ranOut) return t(this.#isPatient ? 'ended-join-lead' : 'ended-join-alone')
    if (timeout) return `${t(timeout === 'idle' ? 'ended-idle' : 'ended-max')}\n${off}`
    if (endedBy && userKey(endedBy) === userKey(this.grant)) return `${t('ended-by-you')}\n${off}`
    if (endReason === 'timeout') return `${t('ended-timeout')}\n${off}`
    return endedBy?.displayName ? `${t('ended-by', { name: endedBy.displayName })}\n${off}` : off
  }

  #facts() {
    const { appointment, startedAt, endedAt } = this.session
    return html`<dl class="card facts">
      <dt>${t(this.#isPatient ? 'doctor' : 'patient')}</dt>
      <dd>${this.#isPatient ? appointment.doctor.displayName : t('honoured', { name: appointment.patient.displayName })}</dd>
      ${
        startedAt && endedAt
          ? html`<dt>${t('time')}</dt>
            <dd>${clock(startedAt)}–${clock(endedAt)} <span class="nowrap">(${duration(startedAt, endedAt)})</span></dd>`
          : nothing
      }
    </dl>`
  }

  #next() {
    const { afterText, phone } = this.clinic ?? {}
    if (!this.#isPatient || (!afterText && !phone)) return nothing
    return html`<section class="stack" aria-labelledby="next">
      <h2 class="subtitle" id="next">${t('next')}</h2>
      <ul class="card card--flush rows">
        ${afterText ? html`<li class="rows__item">${icon('note')}<p>${afterText}</p></li>` : nothing}
        ${phone ? html`<li class="rows__item">${icon('phone')}<p>${this.#phone(phone)}</p></li>` : nothing}
      </ul>
    </section>`
  }

  #phone(phone: string) {
    const [before, after] = t('questions-call', { phone: '\n' }).split('\n')
    return html`${before}<a class="nowrap" href="tel:${phone.replace(/[^\d+]/g, '')}">${phone}</a>${after}`
  }

  #ways() {
    const again = (primary: boolean) => html`<button
      class="button ${primary ? 'button--primary button--large' : ''} button--wide"
      type="button"
      data-testid="return"
      aria-disabled=${this.busy ? 'true' : nothing}
      @click=${() => this.busy || this.say('return')}
    >
      ${t(this.busy ? 'connecting' : this.#ranOut ? 'keep-waiting' : primary ? 'return' : 'return-after')}
    </button>`
    const close = (primary: boolean) => html`<button
      class="button ${primary ? 'button--primary button--large' : ''} button--wide"
      type="button"
      @click=${this.#close}
    >
      ${t('close-page')}
    </button>`
    const onward = html`<button
      class="button button--primary button--large button--wide"
      type="button"
      data-testid="to-console"
      @click=${this.#toConsole}
    >
      ${t('back-to-console')}
    </button>`
    const comeBack = this.left || this.#ranOut || this.session.status === 'failed'
    if (this.fromConsole) return [onward, again(false)]
    return html`${comeBack ? again(true) : [close(true), again(false)]}
      ${this.#ranOut && this.#isPatient ? phoneButton(this.clinic, t('call-clinic')) : nothing}
      ${comeBack ? close(false) : nothing}
      <p class="note centred" role="status">${this.stillOpen ? t('may-close') : nothing}</p>`
  }

  /** The console's own tab, if it is still there; else this one becomes it. */
  #toConsole = () => {
    const opener = window.opener as Window | null
    if (opener && !opener.closed) {
      opener.focus()
      window.close()
    }
    if (!window.closed) location.assign('/console')
  }

  #close = () => {
    window.close()
    // A browser closes only the windows that a script opened; otherwise the person does it.
    this.stillOpen = true
  }
}

function duration(from: string, to: string): string {
  const minutes = Math.round((Date.parse(to) - Date.parse(from)) / 60_000)
  return minutes < 1 ? t('under-a-minute') : t('minutes', { count: minutes })
}
