import type { ReactiveController, ReactiveControllerHost } from 'lit'

const beats = new Set<() => void>()
let timer: ReturnType<typeof setInterval> | undefined

/** Renders its host again every second (or does what else is given), all hosts at one moment: a page ticks as one. */
export class Pulse implements ReactiveController {
  constructor(
    host: ReactiveControllerHost,
    private readonly beat: () => void = () => host.requestUpdate(),
  ) {
    host.addController(this)
  }

  hostConnected(): void {
    beats.add(this.beat)
    timer ??= setInterval(() => beats.forEach((beat) => beat()), 1000)
  }

  hostDisconnected(): void {
    beats.delete(this.beat)
    if (beats.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
}
