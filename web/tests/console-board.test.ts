import { expect, test } from 'vitest'
import { at, booked, person, waiting } from './console-setting'
import type { VideoSession } from '../src/api/types'
import { arrivals, boardOf, placeOf } from '../src/console/board'
import { doctorState, presentWorkers } from '../src/console/doctors'
import { mayEnd, mayEnter, mayExtend, mayOver, mayRestore } from '../src/console/rights'
import { matches } from '../src/console/search'

const doctor = person('D', { userType: 'worker', userId: 1, role: 'doctor', relation: 'in_charge' })
const ids = (sessions: VideoSession[]) => sessions.map((session) => session.id)
const permitted = (session: VideoSession, ...actions: string[]): VideoSession => ({
  ...session,
  you: { permissions: actions.map((action) => ({ action, allowed: true })), over: {} },
})

test('who waits longest stands first; whoever was sent back waits again', () => {
  const back = booked('back', {
    status: 'waiting',
    participants: [person('B', { admission: 'sent_back', waitingSince: at(-9) })],
  })
  const board = boardOf([waiting('short', at(-1)), back, waiting('long', at(-20)), booked('later')])
  expect(ids(board.waiting)).toEqual(['long', 'back', 'short'])
  expect(ids(board.booked)).toEqual(['later'])
})

test('a consultation that goes on stays where it is when somebody knocks, but comes first', () => {
  const knocked = booked('knocked', {
    status: 'active',
    startedAt: at(-2),
    participants: [doctor, person('G', { relation: 'guest', admission: 'waiting', waitingSince: at(-1) })],
  })
  const calm = booked('calm', { status: 'active', startedAt: at(-30), participants: [doctor] })
  expect(ids(boardOf([calm, knocked]).inside)).toEqual(['knocked', 'calm'])
})

test.each([
  ['booked', booked('s')],
  ['booked', booked('s', { status: 'waiting' })],
  ['waiting', waiting('s', at(0))],
  ['inside', booked('s', { status: 'waiting', participants: [doctor] })],
  ['inside', booked('s', { status: 'active' })],
  ['over', booked('s', { status: 'ended', participants: [person('W', { admission: 'waiting' })] })],
  ['over', booked('s', { status: 'failed' })],
])('stands under %s', (place, session) => {
  expect(placeOf(session)).toBe(place)
})

test('a reload of a waiting person is no arrival; a second person is', () => {
  const before = waiting('s', at(-3), 'A')
  const reloaded = { ...before, participants: [{ ...before.participants[0]!, participantId: 'another' }] }
  expect(arrivals(before, reloaded)).toEqual([])
  const guest = person('G', { relation: 'guest', admission: 'waiting' })
  expect(arrivals(before, { ...reloaded, participants: [...reloaded.participants, guest] })).toEqual([guest])
  expect(arrivals(undefined, before)).toHaveLength(1)
})

test('somebody sent back is no arrival', () => {
  const inside = booked('s', { status: 'active', participants: [person('A')] })
  const back = { ...inside, participants: [person('A', { admission: 'sent_back' })] }
  expect(arrivals(inside, back)).toEqual([])
})

test('says where the doctor is', () => {
  const mine = waiting('mine', at(0))
  const other = booked('other', { status: 'active', participants: [doctor] })
  expect(doctorState(mine, presentWorkers([mine]))).toBe('not_here')
  expect(doctorState(mine, presentWorkers([mine, other]))).toBe('in_consultation')
  const here = { ...mine, participants: [...mine.participants, doctor] }
  expect(doctorState(here, presentWorkers([here, other]))).toBe('here')
})

test('what the server does not name is refused', () => {
  const session = waiting('s', at(0))
  expect(mayEnter({ ...session, you: null })).toBe(false)
  expect(mayOver(session, 'p-W', 'admit')).toBe(false)
  const over = { permissions: [{ action: 'join', allowed: false }], over: { 'p-W': ['admit'] } }
  expect(mayOver({ ...session, you: over }, 'p-W', 'admit')).toBe(true)
  expect(mayOver({ ...session, you: over }, 'p-W', 'remove')).toBe(false)
  expect(mayEnter({ ...session, you: over })).toBe(false)
})

test('a booked session is entered by whoever may create it; what is over is not ended again', () => {
  expect(mayEnter(permitted(booked('s'), 'create'))).toBe(true)
  expect(mayEnter(permitted(booked('s'), 'join'))).toBe(false)
  expect(mayEnter(permitted(waiting('s', at(0)), 'join'))).toBe(true)
  expect(mayEnd(permitted(booked('s', { status: 'ended' }), 'end_session'))).toBe(false)
  expect(mayExtend(permitted(waiting('s', at(0)), 'extend'))).toBe(false)
  expect(mayExtend(permitted(booked('s', { status: 'active' }), 'extend'))).toBe(true)
})

test('a removal can be lifted once, while the session is open', () => {
  const metadata = { participantId: 'p1', reason: 'removed' }
  const event = (eventType: string, seq: number) =>
    ({ seq, eventType, userType: 'worker', userId: 1, displayName: 'D', metadata, createdAt: at(0) }) as const
  const open = permitted(waiting('s', at(0)), 'admit')
  expect(mayRestore(open, event('left', 1), [event('left', 1)])).toBe(true)
  expect(mayRestore(open, event('left', 1), [event('left', 1), event('restored', 2)])).toBe(false)
  expect(mayRestore({ ...open, status: 'ended' }, event('left', 1), [])).toBe(false)
  expect(mayRestore(waiting('s', at(0)), event('left', 1), [])).toBe(false)
})

test.each(['佐藤花子', '花子', 'さ', '山田', 'A-S', 'ａ-ｓ', ''])('finds by "%s"', (query) => {
  const session = booked('s')
  session.appointment.patient.displayName = '佐藤 花子 さとう'
  expect(matches(session, query)).toBe(true)
})

test('does not find what is not there', () => {
  expect(matches(booked('s'), '鈴木')).toBe(false)
})
