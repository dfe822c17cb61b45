import { html, nothing } from 'lit'
import { customElement, property } from 'lit/decorators.js'
import { Element } from '../components/element'
import { clock } from '../i18n'
import { type Day, dayInWords, shifted } from './day'
import type { Desk } from './desk'
import { sign } from './icons'
import { now } from '../api/server-time'
import './list-age'
import { waitingHint } from './waiting-hint'
import { w } from './words'

const PAUSE_MS = 400

/** Which day it is, whether the list is live, and the search. Says `search` at each letter, `find` after a pause. */
@customElement('shinsatsu-day-header')
export class DayHeader extends Element {
  @property({ attribute: false }) desk!: Desk
  @property({ type: Number }) version = 0
  @property({ type: Number }) minute = 0
  #pause: ReturnType<typeof setTimeout> | undefined

  protected override render() {
    const { day, today } = this.desk
    return html`<div class="day-head">
        <div>
          <h1 class="title" tabindex="-1">${day === today ? w('today') : dayInWords(day)}</h1>
          <p class="note row">
            ${day === today ? html`<span>${dayInWords(day)} ${clock(new Date(now()).toISOString())}</span>` : nothing}
            ${this.#link()}
          </p>
        </div>
        ${this.#days(day)} ${this.#searchField()}
      </div>
      <div role="status" class="said">
        ${day === today ? nothing : waitingHint(this.desk)}
        ${this.desk.link === 'lost' ? html`<shinsatsu-list-age .desk=${this.desk}></shinsatsu-list-age>` : nothing}
      </div>`
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    clearTimeout(this.#pause)
  }

  #link() {
    if (this.desk.link === 'live') {
      return html`<span class="badge badge--accent" data-testid="live"><span class="dot"></span> ${w('live')}</span>`
    }
    if (this.desk.link === 'connecting') return html`<span class="badge">${w('connecting')}</span>`
    return html`<span class="badge badge--warning">${w('not-live')}</span>`
  }

  #days(day: Day) {
    const { today } = this.desk
    const step = (to: Day, words: string, mark: 'left' | 'right') => html`<a
      class="button button--quiet button--icon"
      href=${dayPath(to, today)}
      aria-label=${words}
      >${sign(mark)}</a
    >`
    return html`<nav class="days" aria-label=${w('day-nav')}>
      ${step(shifted(day, -1), w('day-before'), 'left')}
      ${
        day === today
          ? html`<span class="days__today note">${w('this-day')}</span>`
          : html`<a class="button button--quiet days__today" href="/console">${w('to-today')}</a>`
      }
      ${step(shifted(day, 1), w('day-after'), 'right')}
    </nav>`
  }

  #searchField() {
    return html`<form class="field search" role="search" @submit=${this.#submit}>
      <label class="visually-hidden" for="search">${w('search')}</label>
      ${sign('search')}
      <input
        id="search"
        type="search"
        name="search"
        autocomplete="off"
        spellcheck="false"
        data-testid="search"
        placeholder=${w('search-hint')}
        @input=${this.#typed}
      />
    </form>`
  }

  #typed = (event: Event) => {
    const text = (event.target as HTMLInputElement).value.trim()
    this.say('search', text)
    clearTimeout(this.#pause)
    if (text) this.#pause = setTimeout(() => this.say('find', text), PAUSE_MS)
  }

  #submit = (event: Event) => {
    event.preventDefault()
    clearTimeout(this.#pause)
    const text = this.querySelector('input')!.value.trim()
    if (text) this.say('find', text)
  }
}

export function dayPath(day: Day, today: Day): string {
  return day === today ? '/console' : `/console?day=${day}`
}
