import type { WaitingRoom } from '../api/types'

const ASK_EVERY_MS = 15_000

/** What the doctor is doing, asked for again and again while one waits. An answer that does not come leaves the last one. */
export class WaitingStatus {
  current: WaitingRoom | undefined
  #timer: ReturnType<typeof setInterval> | undefined

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
  }

  async look(): Promise<void> {
    const answer = await this.ask().catch(() => undefined)
    if (!answer || this.#timer === undefined) return
    this.current = answer
    this.changed()
  }
}
