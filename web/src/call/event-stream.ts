import type { ClientMessage, StreamEvent } from '../api/types'
import { backoffDelay } from './backoff'

const HEARTBEAT_MS = 10_000
const SILENCE_MS = 25_000

/** Close codes after which knocking again is no use. */
const FINAL_CODES = [4401, 4403, 4404, 4409, 4410]

export interface StreamHandlers {
  event(event: StreamEvent): void
  /** Something has happened that is not for this viewer: all that came is its number. */
  hidden(): void
  /** The stream came (back) or was lost; it tries again by itself. */
  alive(alive: boolean): void
  /** The server will not have this stream again: one of the final close codes, and why. */
  final(code: number, reason: string): void
}

/**
 * The numbered event stream (docs/protocol.md): resumes after the last number it has seen, never skips one.
 * A gap or a refused resume starts over from a snapshot.
 */
export class EventStream {
  #socket: WebSocket | undefined
  #seq: number | undefined
  #attempt = 0
  #retry: ReturnType<typeof setTimeout> | undefined
  #heartbeat: ReturnType<typeof setInterval> | undefined
  #lastHeard = 0
  #closed = true

  constructor(
    private url: (after?: number) => string,
    private readonly handlers: StreamHandlers,
    private readonly newSocket: (url: string) => WebSocket = (url) => new WebSocket(url),
  ) {}

  /** Opens the stream, or carries it over to another address (a new participant) without losing an event. */
  open(url: (after?: number) => string, fresh = false): void {
    this.#drop()
    this.url = url
    if (fresh) this.#seq = undefined
    this.#closed = false
    this.#attempt = 0
    this.#connect()
  }

  close(): void {
    this.#closed = true
    this.#drop()
  }

  /** Says something to the server; what is said while the stream is lost is the caller's to say again on `alive`. */
  send(message: ClientMessage): void {
    if (this.#socket?.readyState === 1) this.#socket.send(JSON.stringify(message))
  }

  /** Tries at once instead of waiting out the backoff. */
  hurry(): void {
    if (this.#closed || this.#retry === undefined) return
    this.#attempt = 0
    this.#connect()
  }

  #connect(): void {
    clearTimeout(this.#retry)
    this.#retry = undefined
    const socket = this.newSocket(this.url(this.#seq))
    this.#socket = socket
    socket.onopen = () => this.#opened(socket)
    socket.onmessage = (message) => this.#heard(socket, String(message.data))
    socket.onclose = (close) => this.#lost(socket, close.code, close.reason)
  }

  #opened(socket: WebSocket): void {
    if (socket !== this.#socket) return
    this.#attempt = 0
    this.#lastHeard = Date.now()
    clearInterval(this.#heartbeat)
    this.#heartbeat = setInterval(() => this.#beat(socket), HEARTBEAT_MS)
    this.handlers.alive(true)
  }

  #beat(socket: WebSocket): void {
    // A network that vanished leaves a socket that never closes: the server's own heartbeats are the proof of life.
    if (Date.now() - this.#lastHeard > SILENCE_MS) this.#lost(socket, 1006)
    else this.send({ type: 'heartbeat' })
  }

  #heard(socket: WebSocket, data: string): void {
    if (socket !== this.#socket) return
    this.#lastHeard = Date.now()
    const message = JSON.parse(data) as { type?: string; seq?: number }
    if (message.seq === undefined) {
      // Unnumbered: of heartbeats and of errors about what was said there is nothing to tell.
      if (message.type === 'permissions') this.handlers.event(message as StreamEvent)
      return
    }
    if (message.type !== 'snapshot' && this.#seq !== undefined && message.seq !== this.#seq + 1) {
      if (message.seq <= this.#seq) return
      this.open(this.url, true)
      return
    }
    this.#seq = message.seq
    if (message.type !== undefined) this.handlers.event(message as StreamEvent)
    else this.handlers.hidden()
  }

  #lost(socket: WebSocket, code: number, reason = ''): void {
    if (socket !== this.#socket || this.#closed) return
    this.#drop()
    if (FINAL_CODES.includes(code)) {
      this.#closed = true
      this.handlers.final(code, reason)
      return
    }
    this.handlers.alive(false)
    this.#retry = setTimeout(() => this.#connect(), backoffDelay(this.#attempt++))
  }

  #drop(): void {
    clearTimeout(this.#retry)
    this.#retry = undefined
    clearInterval(this.#heartbeat)
    const socket = this.#socket
    this.#socket = undefined
    if (socket && socket.readyState <= 1) socket.close(1000)
  }
}
