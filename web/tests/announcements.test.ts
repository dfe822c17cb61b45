import { expect, test, vi } from 'vitest'
import { ApiProblem, NetworkProblem } from '../src/api/problem'
import type { SessionParticipant } from '../src/api/types'
import type { Consultation } from '../src/call/consultation'
import { DOCTOR, participant, session } from './samples'

vi.hoisted(() => {
  vi.stubGlobal('localStorage', { getItem: () => 'en' })
  vi.stubGlobal('HTMLElement', class {})
  vi.stubGlobal('customElements', { define: () => undefined, get: () => undefined })
})
const { bannerOf, refusal } = await import('../src/pages/announcements')

const knocking = participant('patient', 'p1', { admission: 'waiting' })
const doctor = participant('worker', 'd1', { role: 'doctor' })

interface Seen {
  grant: { userType: string }
  waiting: SessionParticipant[]
  others: SessionParticipant[]
  own: SessionParticipant | undefined
  room: { session: ReturnType<typeof session> }
  switches: { question: unknown }
  may(): boolean
  moderation: { admitted: string[]; admit(person: SessionParticipant): void; extend(): void }
}

function seen(more: Partial<Seen> = {}): Seen {
  const admitted: string[] = []
  return {
    grant: { userType: 'worker' },
    waiting: [knocking],
    others: [doctor],
    own: participant('patient', 'p9'),
    room: { session: session('active') },
    switches: { question: undefined },
    may: () => true,
    moderation: { admitted, admit: (person) => void admitted.push(person.participantId), extend: () => undefined },
    ...more,
  }
}

const as = (it: Seen) => it as unknown as Consultation

test('a knock can be answered, also after the person has reloaded, and goes with them', () => {
  const it = seen()
  const banner = bannerOf({ kind: 'knocked', person: knocking }, as(it))!
  expect([banner.stays, banner.holds?.()]).toEqual([true, true])
  it.waiting = [{ ...knocking, participantId: 'p2' }]
  banner.action!.act()
  expect(it.moderation.admitted).toEqual(['p2'])
  it.waiting = []
  expect(banner.holds?.()).toBe(false)
})

test('a knock is the stage’s to say while nobody else is in, and no one’s to answer without the right', () => {
  expect(bannerOf({ kind: 'knocked', person: knocking }, as(seen({ others: [] })))!.holds?.()).toBe(false)
  expect(bannerOf({ kind: 'knocked', person: knocking }, as(seen({ may: () => false })))!.action).toBeUndefined()
})

test('the warning of the end goes once there is more time, and offers it to whoever may give it', () => {
  const it = seen()
  it.room.session.endsAt = '2026-11-23T06:30:00.000Z'
  const banner = bannerOf({ kind: 'time-warning', minutes: 5 }, as(it))!
  expect([banner.holds?.(), banner.action?.words]).toEqual([true, 'Extend 15 min'])
  it.room.session.endsAt = '2026-11-23T06:45:00.000Z'
  expect(banner.holds?.()).toBe(false)
  expect(bannerOf({ kind: 'time-warning', minutes: 1 }, as(seen({ may: () => false })))!.action).toBeUndefined()
})

test('a mute by staff is said until it is lifted or asked about', () => {
  const it = seen({ own: participant('patient', 'p9', { mutedBy: { audio: DOCTOR } }) })
  const banner = bannerOf({ kind: 'muted-by', what: 'audio', name: 'Doctor B' }, as(it))!
  expect([banner.words, banner.holds?.()]).toEqual(['Doctor B turned your microphone off', true])
  it.switches.question = {}
  expect(banner.holds?.()).toBe(false)
  Object.assign(it, { own: participant('patient', 'p9'), switches: { question: undefined } })
  expect(banner.holds?.()).toBe(false)
})

test('staff come with their role and their reason', () => {
  const operator = participant('worker', 'o1', { role: 'operator', relation: 'staff', joinReason: 'to help' })
  const banner = bannerOf({ kind: 'joined', person: operator }, as(seen()))!
  expect([banner.words, banner.more]).toEqual(['Doctor B (Operator) came in', 'Reason: to help'])
})

test.each([
  [new NetworkProblem('x'), 'Please check your connection and try again.'],
  [new ApiProblem(409, 'stale_participant', ''), 'They are no longer here.'],
  [new ApiProblem(409, 'session_ended', ''), 'The consultation has ended.'],
  [new ApiProblem(409, 'identity_check_required', ''), 'Please note the identity check first.'],
  [new ApiProblem(403, 'forbidden', '', 'role_may_not'), 'You are not allowed to do that right now.'],
])('a command that did not work says why: %s', (error, words) => {
  expect(refusal(error).more).toBe(words)
})

test('a patient is not told of switches that do not concern them', () => {
  const patient = as(seen({ grant: { userType: 'patient' } }))
  for (const kind of ['locked', 'unlocked', 'screen_share_on', 'screen_share_off'] as const) {
    expect(bannerOf({ kind, name: 'B' }, patient)).toBeUndefined()
    expect(bannerOf({ kind, name: 'B' }, as(seen()))!.words).toContain('B')
  }
  expect(bannerOf({ kind: 'muted-by', what: 'screen', name: 'B' }, patient)!.words).toContain('B')
})
