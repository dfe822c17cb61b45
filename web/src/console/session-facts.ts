import { html, nothing } from 'lit'
import { customElement, property } from 'lit/decorators.js'
import { icon } from '../components/icons'
import { clock } from '../i18n'
import { isOver } from './board'
import type { HistoryEvent } from './console-api'
import { sign } from './icons'
import { endWords, resultWords } from './result'
import { may } from './rights'
import { SessionRow } from './session-row'
import { presences, waitedFor } from './story'
import { roleOf, shortTime, w, wordFor } from './words'

/** The facts of one consultation beside its story: how it came out, who was there, how identity was checked. */
@customElement('shinsatsu-session-facts')
export class SessionFacts extends SessionRow {
  @property({ attribute: false }) events: HistoryEvent[] = []

  protected override render() {
    return html`<div class="facts-cards">${this.#outcome()} ${this.#people()} ${this.#identity()}</div>`
  }

  #outcome() {
    const { session } = this
    const { metadata, startedAt, endedAt } = session
    const waited = waitedFor(this.events)
    return html`<section class="card stack" aria-labelledby="outcome">
      <h2 class="subtitle" id="outcome">${w('outcome')}</h2>
      <dl class="facts">
        ${isOver(session) ? fact(w('result'), resultWords(session)) : nothing}
        ${isOver(session) && metadata.outcome ? fact(w('end-how'), endWords(session)) : nothing}
        ${metadata.endedBy ? fact(w('ended-by'), metadata.endedBy.displayName) : nothing}
        ${startedAt ? fact(w('from-to'), `${clock(startedAt)}–${endedAt ? clock(endedAt) : ''}`) : nothing}
        ${
          metadata.actualDuration != null
            ? fact(w('length'), w('length-of', { actual: metadata.actualDuration, booked: metadata.scheduledDuration }))
            : nothing
        }
        ${waited === undefined ? nothing : fact(w('waited-for'), shortTime(waited))}
        ${startedAt ? fact(w('two-way'), this.#twoWay()) : nothing}
      </dl>
      ${
        may(session, 'set_outcome') && isOver(session)
          ? this.asking(
              { ask: 'set-outcome', session },
              {
                words: w(metadata.outcome ? 'outcome-change' : 'outcome-note'),
                about: '',
                testid: 'set-outcome',
                look: metadata.outcome ? 'button--quiet' : 'button--primary',
              },
            )
          : nothing
      }
    </section>`
  }

  #twoWay() {
    const { audio = false, video = false } = this.session.metadata.twoWayMedia ?? {}
    const one = (flows: boolean, words: string) => html`<span class="mark ${flows ? '' : 'mark--warning'}">
      ${flows ? icon('ok') : icon('x')} ${words}<span class="visually-hidden"> ${w(flows ? 'yes' : 'no')}</span>
    </span>`
    return html`${one(audio, w('kind-audio'))}${one(video, w('kind-video'))}`
  }

  #people() {
    const all = presences(this.events)
    return html`<section class="card stack" aria-labelledby="people-facts">
      <h2 class="subtitle" id="people-facts">${w('people')}</h2>
      ${
        all.length === 0
          ? html`<p class="note">${w('nobody-came')}</p>`
          : html`<ul class="stack stack--close">
              ${all.map(
                ({ person, from, to }) => html`<li>
                  <p class="person__name">${person.displayName} <span class="note">${roleOf(person)}</span></p>
                  <p class="person__about">${clock(from)}–${to ? clock(to) : ''}</p>
                </li>`,
              )}
            </ul>`
      }
    </section>`
  }

  #identity() {
    const last = this.events.findLast((event) => event.eventType === 'identity_checked')
    return html`<section class="card stack" aria-labelledby="identity-facts">
      <h2 class="subtitle" id="identity-facts">${w('identity')}</h2>
      ${
        last
          ? html`<dl class="facts">
              ${fact(w('method'), wordFor('method', String(last.metadata['method'])) ?? w('method-other'))}
              ${fact(w('checked-by'), last.displayName)} ${fact(w('checked-at'), clock(last.createdAt))}
            </dl>`
          : html`<p class="mark mark--soft">${sign('shield-open')} ${w('identity-open')}</p>`
      }
      <p class="note">${w('identity-kept')}</p>
    </section>`
  }
}

function fact(name: string, value: unknown) {
  return html`<dt>${name}</dt><dd>${value}</dd>`
}
