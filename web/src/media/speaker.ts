const VOICES = 6

/**
 * Plays what the others say, one element a person. The elements are started within the tap that joins: a browser that
 * holds sound back until a tap lets those, and only those, sound later and again after a reconnection.
 */
export class Speaker {
  /** The browser holds the sound back after all; one more tap, and `resume`, lets it out. */
  onBlocked: () => void = () => undefined
  #spare: HTMLAudioElement[] = []
  #speaking = new Map<string, HTMLAudioElement>()

  /** Call it within a tap. */
  unlock(): void {
    while (this.#spare.length + this.#speaking.size < VOICES) {
      const element = new Audio()
      element.srcObject = new MediaStream()
      // Nothing to play yet: the promise ends when something else is given to it.
      element.play().catch(() => undefined)
      this.#spare.push(element)
    }
  }

  /** Exactly these voices sound from now on, by person. */
  play(voices: Map<string, MediaStreamTrack>): void {
    for (const [person, element] of this.#speaking) {
      if (voices.has(person)) continue
      element.srcObject = null
      this.#speaking.delete(person)
      this.#spare.push(element)
    }
    for (const [person, track] of voices) {
      const element = this.#speaking.get(person) ?? this.#spare.pop() ?? new Audio()
      this.#speaking.set(person, element)
      const [playing] = (element.srcObject as MediaStream | null)?.getTracks() ?? []
      if (playing === track) continue
      element.srcObject = new MediaStream([track])
      this.#start(element)
    }
  }

  resume(): void {
    for (const element of this.#speaking.values()) this.#start(element)
  }

  #start(element: HTMLAudioElement): void {
    element.play().catch((error: unknown) => {
      if (error instanceof DOMException && error.name === 'NotAllowedError') this.onBlocked()
    })
  }
}
