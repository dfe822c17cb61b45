import { html } from 'lit'
import { customElement, property } from 'lit/decorators.js'
import { minutesAndSeconds } from '../components/ticker'
import { Element } from '../components/element'
import { Pulse } from './pulse'
import { now, secondsSince } from '../api/server-time'
import { shortTime, w } from './words'

/** A minute count after which a wait is long, and after which it is too long. */
const LONG_MINUTES = 5
const TOO_LONG_MINUTES = 10

/** How long somebody has waited, going on by itself. */
@customElement('shinsatsu-waited')
export class Waited extends Element {
  @property() since = ''
  protected readonly pulse = new Pulse(this)

  protected override render() {
    const seconds = secondsSince(this.since)
    const minutes = seconds / 60
    this.dataset['length'] = minutes >= TOO_LONG_MINUTES ? 'too-long' : minutes >= LONG_MINUTES ? 'long' : 'short'
    return html`<b>${w('waited', { time: shortTime(seconds) })}</b>`
  }
}

/** The time of a consultation out of what is booked for it, as words and as a bar. */
@customElement('shinsatsu-elapsed')
export class Elapsed extends Element {
  @property() since = ''
  /** Minutes booked. */
  @property({ type: Number }) of = 0
  protected readonly pulse = new Pulse(this)

  protected override render() {
    const seconds = secondsSince(this.since)
    const over = seconds - this.of * 60
    return html`<p class="elapsed" data-testid="elapsed">
        <b>${minutesAndSeconds(seconds)}</b> ${w('elapsed-of', { time: minutesAndSeconds(this.of * 60) })}
        ${over > 0 ? html`<span class="mark mark--warning">${w('over-by', { time: minutesAndSeconds(over) })}</span>` : ''}
      </p>
      <div class="level" aria-hidden="true"><i></i></div>`
  }

  protected override updated(): void {
    const share = this.of > 0 ? secondsSince(this.since) / (this.of * 60) : 0
    this.querySelector('i')!.style.setProperty('--value', String(Math.min(1, share)))
  }
}

const WARN_MINUTES = 5

/** That the longest time is nearly over; nothing before. */
@customElement('shinsatsu-time-left')
export class TimeLeft extends Element {
  @property() until = ''
  protected readonly pulse = new Pulse(this)

  protected override render() {
    const left = Math.ceil((Date.parse(this.until) - now()) / 1000)
    if (left > WARN_MINUTES * 60) return html``
    return html`<p class="mark mark--warning">${w('ends-in', { time: minutesAndSeconds(left) })}</p>`
  }
}
