import { html } from 'lit'
import { customElement, property } from 'lit/decorators.js'
import { Element } from '../components/element'
import { icon } from '../components/icons'
import { clockWithSeconds } from './day'
import type { Desk } from './desk'
import { Pulse } from './pulse'
import { now } from '../api/server-time'
import { shortTime, w } from './words'

/** While the stream is lost: how old the list is, and that it is being tried again. */
@customElement('shinsatsu-list-age')
export class ListAge extends Element {
  @property({ attribute: false }) desk!: Desk
  protected readonly pulse = new Pulse(this)

  protected override render() {
    const { freshAt } = this.desk
    return html`<div class="banner banner--warning" data-testid="offline">
      ${icon('network-off')}
      <span
        ><strong>${w('offline')}</strong>
        ${
          freshAt === undefined
            ? w('offline-never')
            : html`${w('offline-as-of', { time: clockWithSeconds(freshAt) })}
              <span aria-hidden="true">${w('offline-age', { age: shortTime(Math.floor((now() - freshAt) / 1000)) })}</span>`
        }</span
      >
      <button class="button" type="button" @click=${() => this.desk.hurry()}>${w('try-now')}</button>
    </div>`
  }
}
