import { Silence, transportSample } from './silence'

const LOOK_EVERY_MS = 1_000

/** Looks at the paths of peer connections every second, and says once when one has died. */
export class PathWatch {
  #timer: ReturnType<typeof setInterval> | undefined

  constructor(
    private readonly connections: RTCPeerConnection[],
    private readonly died: () => void,
  ) {}

  start(): void {
    const paths = this.connections.map((pc) => ({ pc, silence: new Silence() }))
    this.#timer ??= setInterval(() => {
      for (const { pc, silence } of paths) void this.#look(pc, silence)
    }, LOOK_EVERY_MS)
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  async #look(pc: RTCPeerConnection, silence: Silence): Promise<void> {
    if (pc.connectionState !== 'connected') return
    const sample = transportSample(await pc.getStats(), performance.now())
    if (!sample || !silence.look(sample) || this.#timer === undefined) return
    this.stop()
    this.died()
  }
}
