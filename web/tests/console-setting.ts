import { type SessionParticipant, type VideoSession } from '../src/api/types'
import type { ConsoleApi, HistoryEvent, SessionQuery } from '../src/console/console-api'

/** What a browser has and Node lacks; imported before anything of the console. */
const stored = new Map<string, string>()
globalThis.localStorage ??= {
  getItem: (key: string) => stored.get(key) ?? null,
  setItem: (key: string, value: string) => void stored.set(key, value),
} as Storage
globalThis.navigator ??= { languages: ['ja'] as readonly string[] } as Navigator
globalThis.location ??= { origin: 'http://clinic.example', href: 'http://clinic.example/console' } as Location

/** Noon of a day, so that an hour more or less stays within it in any zone the tests run in. */
export const NOON = new Date(2026, 10, 23, 12, 0, 0)

export function at(minutes: number): string {
  return new Date(NOON.getTime() + minutes * 60_000).toISOString()
}

export function person(name: string, more: Partial<SessionParticipant> = {}): SessionParticipant {
  return {
    participantId: `p-${name}`,
    userType: 'patient',
    userId: name.charCodeAt(0),
    relation: 'own',
    displayName: name,
    admission: 'admitted',
    connected: true,
    audioMuted: false,
    videoMuted: false,
    joinedAt: at(0),
    permissions: [],
    ...more,
  }
}

export function booked(id: string, more: Partial<VideoSession> = {}, startsAt = at(0)): VideoSession {
  return {
    id,
    appointmentId: `a-${id}`,
    status: 'scheduled',
    participants: [],
    version: 1,
    locked: false,
    screenShareAllowed: true,
    appointment: {
      startsAt,
      admission: 'staff',
      doctor: { userId: 1, displayName: '山田 太郎' },
      patient: { userId: 7, displayName: '佐藤 花子' },
      supportDoctors: [],
    },
    metadata: { scheduledDuration: 15 },
    you: { permissions: [], over: {} },
    ...more,
  }
}

export function waiting(id: string, since: string, name = 'W'): VideoSession {
  const participants = [person(name, { admission: 'waiting', waitingSince: since })]
  return booked(id, { status: 'waiting', participants })
}

/** The server, as far as the desk and the commands call it: answers from a list, keeps what it was asked. */
export class FakeConsole {
  list: VideoSession[] = []
  asked: string[] = []
  queries: SessionQuery[] = []
  refuse: Error | undefined
  unconfirmed = false
  history: HistoryEvent[] = []
  pageSize = 200

  asApi(): ConsoleApi {
    return new Proxy(this as unknown as ConsoleApi, {
      get: (target, name: string) =>
        name in target
          ? (Reflect.get(target, name) as () => unknown).bind(target)
          : (...values: unknown[]) => this.#ask(name, values),
    })
  }

  eventsUrl(): string {
    return 'ws:'
  }

  async sessions(query: SessionQuery): Promise<VideoSession[]> {
    this.queries.push(query)
    if (this.refuse) throw this.refuse
    const startsAt = (one: VideoSession) => one.appointment.startsAt
    return this.list
      .filter((one) => !query.from || startsAt(one) >= query.from)
      .filter((one) => !query.to || startsAt(one) < query.to)
      .filter((one) => !query.status || one.status === query.status)
      .filter((one) => !query.q || one.appointment.patient.displayName.includes(query.q))
      .sort((one, other) => startsAt(other).localeCompare(startsAt(one)))
      .slice(0, this.pageSize)
  }

  async session(id: string): Promise<VideoSession> {
    return this.list.find((one) => one.id === id)!
  }

  async #ask(name: string, values: unknown[]): Promise<unknown> {
    this.asked.push(
      [name, ...values.map((value) => (typeof value === 'string' ? value : JSON.stringify(value)))].join(' '),
    )
    if (this.refuse) throw this.refuse
    return { grantId: 'g1', sessionId: String(values[0]), endsAt: at(60), unconfirmed: this.unconfirmed }
  }
}
