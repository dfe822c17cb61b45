import { expect, test } from 'vitest'
import { noticeOf } from '../src/call/notices'
import { applyEvent, type Room } from '../src/call/room'
import { participant, session, track } from './samples'

const patient = participant('patient', 'p1')
const doctor = participant('worker', 'd1')
const video = track(doctor, 'video')
const room: Room = { session: session('active', [patient, doctor]), tracks: [track(patient, 'video'), video] }
const names = (of: Room) => of.session.participants.map((p) => p.participantId)

test('a snapshot replaces everything', () => {
  const after = applyEvent(room, { type: 'snapshot', seq: 9, session: session('waiting'), tracks: [] })
  expect(after).toEqual({ session: session('waiting'), tracks: [] })
})

test('whoever joins again takes the place of their earlier row', () => {
  const again = participant('worker', 'd2')
  const after = applyEvent(room, { type: 'participant_joined', seq: 9, participant: again, rejoined: true })
  expect(names(after)).toEqual(['p1', 'd2'])
})

test('a late `left` of a superseded row takes nobody out who came back', () => {
  const back = applyEvent(room, {
    type: 'participant_joined',
    seq: 9,
    participant: participant('worker', 'd2'),
    rejoined: true,
  })
  const after = applyEvent(back, {
    type: 'participant_left',
    seq: 10,
    participantId: 'd1',
    userType: 'worker',
    userId: 5,
    displayName: 'Doctor B',
    reason: 'superseded',
  })
  expect(names(after)).toEqual(['p1', 'd2'])
  expect(after.tracks).toEqual([track(patient, 'video')])
})

test('patient 5 and worker 5 are two people', () => {
  const after = applyEvent(room, {
    type: 'participant_updated',
    seq: 9,
    participant: { ...patient, audioMuted: true },
  })
  expect(after.session.participants.map((p) => p.audioMuted)).toEqual([true, false])
})

test('tracks come and go by name, once each', () => {
  const screen = track(doctor, 'screen')
  const twice = [1, 2].reduce((now, seq) => applyEvent(now, { type: 'track_published', seq, track: screen }), room)
  expect(twice.tracks).toEqual([...room.tracks, screen])
  const closed = applyEvent(twice, { type: 'track_closed', seq: 3, trackName: screen.trackName })
  expect(closed.tracks).toEqual(room.tracks)
})

test('others are announced, oneself never, and a superseded row not at all', () => {
  const joined = { type: 'participant_joined', seq: 1, participant: doctor, rejoined: false } as const
  expect(noticeOf(joined, room, 'patient-5')).toEqual({ kind: 'joined', name: 'Doctor B' })
  expect(noticeOf(joined, room, 'worker-5')).toBeUndefined()
  const left = { type: 'participant_left', seq: 2, participantId: 'd1', userType: 'worker', userId: 5 } as const
  const named = { ...left, displayName: 'Doctor B' }
  expect(noticeOf({ ...named, reason: 'superseded' }, room, 'patient-5')).toBeUndefined()
  expect(noticeOf({ ...named, reason: 'disconnected' }, room, 'patient-5')).toEqual({ kind: 'lost', name: 'Doctor B' })
  const shared = { type: 'track_published', seq: 3, track: track(doctor, 'screen') } as const
  expect(noticeOf(shared, room, 'patient-5')).toEqual({ kind: 'sharing', name: 'Doctor B' })
})
