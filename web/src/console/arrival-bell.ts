import { ring } from '../media/chime'

const STORED_AS = 'shinsatsu.console.bell'

/**
 * The sound when a patient arrives. A browser lets a page sound only after somebody has touched it: until then the bell
 * is `held`, and the page says so.
 */
export class ArrivalBell {
  #context: AudioContext | undefined
  #on = localStorage.getItem(STORED_AS) !== 'off'

  constructor(private readonly changed: () => void) {}

  get on(): boolean {
    return this.#on
  }

  get held(): boolean {
    return this.#on && this.#context?.state !== 'running'
  }

  /** Call it within a press of a key or a button. */
  async unlock(): Promise<void> {
    if (this.#context?.state === 'running') return
    this.#context ??= new AudioContext()
    this.#context.onstatechange = this.changed
    await this.#context.resume().catch(() => undefined)
    this.changed()
  }

  async toggle(): Promise<void> {
    this.#on = !this.#on
    localStorage.setItem(STORED_AS, this.#on ? 'on' : 'off')
    this.changed()
    if (!this.#on) return
    await this.unlock()
    this.ring()
  }

  ring(): void {
    if (this.#on && this.#context?.state === 'running') ring(this.#context)
  }
}
