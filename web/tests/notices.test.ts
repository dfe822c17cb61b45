import { expect, test } from 'vitest'
import type { SessionParticipant, StreamEvent } from '../src/api/types'
import { type Notice, noticeOf } from '../src/call/notices'
import type { Room } from '../src/call/room'
import { DOCTOR, participant, session, track } from './samples'

const patient = participant('patient', 'p1')
const waiting = participant('patient', 'p1', { admission: 'waiting' })
const doctor = participant('worker', 'd1')
const operator = { ...DOCTOR, userId: 9, role: 'operator', displayName: 'Operator C' } as const
const room: Room = { session: session('active', [patient, doctor]), tracks: [], removed: [] }

const noticed = (event: StreamEvent, me: string, before = room): Notice | undefined => noticeOf(event, before, me)
const byPatient = (event: StreamEvent, before = room) => noticed(event, 'patient-5', before)
const byDoctor = (event: StreamEvent, before = room) => noticed(event, 'worker-5', before)
const joined = (who: SessionParticipant, rejoined = false): StreamEvent => ({
  type: 'participant_joined',
  seq: 1,
  participant: who,
  rejoined,
})
const left = (reason: 'left' | 'superseded' | 'removed' | 'sent_back'): StreamEvent => ({
  type: 'participant_left',
  seq: 2,
  participantId: 'd1',
  userType: 'worker',
  userId: 5,
  displayName: 'Doctor B',
  reason,
})

test('others are announced, oneself never', () => {
  expect(byPatient(joined(doctor))).toEqual({ kind: 'joined', person: doctor })
  expect(byPatient(joined(doctor, true))).toEqual({ kind: 'back', person: doctor })
  expect(byDoctor(joined(doctor))).toBeUndefined()
  expect(byPatient({ type: 'track_published', seq: 3, track: track(doctor, 'screen') })).toMatchObject({
    kind: 'sharing',
  })
})

test('whoever comes to wait knocks once, not again on a reload', () => {
  expect(byDoctor(joined(waiting))).toEqual({ kind: 'knocked', person: waiting })
  expect(byDoctor(joined(waiting, true))).toBeUndefined()
})

test('who goes is told of, however they went; a superseded row is not', () => {
  for (const reason of ['left', 'removed', 'sent_back'] as const) {
    expect(byPatient(left(reason))).toEqual({ kind: 'left', name: 'Doctor B' })
  }
  expect(byPatient(left('superseded'))).toBeUndefined()
})

test('being let in and being sent back are told by a new look at the room', () => {
  const look = (who: SessionParticipant): StreamEvent => ({
    type: 'snapshot',
    seq: 9,
    session: session('active', [who]),
    tracks: [],
  })
  const outside: Room = { session: session('waiting', [waiting]), tracks: [], removed: [] }
  expect(byPatient(look(patient), outside)).toEqual({ kind: 'admitted' })
  expect(byPatient(look({ ...patient, admission: 'sent_back' }))).toEqual({ kind: 'returned' })
  expect(byPatient(look(patient))).toBeUndefined()
})

test('staff hear who let somebody in, unless it was themselves', () => {
  const admitted = (by: typeof DOCTOR): StreamEvent => ({
    type: 'participant_updated',
    seq: 9,
    participant: patient,
    change: 'admitted',
    by,
  })
  expect(byDoctor(admitted(operator))).toEqual({ kind: 'let-in', name: 'Patient A', by: 'Operator C' })
  expect(byDoctor(admitted(DOCTOR))).toEqual({ kind: 'joined', person: patient })
})

test('the person acted on is told who did it; what one does oneself is not news', () => {
  const muted = (by?: typeof DOCTOR): StreamEvent => ({
    type: 'participant_updated',
    seq: 9,
    participant: patient,
    change: 'muted',
    kind: 'video',
    ...(by ? { by } : {}),
  })
  expect(byPatient(muted(DOCTOR))).toEqual({ kind: 'muted-by', what: 'video', name: 'Doctor B' })
  expect(byPatient(muted({ ...DOCTOR, userType: 'patient' }))).toBeUndefined()
  expect(byPatient(muted())).toBeUndefined()
  expect(byDoctor(muted(DOCTOR))).toBeUndefined()
})

test('changes of the session are told with who made them', () => {
  const changed = (change: 'extended' | 'locked' | 'outcome_set'): StreamEvent => ({
    type: 'session_updated',
    seq: 9,
    change,
    by: DOCTOR,
    session: { ...session('active'), endsAt: '2026-11-23T06:30:00.000Z' },
  })
  expect(byPatient(changed('extended'))).toEqual({
    kind: 'extended',
    name: 'Doctor B',
    endsAt: '2026-11-23T06:30:00.000Z',
  })
  expect(byPatient(changed('locked'))).toEqual({ kind: 'locked', name: 'Doctor B' })
  expect(byPatient(changed('outcome_set'))).toBeUndefined()
})
