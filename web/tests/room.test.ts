import { expect, test } from 'vitest'
import type { ParticipantChange, SessionParticipant, StreamEvent } from '../src/api/types'
import { applyEvent, isHeldBack, isOff, type Room } from '../src/call/room'
import { DOCTOR, participant, session, track } from './samples'

const patient = participant('patient', 'p1')
const doctor = participant('worker', 'd1')
const video = track(doctor, 'video')
const room: Room = {
  session: session('active', [patient, doctor]),
  tracks: [track(patient, 'video'), video],
  removed: [],
}
const updated = (who: SessionParticipant, change: ParticipantChange): StreamEvent => ({
  type: 'participant_updated',
  seq: 9,
  participant: who,
  change,
})
const names = (of: Room) => of.session.participants.map((p) => p.participantId)

test('a snapshot replaces everything', () => {
  const after = applyEvent(room, { type: 'snapshot', seq: 9, session: session('waiting'), tracks: [] })
  expect(after).toEqual({ session: session('waiting'), tracks: [], removed: [] })
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
    change: 'muted',
    kind: 'audio',
  })
  expect(after.session.participants.map((p) => p.audioMuted)).toEqual([true, false])
})

test('tracks come and go by name, once each', () => {
  const screen = track(doctor, 'screen')
  const twice = [1, 2].reduce((now, seq) => applyEvent(now, { type: 'track_published', seq, track: screen }), room)
  expect(twice.tracks).toEqual([...room.tracks, screen])
  const closed = applyEvent(twice, { type: 'track_closed', seq: 3, trackName: screen.trackName, reason: 'closed' })
  expect(closed.tracks).toEqual(room.tracks)
})

test('what staff hold back is off and not worth asking for, until it is lifted', () => {
  const muted = { ...doctor, mutedBy: { video: DOCTOR } }
  const held = applyEvent(room, updated(muted, 'muted'))
  expect([isOff(muted, 'video'), isOff(muted, 'audio'), isHeldBack(held, video)]).toEqual([true, false, true])
  expect(isHeldBack(applyEvent(held, updated(doctor, 'unmuted')), video)).toBe(false)
})

test('a warning of the end and what is asked of somebody change no people', () => {
  const warned = applyEvent(room, { type: 'time_warning', seq: 9, minutesLeft: 5, endsAt: '2026-11-23T06:30:00.000Z' })
  expect(warned.session.endsAt).toBe('2026-11-23T06:30:00.000Z')
  const asked = { type: 'unmute_requested', seq: 10, participantId: 'p1', kinds: ['audio'], by: DOCTOR } as const
  expect(applyEvent(room, { ...asked, kinds: ['audio'] })).toBe(room)
})

const put = (reason: 'removed' | 'left'): StreamEvent => ({
  type: 'participant_left',
  seq: 10,
  participantId: 'p1',
  userType: 'patient',
  userId: 5,
  displayName: 'Patient A',
  reason,
})

test('whoever was removed is remembered, until they are back', () => {
  expect(applyEvent(room, put('left')).removed).toEqual([])
  const removed = applyEvent(room, put('removed'))
  expect(removed.removed).toMatchObject([{ participantId: 'p1', displayName: 'Patient A', restored: false }])
  const again = applyEvent(removed, { type: 'snapshot', seq: 11, session: session('active', [doctor]), tracks: [] })
  expect(again.removed).toHaveLength(1)
  const restored = applyEvent(again, updated({ ...patient, admission: 'left' }, 'restored'))
  expect([names(restored), restored.removed[0]?.restored]).toEqual([['d1'], true])
  const back = participant('patient', 'p2', { admission: 'waiting' })
  const there = applyEvent(restored, { type: 'participant_joined', seq: 13, participant: back, rejoined: false })
  expect([names(there), there.removed]).toEqual([['d1', 'p2'], []])
})

test('the removals of another session are not this one’s', () => {
  const removed = applyEvent(room, put('removed'))
  const other = applyEvent(removed, { type: 'snapshot', seq: 1, session: session('waiting', [], 's2'), tracks: [] })
  expect(other.removed).toEqual([])
})
