import { chime } from './media/chime'

const SHOWN_MS = 8_000

/** Says that somebody who was waited for is there: heard, and seen in the page's title from another tab too. */
export class Bell {
  #words = ''
  #until = 0

  constructor(private readonly changed: () => void) {}

  /** The words in the title, for some seconds. */
  get words(): string | undefined {
    return Date.now() < this.#until ? `● ${this.#words}` : undefined
  }

  ring(words: string): void {
    void chime()
    this.#words = words
    this.#until = Date.now() + SHOWN_MS
    setTimeout(this.changed, SHOWN_MS)
  }
}
