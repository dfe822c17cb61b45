import type { WaitingRoom } from '../api/types'

const ASK_EVERY_MS = 15_000
const AT_MOST_EVERY_MS = 2_000

/**
 * What the doctor is doing, asked for again and again while one waits, and soon after something has happened. An answer
 * that does not come leaves the last one.
 */
export class WaitingStatus {
  current: WaitingRoom | undefined
  #timer: ReturnType<typeof setInterval> | undefined
  #soon: ReturnType<typeof setTimeout> | undefined
  #askedAt = 0

  constructor(
    private readonly ask: () => Promise<WaitingRoom>,
    private readonly changed: () => void,
  ) {}

  start(): void {
    this.stop()
    this.#timer = setInterval(() => void this.look(), ASK_EVERY_MS)
    void this.look()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    clearTimeout(this.#soon)
    this.#soon = undefined
  }

  /** Something has happened: it may have been the doctor. */
  stirred(): void {
    if (this.#timer === undefined || this.#soon !== undefined) return
    const wait = Math.max(0, this.#askedAt + AT_MOST_EVERY_MS - Date.now())
    this.#soon = setTimeout(() => {
      this.#soon = undefined
      void this.look()
    }, wait)
  }

  async look(): Promise<void> {
    this.#askedAt = Date.now()
    const answer = await this.ask().catch(() => undefined)
    if (!answer || this.#timer === undefined) return
    this.current = answer
    this.changed()
  }
}
