import { ApiProblem } from '../api/problem'
import type { SessionParticipant, VideoSession } from '../api/types'
import { arrivals, isOpen, waitersOf } from './board'
import type { ConsoleApi } from './console-api'
import { ConsoleStream, type InvitationNews } from './console-stream'
import { type Day, bounds, dayOf } from './day'
import { sessionsBetween } from './session-pages'
import { now } from '../api/server-time'

/** How long the first list waits for the stream, and how old a list gets while there is none. */
const FIRST_STREAM_MS = 1_000
const STALE_AFTER_MS = 15_000

export type DayState = 'loading' | 'loaded' | 'failed'

export interface DeskHandlers {
  /** Something to show has changed. */
  changed(): void
  /** Somebody has begun to wait. */
  arrived(session: VideoSession, participant: SessionParticipant): void
  /** The login opens nothing any more, with the server's word for why. */
  refused(reason?: string): void
}

/** All that the console knows: the sessions it has seen, kept live by the stream, and how far to trust them. */
export class Desk {
  readonly sessions = new Map<string, VideoSession>()
  today: Day = dayOf(now())
  day: Day = this.today
  link: 'connecting' | 'live' | 'lost' = 'connecting'
  /** Locked invitations that were told of, and whose session each is of. */
  readonly lockedInvitations = new Map<string, string>()
  #states = new Map<Day, DayState>()
  #freshAt: number | undefined
  #stream: ConsoleStream
  #first: ReturnType<typeof setTimeout> | undefined
  /** What the stream named, by how many lists had been asked for by then: it may know more than a list on its way. */
  #named = new Map<string, number>()
  #asked = 0

  constructor(
    readonly api: ConsoleApi,
    private readonly handlers: DeskHandlers,
    newSocket?: (url: string) => WebSocket,
  ) {
    this.#stream = new ConsoleStream(
      api.eventsUrl(),
      {
        session: (session) => this.#streamed(session),
        invitation: (news) => this.#toldOf(news),
        alive: (alive) => this.#linked(alive),
        refused: (reason) => this.handlers.refused(reason),
      },
      newSocket,
    )
  }

  start(): void {
    this.#stream.open()
    // A network that lets no stream through still gets its list.
    this.#first = setTimeout(() => void this.reload(), FIRST_STREAM_MS)
  }

  stop(): void {
    clearTimeout(this.#first)
    this.#stream.close()
  }

  /** Tries the stream, and a list that failed, at once. */
  hurry(): void {
    this.#stream.hurry()
    if (this.state === 'failed') void this.reload()
  }

  get state(): DayState {
    return this.#states.get(this.day) ?? 'loading'
  }

  /** Milliseconds since the epoch when the list was last known to be true; undefined before there is one. */
  get freshAt(): number | undefined {
    return this.link === 'live' && this.#freshAt !== undefined ? now() : this.#freshAt
  }

  /** The sessions of the day that is shown; today's are also those of other days that are open now. */
  get ofTheDay(): VideoSession[] {
    const isToday = this.day === this.today
    return [...this.sessions.values()].filter(
      (session) => dayOf(session.appointment.startsAt) === this.day || (isToday && isOpen(session)),
    )
  }

  /** Everybody who waits, whichever day is shown. */
  get waiting(): number {
    let count = 0
    for (const session of this.sessions.values()) if (isOpen(session)) count += waitersOf(session).length
    return count
  }

  show(day: Day): void {
    if (day === this.day) return
    this.day = day
    if (this.state !== 'loaded') void this.#load(day)
    this.handlers.changed()
  }

  /** At midnight the page turns over. */
  noticeToday(): void {
    const today = dayOf(now())
    if (today === this.today) return
    const followed = this.day === this.today
    this.today = today
    if (followed) this.day = today
    void this.reload()
  }

  async reload(): Promise<void> {
    clearTimeout(this.#first)
    await Promise.all([...new Set([this.today, this.day])].map((day) => this.#load(day)))
  }

  /** Asks for one session anew, after something was done to it. */
  async refresh(id: string): Promise<void> {
    const session = await this.api.session(id)
    this.#take(session, this.sessions.has(id))
    this.handlers.changed()
  }

  /** Sessions of any day whose names or number hold the text. */
  async find(text: string): Promise<string[]> {
    const found = await this.api.sessions({ q: text })
    found.forEach((session) => this.keep(session))
    this.handlers.changed()
    return found.map((session) => session.id)
  }

  /** Takes a session's state unless a newer one is known. */
  keep(session: VideoSession): boolean {
    const known = this.sessions.get(session.id)
    if (known && known.version > session.version) return false
    this.sessions.set(session.id, session)
    return true
  }

  async #load(day: Day): Promise<void> {
    if (this.#states.get(day) !== 'loaded') this.#states.set(day, 'loading')
    const { from, to } = bounds(day)
    const asked = ++this.#asked
    try {
      const lists = [sessionsBetween(this.api, from, to)]
      if (day === this.today) {
        lists.push(this.api.sessions({ status: 'waiting' }), this.api.sessions({ status: 'active' }))
      }
      this.#loaded(day, (await Promise.all(lists)).flat(), asked)
    } catch (error) {
      this.#failed(day, error)
    }
    this.handlers.changed()
  }

  #loaded(day: Day, listed: VideoSession[], asked: number): void {
    const isFirst = this.#freshAt === undefined
    const ids = new Set(listed.map((session) => session.id))
    for (const [id, session] of this.sessions) {
      const belongs = dayOf(session.appointment.startsAt) === day || (day === this.today && isOpen(session))
      if (belongs && !ids.has(id) && (this.#named.get(id) ?? 0) < asked) this.sessions.delete(id)
    }
    for (const session of listed) this.#take(session, !isFirst && day === this.today)
    this.#states.set(day, 'loaded')
    if (day === this.today || day === this.day) this.#freshAt = now()
  }

  #failed(day: Day, error: unknown): void {
    if (error instanceof ApiProblem && error.status === 401) this.handlers.refused(error.reason)
    else if (this.#states.get(day) !== 'loaded') this.#states.set(day, 'failed')
  }

  #streamed(session: VideoSession): void {
    this.#named.set(session.id, this.#asked)
    this.#take(session, true)
    this.handlers.changed()
  }

  #toldOf({ locked, invitationId, sessionId }: InvitationNews): void {
    if (locked) this.lockedInvitations.set(invitationId, sessionId)
    else this.lockedInvitations.delete(invitationId)
    this.handlers.changed()
  }

  #take(session: VideoSession, announced: boolean): void {
    const before = this.sessions.get(session.id)
    if (!this.keep(session) || !announced || !isOpen(session)) return
    for (const participant of arrivals(before, session)) this.handlers.arrived(session, participant)
  }

  #linked(alive: boolean): void {
    const wasLive = this.link === 'live'
    this.link = alive ? 'live' : 'lost'
    if (alive) void this.reload()
    else if (wasLive) this.#freshAt = now()
    else if (now() - (this.#freshAt ?? 0) > STALE_AFTER_MS) void this.reload()
    this.handlers.changed()
  }
}
