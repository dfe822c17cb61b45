/** Real input, as browsers tell it; what a script makes is not trusted and does not count. */
const INPUTS = ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart'] as const
const REPORT_EVERY_MS = 60_000
const WARN_BEFORE_MS = 60_000

export interface IdleHandlers {
  /** Tells the server that somebody is here; rejects where it was not told. */
  report(): Promise<void>
  /** Whether they are in a call: then nobody is logged off. */
  inCall(): boolean
  /** The warning has come, counts on, or is gone. */
  changed(): void
  over(): void
}

/** What all tabs of one login know of each other: when the server was last told of somebody, in ms since the epoch. */
export interface SharedMoment {
  read(): number | undefined
  write(at: number): void
}

/**
 * Ends a login that nobody uses: `timeout` after the server was last told of real input, it warns a minute before. The
 * server counts the same and is told at most once a minute, so both know the same last moment; other tabs share it.
 */
export class IdleWatch {
  /** Seconds until the logoff while it is warned of, else undefined. */
  left: number | undefined
  #seen = false
  #telling = false
  #timer: ReturnType<typeof setInterval> | undefined

  constructor(
    private readonly timeoutMs: number,
    private readonly handlers: IdleHandlers,
    private readonly told: SharedMoment,
    private readonly target: EventTarget = globalThis,
  ) {}

  start(): void {
    this.told.write(Date.now())
    this.#timer = setInterval(() => this.#tick(), 1000)
    for (const input of INPUTS) this.target.addEventListener(input, this.#input, { capture: true, passive: true })
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    for (const input of INPUTS) this.target.removeEventListener(input, this.#input, { capture: true })
  }

  #input = (event: Event) => {
    if (!event.isTrusted) return
    this.#seen = true
    this.#tick()
  }

  #tick(): void {
    if (this.#timer === undefined) return
    if (this.handlers.inCall()) this.#seen = true
    // A machine that slept through the time is logged off by the first thing that happens, not woken by it.
    else if (this.#rest() <= 0) return this.#end()
    if (this.#seen && Date.now() - this.#toldAt() >= REPORT_EVERY_MS) void this.#tell()
    this.#warn()
  }

  async #tell(): Promise<void> {
    if (this.#telling) return
    this.#telling = true
    try {
      await this.handlers.report()
      this.#seen = false
      this.told.write(Date.now())
    } catch {
      // Nobody answered: the next second tries again, and the server's count goes on until it hears.
    }
    this.#telling = false
    this.#warn()
  }

  #warn(): void {
    const rest = this.#rest()
    const warns = rest <= WARN_BEFORE_MS && !this.handlers.inCall() && this.#timer !== undefined
    const left = warns ? Math.max(0, Math.ceil(rest / 1000)) : undefined
    if (left === this.left) return
    this.left = left
    this.handlers.changed()
  }

  #end(): void {
    this.stop()
    this.left = undefined
    this.handlers.over()
  }

  #rest(): number {
    return this.#toldAt() + this.timeoutMs - Date.now()
  }

  #toldAt(): number {
    return this.told.read() ?? 0
  }
}

/** Shared through the browser's storage, under the login's id. */
export function sharedMoment(loginId: string): SharedMoment {
  const key = `shinsatsu.active.${loginId}`
  return {
    read: () => Number(localStorage.getItem(key) ?? NaN) || undefined,
    write: (at) => localStorage.setItem(key, String(at)),
  }
}

export function forgetMoment(loginId: string): void {
  localStorage.removeItem(`shinsatsu.active.${loginId}`)
}
