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
  @property() running = ''
  @property({ type: Number }) version = 0
  @state() private whole = false
  #minor: boolean[] = []

  protected override willUpdate(): void {
    const { events } = this.story
    for (let index = this.#minor.length; index < events.length; index++) {
      this.#minor.push(isMinor(events[index]!, events.slice(Math.max(0, index - LOOK_BACK), index)))
    }
  }

  protected override render() {
    return html`<section class="card stack" aria-labelledby="story" aria-busy=${this.story.state === 'reading'}>
      <div class="row row--apart">
        <h2 class="subtitle" id="story">${w('story-title')}</h2>
        ${this.#switch()}
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
    const shown = this.whole ? events : events.filter((_, index) => !this.#minor[index])
    return html`<ol class="timeline">
        ${repeat(
          shown,
          (event) => event.seq,
          (event) => this.#entry(event, cast),
        )}
      </ol>
      ${more ? this.#again(w('story-more')) : nothing}
      <p class="note">${w('zone', { zone: zone() })}</p>`
  }

  /** What only fault finders want to see is one press away. */
  #switch() {
    const count = this.#minor.filter(Boolean).length
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
    return html`<li class="event ${this.#minor[this.story.events.indexOf(event)] ? 'event--minor' : ''}" data-testid="timeline-event" data-event=${event.eventType}>
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
