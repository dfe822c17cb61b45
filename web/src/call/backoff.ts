const FIRST_MS = 300
const LONGEST_MS = 5_000

/** Milliseconds to wait before try `attempt` (0, 1, …): 0.3 s doubling to 5 s, each scattered over its upper half. */
export function backoffDelay(attempt: number, random: () => number = Math.random): number {
  const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** attempt)
  return ceiling / 2 + (ceiling / 2) * random()
}

/** A pause that can be cut short, by the network's return for instance. */
export class Pause {
  #wake: (() => void) | undefined

  wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.wake(), ms)
      this.#wake = () => {
        clearTimeout(timer)
        this.#wake = undefined
        resolve()
      }
    })
  }

  wake(): void {
    this.#wake?.()
  }
}
