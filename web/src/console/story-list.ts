import { html, nothing } from 'lit'
import { customElement, property } from 'lit/decorators.js'
import { repeat } from 'lit/directives/repeat.js'
import type { VideoSession } from '../api/types'
import { Element } from '../components/element'
import { icon } from '../components/icons'
import type { HistoryEvent } from './console-api'
import { clockWithSeconds, dayOf, shortDay, zone } from './day'
import { nameOf } from './deeds'
import { mayRestore } from './rights'
import { Cast, chapters } from './story'
import type { StoryReader } from './story-reader'
import { tell } from './story-words'
import { w } from './words'

/** What happened, from the first entry to the last; what only fault finders want folds away. */
@customElement('shinsatsu-story-list')
export class StoryList extends Element {
  @property({ attribute: false }) session!: VideoSession
  @property({ attribute: false }) story!: StoryReader
  @property() running = ''
  @property({ type: Number }) version = 0

  protected override render() {
    return html`<section class="card stack" aria-labelledby="story" aria-busy=${this.story.state === 'reading'}>
      <div class="row row--apart">
        <h2 class="subtitle" id="story">${w('story-title')}</h2>
        <p class="note">${w('zone', { zone: zone() })}</p>
      </div>
      ${this.#body()}
    </section>`
  }

  #body() {
    const { state, events, more } = this.story
    if (state === 'reading') {
      return html`<p class="visually-hidden">${w('loading-story')}</p>
        ${[1, 2, 3].map(() => html`<span class="skeleton skeleton--long"></span>`)}`
    }
    if (state === 'failed') return html`<p>${w('story-failed')}</p>${this.#again(w('retry'))}`
    if (events.length === 0) return html`<p class="note">${w('story-empty')}</p>`
    const cast = new Cast(this.session, events)
    return html`<ol class="timeline">
        ${repeat(
          chapters(events),
          (chapter) => chapter.events[0]!.seq,
          ({ minor, events: told }) =>
            minor ? this.#folded(told, cast) : told.map((event) => this.#entry(event, cast)),
        )}
      </ol>
      ${more ? this.#again(w('story-more')) : nothing}`
  }

  #entry(event: HistoryEvent, cast: Cast) {
    const { mark, words, more, tone } = tell(event, cast)
    return html`<li class="event" data-testid="timeline-event" data-event=${event.eventType}>
      ${this.#time(event)}
      <span class="avatar event__mark ${tone ? `event__mark--${tone}` : ''}" aria-hidden="true">${mark}</span>
      <div>
        <h3 class="person__name">${words}</h3>
        ${more ? html`<p class="person__about">${more}</p>` : nothing} ${this.#restore(event, cast)}
      </div>
    </li>`
  }

  /** Whom staff removed, only staff bring back. */
  #restore(event: HistoryEvent, cast: Cast) {
    const { session, running } = this
    if (!mayRestore(session, event, this.story.events)) return nothing
    const name = cast.about(event)
    const deed = { do: 'restore', session, participantId: String(event.metadata['participantId']), name } as const
    return html`<button
      class="button button--quiet"
      type="button"
      data-testid="restore"
      aria-disabled=${running.includes(nameOf(deed)) ? 'true' : nothing}
      @click=${() => this.say('deed', deed)}
    >
      ${icon('refresh')} <span>${w('restore')}<span class="visually-hidden"> ${name}</span></span>
    </button>`
  }

  #folded(events: HistoryEvent[], cast: Cast) {
    return html`<li class="event event--folded">
      <span></span><span class="event__dots" aria-hidden="true"></span>
      <details>
        <summary>${w('story-minor', { count: events.length })}</summary>
        <ol class="minor">
          ${events.map((event) => {
            const { words, more } = tell(event, cast)
            return html`<li data-testid="timeline-event" data-event=${event.eventType}>
              ${this.#time(event)} <span>${words}${more ? html` <span class="note">${more}</span>` : nothing}</span>
            </li>`
          })}
        </ol>
      </details>
    </li>`
  }

  /** A session that was booked days before begins with other days. */
  #time({ createdAt }: HistoryEvent) {
    const isOtherDay = dayOf(createdAt) !== dayOf(this.session.appointment.startsAt)
    return html`<time datetime=${createdAt}
      >${isOtherDay ? html`${shortDay(createdAt)} ` : nothing}${clockWithSeconds(createdAt)}</time
    >`
  }

  #again(words: string) {
    return html`<button class="button button--quiet" type="button" @click=${() => void this.story.readOn()}>
      ${icon('refresh')} ${words}
    </button>`
  }
}
