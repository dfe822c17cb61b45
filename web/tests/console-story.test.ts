import { expect, test } from 'vitest'
import { at, booked, person } from './console-setting'
import type { ConsoleApi, HistoryEvent } from '../src/console/console-api'
import { Cast, isMinor, presences, waitedFor } from '../src/console/story'
import { StoryReader } from '../src/console/story-reader'
import { tell } from '../src/console/story-words'
import { consoleJa } from '../src/i18n/console.ja'

const PATIENT = { userType: 'patient', userId: 7, displayName: '佐藤 花子' } as const
const DOCTOR = { userType: 'worker', userId: 1, role: 'doctor', displayName: '山田 太郎' } as const
const SYSTEM = { userType: 'system', userId: 0, displayName: '' } as const

let seq = 0
function event(
  who: Pick<HistoryEvent, 'userType' | 'userId' | 'displayName'>,
  eventType: string,
  metadata: Record<string, unknown> = {},
  minutes = 0,
): HistoryEvent {
  return { seq: ++seq, eventType, metadata, createdAt: at(minutes), ...who }
}

const came = event(PATIENT, 'joined', { participantId: 'p1', admission: 'waiting' }, 0)
const doctorCame = event(DOCTOR, 'joined', { participantId: 'd1', admission: 'admitted' }, 3)
const admitted = event(DOCTOR, 'admitted', { participantId: 'p1' }, 4)
const removed = event(DOCTOR, 'left', { participantId: 'p1', userType: 'patient', userId: 7, reason: 'removed' }, 9)

/** One of each type of src/shinsatsu/domain/events.py. */
const EVERY: HistoryEvent[] = [
  event(SYSTEM, 'created', { appointmentId: 'a1' }),
  event(PATIENT, 'opened', { status: 'waiting' }),
  event(DOCTOR, 'activated', { status: 'active' }),
  event(DOCTOR, 'ended', { endReason: 'completed', actualDuration: 12, outcome: 'completed' }),
  event(SYSTEM, 'ended', { endReason: 'timeout', timeout: 'max' }),
  event(SYSTEM, 'failed', { failure: 'media_plane' }),
  event(SYSTEM, 'rescheduled', { startsAt: at(0), scheduledDuration: 15 }),
  came,
  doctorCame,
  event(PATIENT, 'joined', { participantId: 'p1', admission: 'admitted', rejoined: true }),
  admitted,
  event(SYSTEM, 'admitted', { participantId: 'p1' }),
  event(DOCTOR, 'sent_back', { participantId: 'p1' }),
  event(DOCTOR, 'restored', { participantId: 'p1', userType: 'patient', userId: 7 }),
  ...['left', 'superseded', 'moved', 'removed', 'blocked', 'booking_changed', 'ended'].map((reason) =>
    event(DOCTOR, 'left', { participantId: 'p1', userType: 'patient', userId: 7, reason }),
  ),
  event(PATIENT, 'connected', { participantId: 'p1' }),
  event(PATIENT, 'disconnected', { participantId: 'p1' }),
  ...['audio', 'video'].flatMap((kind) => [
    event(PATIENT, 'muted', { participantId: 'p1', kind, byStaff: false }),
    event(DOCTOR, 'muted', { participantId: 'p1', kind, byStaff: true }),
    event(PATIENT, 'unmuted', { participantId: 'p1', kind, byStaff: false }),
  ]),
  event(DOCTOR, 'unmute_requested', { participantId: 'p1', kinds: ['audio'] }),
  event(DOCTOR, 'identity_checked', { participantId: 'p1', method: 'passport' }),
  event(DOCTOR, 'locked'),
  event(DOCTOR, 'unlocked'),
  event(DOCTOR, 'screen_share_set', { allowed: false }),
  event(DOCTOR, 'extended', { minutes: 15, endsAt: at(75) }),
  event(SYSTEM, 'time_warning', { minutesLeft: 5, endsAt: at(75) }),
  event(DOCTOR, 'outcome_set', { outcome: 'moved_to_phone' }),
  ...[['audio'], ['video'], ['audio', 'video']].map((kinds) => event(SYSTEM, 'two_way_media', { kinds })),
  ...['audio', 'video', 'screen'].flatMap((trackType) =>
    ['track_granted', 'track_published', 'track_closed'].map((type) =>
      event(PATIENT, type, { participantId: 'p1', trackName: 'n', trackType }),
    ),
  ),
  event(SYSTEM, 'link_minted', { linkId: 'l', forUserType: 'patient', forUserId: 7 }),
  event(PATIENT, 'link_exchanged', { linkId: 'l', grantId: 'g' }),
]

const session = booked('s', { participants: [person('D')] })
const cast = () => new Cast(session, [came, doctorCame])

test.each(EVERY.map((one) => [`${one.eventType} ${JSON.stringify(one.metadata)}`, one] as const))(
  'is told in words: %s',
  (_, one) => {
    const { words, more } = tell(one, cast())
    expect(words).not.toBe(one.eventType.replaceAll('_', ' '))
    expect(words + more).not.toMatch(/[{}]|undefined|null|NaN|Invalid/)
    expect(words).not.toMatch(/^(さん| )|^$/)
  },
)

test('what has no words yet is shown by its name', () => {
  expect(tell(event(DOCTOR, 'brand_new_thing'), cast())).toMatchObject({ words: 'brand new thing', more: '山田 太郎' })
  expect(isMinor(event(DOCTOR, 'brand_new_thing'), [])).toBe(false)
})

test('names whom it is about, not only who did it', () => {
  const { words } = tell(removed, cast())
  expect(words).toContain('山田 太郎')
  expect(words).toContain('佐藤 花子')
})

test('a first connection is minor, one after a loss is not; muting oneself is, being muted is not', () => {
  const connected = event(PATIENT, 'connected', { participantId: 'p1' })
  const lost = event(PATIENT, 'disconnected', { participantId: 'p1' })
  expect(isMinor(connected, [came])).toBe(true)
  expect(isMinor(connected, [came, connected, lost])).toBe(false)
  expect(isMinor(event(PATIENT, 'muted', { kind: 'audio', byStaff: false }), [])).toBe(true)
  expect(isMinor(event(DOCTOR, 'muted', { kind: 'audio', byStaff: true }), [])).toBe(false)
})

test('tells who was there, how long, and how long the patient waited', () => {
  expect(waitedFor([came, doctorCame, admitted])).toBe(240)
  expect(waitedFor([doctorCame])).toBeUndefined()
  const all = presences([came, doctorCame, admitted, removed])
  expect(all.map(({ person, from, to }) => [person.displayName, from, to])).toEqual([
    ['佐藤 花子', at(0), at(9)],
    ['山田 太郎', at(3), undefined],
  ])
})

test('reads page after page, then only what is new, and at most a few pages at one go', async () => {
  const all = Array.from({ length: 1200 }, (_, n) => ({ ...came, seq: n + 1 }))
  const calls: number[] = []
  const history = async (_: string, after: number, limit: number) => {
    calls.push(after)
    const events = all.slice(after, after + limit)
    return { events, next: after + limit < all.length ? after + limit : null }
  }
  const reader = new StoryReader({ history } as unknown as ConsoleApi, 's', () => undefined)
  await reader.readOn()
  expect(reader.events).toHaveLength(1000)
  expect(reader.more).toBe(true)
  await reader.readOn()
  expect(reader.events).toHaveLength(1200)
  expect(reader.more).toBe(false)
  expect(calls).toEqual([0, 200, 400, 600, 800, 1000])
})

test('asked while it reads, it looks once more', async () => {
  const calls: number[] = []
  const history = async (_: string, after: number) => {
    calls.push(after)
    return { events: calls.length === 1 ? [came] : [], next: null }
  }
  const reader = new StoryReader({ history } as unknown as ConsoleApi, 's', () => undefined)
  await Promise.all([reader.readOn(), reader.readOn(), reader.readOn()])
  expect(calls).toEqual([0, came.seq])
})

test('every wording of a story has an event that it is for', () => {
  const told = new Set(EVERY.map((one) => tell(one, cast()).words))
  expect(told.size).toBeGreaterThan(35)
  expect(Object.keys(consoleJa).filter((key) => key.startsWith('story-')).length).toBeGreaterThan(40)
})
