import type { LinkState } from './media-connection'

/** How long a `disconnected` may mend itself, and the event stream may be away unsaid, in milliseconds. */
const MENDS_WITHIN_MS = 1_000
const STREAM_RETURNS_WITHIN_MS = 3_000

export type Cause = 'media' | 'offline' | 'server'

export interface Trouble {
  cause: Cause
  /** Milliseconds since the epoch. */
  since: number
}

export interface WatchHandlers {
  /** The media connection will not come back by itself. */
  broken(): void
  /** The server has been out of hearing for a while. */
  unheard(): void
}

/** Watches over a person who is in: tells a hiccup from trouble, and since when there is some. */
export class TroubleWatch {
  trouble: Trouble | undefined
  #mending: ReturnType<typeof setTimeout> | undefined
  #missing: ReturnType<typeof setTimeout> | undefined

  constructor(private readonly handlers: WatchHandlers) {}

  /** There is trouble; its first second stays, whatever its cause turns into. */
  begin(cause: Cause): void {
    this.trouble = { cause, since: this.trouble?.since ?? Date.now() }
  }

  mended(): void {
    this.trouble = undefined
  }

  link(state: LinkState): void {
    clearTimeout(this.#mending)
    if (state === 'failed') this.handlers.broken()
    if (state === 'disconnected') this.#mending = setTimeout(() => this.handlers.broken(), MENDS_WITHIN_MS)
  }

  stream(alive: boolean): void {
    if (alive) this.#found()
    else this.#missing ??= setTimeout(() => this.#stillMissing(), STREAM_RETURNS_WITHIN_MS)
  }

  /** Nothing to watch: the link is being renewed. */
  restLink(): void {
    clearTimeout(this.#mending)
  }

  rest(): void {
    this.restLink()
    this.#found()
    this.mended()
  }

  #found(): void {
    clearTimeout(this.#missing)
    this.#missing = undefined
  }

  #stillMissing(): void {
    this.#missing = undefined
    this.handlers.unheard()
  }
}
