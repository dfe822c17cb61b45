import { html, nothing } from 'lit'
import { customElement, property, state } from 'lit/decorators.js'
import { repeat } from 'lit/directives/repeat.js'
import type { VideoSession } from '../api/types'
import { Element } from '../components/element'
import { icon } from '../components/icons'
import type { HistoryEvent } from './console-api'
import { clockWithSeconds, dayOf, shortDay, zone } from './day'
import { nameOf } from './deeds'
import { mayRestore } from './rights'
import { Cast, isMinor } from './story'
import type { StoryReader } from './story-reader'
import { tell } from './story-words'
import { w } from './words'

/** How many entries back a lost connection is looked for. */
const LOOK_BACK = 200

/** What happened, from the first entry to the last. */
@customElement('shinsatsu-story-list')
export class StoryList extends Element {
  @property({ attribute: false }) session!: VideoSession
  @property({ attribute: false }) story!: StoryReader
  /** How far the story is read, and what has been: given beside it, so that a change of either is seen. */
  @property({ attribute: false }) progress: StoryReader['state'] = 'reading'
  @property({ attribute: false }) events: HistoryEvent[] = []
  @property() running = ''
  @state() private whole = false
  /** Numbers of the minor entries, and how many entries have been judged. */
  #minor = new Set<number>()
  #judged = 0

  protected override willUpdate(changed: Map<string, unknown>): void {
    const { events } = this
    if (changed.has('story')) {
      this.#minor.clear()
      this.#judged = 0
    }
    for (; this.#judged < events.length; this.#judged++) {
      const event = events[this.#judged]!
      const before = events.slice(Math.max(0, this.#judged - LOOK_BACK), this.#judged)
      if (isMinor(event, before)) this.#minor.add(event.seq)
    }
  }

  protected override render() {
    return html`<section class="card stack" aria-labelledby="story" aria-busy=${this.progress === 'reading'}>
      <div class="row row--apart">
        <h2 class="subtitle" id="story">${w('story-title')}</h2>
        ${this.#switch()}
      </div>
      ${this.#body()}
    </section>`
  }

  #body() {
    const { progress, events } = this
    if (progress === 'reading') {
      return html`<p class="visually-hidden">${w('loading-story')}</p>
        ${[1, 2, 3].map(() => html`<span class="skeleton skeleton--long"></span>`)}`
    }
    if (progress === 'failed') return html`<p>${w('story-failed')}</p>${this.#again(w('retry'))}`
    if (events.length === 0) return html`<p class="note">${w('story-empty')}</p>`
    const cast = new Cast(this.session, events, this.story.guests)
    const shown = this.whole ? events : events.filter((event) => !this.#minor.has(event.seq))
    return html`<ol class="timeline">
        ${repeat(
          shown,
          (event) => event.seq,
          (event) => this.#entry(event, cast),
        )}
      </ol>
      ${this.story.more ? this.#again(w('story-more')) : nothing}
      <p class="note">${w('zone', { zone: zone() })}</p>`
  }

  /** What only fault finders want to see is one press away. */
  #switch() {
    const count = this.#minor.size
    if (count === 0) return nothing
    return html`<label class="choice note">
      <input
        type="checkbox"
        data-testid="whole-story"
        .checked=${this.whole}
        @change=${() => (this.whole = !this.whole)}
      />${w('story-minor', { count })}
    </label>`
  }

  #entry(event: HistoryEvent, cast: Cast) {
    const { mark, words, more, tone } = tell(event, cast)
    return html`<li
      class="event ${this.#minor.has(event.seq) ? 'event--minor' : ''}"
      data-testid="timeline-event"
      data-event=${event.eventType}
    >
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
    if (!mayRestore(session, event, this.events)) return nothing
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

  /** A session that was booked days before begins with other days. */
  #time({ createdAt }: HistoryEvent) {
    const isOtherDay = dayOf(createdAt) !== dayOf(this.session.appointment.startsAt)
    return html`<time datetime=${createdAt}
      >${isOtherDay ? html`<span>${shortDay(createdAt)}</span> ` : nothing}${clockWithSeconds(createdAt)}</time
    >`
  }

  #again(words: string) {
    return html`<button class="button button--quiet" type="button" @click=${() => void this.story.readOn()}>
      ${icon('refresh')} ${words}
    </button>`
  }
}
