import type { ReactiveController, ReactiveControllerHost } from 'lit'

/** Renders its host again every second, for what shows passing time. */
export class Ticker implements ReactiveController {
  #timer: ReturnType<typeof setInterval> | undefined

  constructor(private readonly host: ReactiveControllerHost) {
    host.addController(this)
  }

  hostConnected(): void {
    this.#timer = setInterval(() => this.host.requestUpdate(), 1000)
  }

  hostDisconnected(): void {
    clearInterval(this.#timer)
  }
}

/** Whole seconds as minutes and seconds: 684 → "11:24". */
export function minutesAndSeconds(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds))
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`
}
