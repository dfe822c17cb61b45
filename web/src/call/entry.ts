import { ApiProblem } from '../api/problem'
import { backoffDelay, Pause } from './backoff'

/** The longest that a server's `Retry-After` is heeded, in milliseconds. */
const ASKED_AT_MOST_MS = 5_000

export interface EntrySteps {
  /** One try; `current` turns false once it is called off. Throws what stood in the way. */
  attempt(current: () => boolean): Promise<void>
  /** Whether trying again is no use. */
  isFinal(error: unknown): Promise<boolean>
  /** A try was in vain; another one follows. */
  inVain(error: unknown): void
}

/** The way in: tries again, ever more slowly, until it works, is no use or is called off. */
export class Entry {
  #run = 0
  #pause = new Pause()

  constructor(private readonly steps: EntrySteps) {}

  /** Starts at once, in place of what was being tried. */
  async go(): Promise<void> {
    this.callOff()
    const run = this.#run
    const current = () => run === this.#run
    for (let attempt = 0; current(); attempt++) {
      try {
        await this.steps.attempt(current)
        return
      } catch (error) {
        if (!current() || (await this.steps.isFinal(error))) return
        this.steps.inVain(error)
        await this.#pause.wait(waitAfter(error, attempt))
      }
    }
  }

  callOff(): void {
    this.#run++
    this.#pause.wake()
  }
}

function waitAfter(error: unknown, attempt: number): number {
  const asked = error instanceof ApiProblem ? (error.retryAfter ?? 0) * 1000 : 0
  return Math.max(backoffDelay(attempt), Math.min(asked, ASKED_AT_MOST_MS))
}
