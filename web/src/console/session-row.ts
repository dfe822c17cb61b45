import { html, nothing, type TemplateResult } from 'lit'
import { property } from 'lit/decorators.js'
import type { VideoSession } from '../api/types'
import { Element } from '../components/element'
import { avatar } from '../components/parts'
import { clock } from '../i18n'
import { shortDay } from './day'
import { type Deed, nameOf, type Question } from './deeds'
import { w } from './words'

export interface ButtonLook {
  icon?: TemplateResult
  words: string
  /** Whom or what it is about, for those who hear the button alone. */
  about: string
  testid?: string
  look?: string
}

/** The ground of the rows of the day: one appointment each, rendered again only when something of it changed. */
export abstract class SessionRow extends Element {
  @property({ attribute: false }) session!: VideoSession
  /** Names of what is under way here. */
  @property() running = ''
  /** Whether the row stands among those of another day. */
  @property({ type: Boolean }) dated = false

  /** Whether the page around it says already whose it is. */
  @property({ type: Boolean }) bare = false

  protected get patient(): string {
    return this.session.appointment.patient.displayName
  }

  protected time() {
    if (this.bare) return nothing
    const { startsAt } = this.session.appointment
    return html`<p class="day__time">
      ${this.dated ? html`<span class="note">${shortDay(startsAt)}</span>` : nothing}<b>${clock(startsAt)}</b>
    </p>`
  }

  /** The person a row is about; the name leads to the story of the consultation. */
  protected person(name: string, about: string, large = false) {
    if (this.bare) return nothing
    const link = html`<a class="person__link" href="/console/sessions/${this.session.id}" data-keep="name">${name}</a>`
    return html`<div class="person">
      ${avatar(name, large)}
      <div>
        <h3 class=${large ? 'title' : 'person__name'}>${link}</h3>
        <p class="person__about">${about}</p>
      </div>
    </div>`
  }

  protected button(deed: Deed, { icon, words, about, testid, look }: ButtonLook) {
    const isRunning = this.running.split(',').includes(nameOf(deed))
    // Not `disabled`: that would drop the focus of whoever pressed it with a key.
    return html`<button
      class="button ${look ?? 'button--quiet'}"
      type="button"
      data-testid=${testid ?? deed.do}
      data-keep=${testid ?? deed.do}
      aria-disabled=${isRunning ? 'true' : nothing}
      @click=${() => isRunning || this.say('deed', deed)}
    >
      ${icon ?? nothing}<span>${words}<span class="visually-hidden"> ${about}</span></span>
    </button>`
  }

  protected asking(question: Question, { icon, words, about, testid, look }: ButtonLook) {
    return html`<button
      class="button ${look ?? 'button--quiet'}"
      type="button"
      data-testid=${testid ?? question.ask}
      data-keep=${testid ?? question.ask}
      aria-haspopup="dialog"
      @click=${() => this.say('question', question)}
    >
      ${icon ?? nothing}<span>${words}<span class="visually-hidden"> ${about}</span></span>
    </button>`
  }

  protected get doctor(): string {
    return w('with-doctor', { name: this.session.appointment.doctor.displayName })
  }
}
