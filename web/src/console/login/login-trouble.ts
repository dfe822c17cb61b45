import { html, nothing } from 'lit'
import { customElement, property } from 'lit/decorators.js'
import { now } from '../../api/server-time'
import { Element } from '../../components/element'
import { icon } from '../../components/icons'
import { Pulse } from '../pulse'
import { shortTime, w } from '../words'
import { type Trouble, troubleWords } from './trouble'

/**
 * Why the way in is barred and what to do, where one has to wait with the time that is left. Screen readers hear it
 * once, with the time it began with; the count is for the eyes.
 */
@customElement('shinsatsu-login-trouble')
export class LoginTrouble extends Element {
  @property({ attribute: false }) trouble: Trouble | undefined
  protected readonly pulse = new Pulse(this, () => this.trouble?.until && this.requestUpdate())
  #told = ''

  protected override willUpdate(changed: Map<string, unknown>): void {
    if (changed.has('trouble') && this.trouble) this.#told = this.#advice(this.trouble)
  }

  protected override render() {
    // The region is there before what it says: only then is it read out everywhere.
    return html`<div class="alerts" role="alert">${this.trouble ? this.#banner(this.trouble) : nothing}</div>`
  }

  #banner(trouble: Trouble) {
    const waits = trouble.until !== undefined
    return html`<div
      class="banner ${waits ? 'banner--warning' : 'banner--danger'}"
      id="login-error"
      data-testid="login-error"
      data-trouble=${trouble.name}
    >
      ${icon(waits ? 'clock' : 'info')}
      <span
        ><strong>${troubleWords(trouble).words}</strong>
        ${
          waits
            ? html`<span aria-hidden="true">${this.#advice(trouble)}</span
                ><span class="visually-hidden">${this.#told}</span>`
            : this.#advice(trouble)
        }</span
      >
    </div>`
  }

  #advice(trouble: Trouble): string {
    const left = Math.ceil(((trouble.until ?? Infinity) - now()) / 1000)
    // Rounded up: nobody is told to try again before it is of use.
    const rest = shortTime(left < 60 ? left : Math.ceil(left / 60) * 60)
    return left > 0 ? troubleWords(trouble, rest).more : w('trouble-wait-over')
  }
}
