const APART_MS = 100

/**
 * Shows what changed at most ten times a second: at once when it was quiet, together when it was not. A page that is
 * hidden has no frames and shows nothing until it is seen again.
 */
export class Frames {
  #asked = false
  #shownAt = -APART_MS

  constructor(private readonly show: () => void) {}

  ask(): void {
    if (this.#asked) return
    this.#asked = true
    const rest = this.#shownAt + APART_MS - performance.now()
    if (rest > 0) setTimeout(() => this.#next(), rest)
    else this.#next()
  }

  #next(): void {
    requestAnimationFrame(() => {
      this.#asked = false
      this.#shownAt = performance.now()
      this.show()
    })
  }
}
