import type { VideoSession } from '../api/types'
import { backoffDelay } from '../call/backoff'

const HEARTBEAT_MS = 10_000
const SILENCE_MS = 25_000

/** Close codes that say that this login opens nothing any more. */
const FINAL_CODES = [4401, 4403]

/** An invitation that wrong answers have locked, or one that is good again or gone. */
export interface InvitationNews {
  sessionId: string
  invitationId: string
  locked: boolean
}

export interface ConsoleStreamHandlers {
  session(session: VideoSession): void
  invitation(news: InvitationNews): void
  /** The stream came (back) or was lost; it tries again by itself. */
  alive(alive: boolean): void
  /** The login opens nothing any more; `reason` is the server's word for why, empty where it gave none. */
  refused(reason: string): void
}

/** Every session that changes, as it changes. It has no memory: whoever comes back asks for the list anew. */
export class ConsoleStream {
  #socket: WebSocket | undefined
  #attempt = 0
  #retry: ReturnType<typeof setTimeout> | undefined
  #heartbeat: ReturnType<typeof setInterval> | undefined
  #lastHeard = 0
  #closed = true

  constructor(
    private readonly url: string,
    private readonly handlers: ConsoleStreamHandlers,
    private readonly newSocket: (url: string) => WebSocket = (address) => new WebSocket(address),
  ) {}

  open(): void {
    this.#closed = false
    this.#connect()
  }

  close(): void {
    this.#closed = true
    this.#drop()
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
    const socket = this.newSocket(this.url)
    this.#socket = socket
    socket.onopen = () => this.#opened(socket)
    socket.onmessage = (message) => this.#heard(socket, String(message.data))
    socket.onclose = (close) => this.#lost(socket, close.code, close.reason)
  }

  #opened(socket: WebSocket): void {
    if (socket !== this.#socket) return
    this.#attempt = 0
    this.#lastHeard = Date.now()
    this.#heartbeat = setInterval(() => this.#beat(socket), HEARTBEAT_MS)
    this.handlers.alive(true)
  }

  #beat(socket: WebSocket): void {
    // A network that vanished leaves a socket that never closes: the server's own heartbeats are the proof of life.
    if (Date.now() - this.#lastHeard > SILENCE_MS) this.#lost(socket, 1006)
    else socket.send(JSON.stringify({ type: 'heartbeat' }))
  }

  #heard(socket: WebSocket, data: string): void {
    if (socket !== this.#socket) return
    this.#lastHeard = Date.now()
    const message = JSON.parse(data) as { type?: string; session?: VideoSession } & InvitationNews
    if (message.type === 'session' && message.session) this.handlers.session(message.session)
    if (message.type === 'invitation') this.handlers.invitation(message)
  }

  #lost(socket: WebSocket, code: number, reason = ''): void {
    if (socket !== this.#socket || this.#closed) return
    this.#drop()
    if (FINAL_CODES.includes(code)) {
      this.#closed = true
      this.handlers.refused(reason)
      return
    }
    this.#retry = setTimeout(() => this.#connect(), backoffDelay(this.#attempt++))
    this.handlers.alive(false)
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
