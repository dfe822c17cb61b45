import type { Guest } from '../api/access'
import type { ConsoleApi, HistoryEvent } from './console-api'

const PAGE = 200
/** How many pages are read at one go; a longer story goes on when somebody asks for more. */
const PAGES_AT_ONCE = 5

/** A session's story as far as it has been read. */
export class StoryReader {
  events: HistoryEvent[] = []
  /** Whom staff have invited: entries name them by their numbers alone. */
  guests: Guest[] = []
  /** Whether there is more than was read at one go. */
  more = false
  state: 'reading' | 'read' | 'failed' = 'reading'
  #run: Promise<void> | undefined
  #again = false

  constructor(
    private readonly api: ConsoleApi,
    private readonly sessionId: string,
    private readonly changed: () => void,
  ) {}

  /** Reads what follows; asked again meanwhile, it looks once more when it is through. */
  readOn(): Promise<void> {
    if (this.#run) this.#again = true
    else this.#run = this.#read().finally(() => (this.#run = undefined))
    return this.#run
  }

  async #read(): Promise<void> {
    do {
      this.#again = false
      await this.#readPages().catch(() => (this.state = this.events.length > 0 ? 'read' : 'failed'))
      this.changed()
    } while (this.#again)
  }

  async #meetGuests(): Promise<void> {
    const known = new Set(this.guests.map((guest) => guest.userId))
    const invited = this.events.filter((event) => event.eventType === 'guest_invited')
    if (invited.every(({ metadata }) => known.has(Number(metadata['userId'])))) return
    this.guests = await this.api
      .access(this.sessionId)
      .guests()
      .catch(() => this.guests)
  }

  async #readPages(): Promise<void> {
    for (let page = 0; page < PAGES_AT_ONCE; page++) {
      const { events, next } = await this.api.history(this.sessionId, this.events.at(-1)?.seq ?? 0, PAGE)
      this.events = [...this.events, ...events]
      this.state = 'read'
      this.more = next !== null
      await this.#meetGuests()
      if (!this.more) return
      this.changed()
    }
  }
}
