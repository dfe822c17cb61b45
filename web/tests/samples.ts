import type { Actor, Grant, SessionParticipant, SessionStatus, Track, VideoSession } from '../src/api/types'

export const PATIENT: Grant = {
  grantId: 'g-patient',
  sessionId: 's1',
  appointmentId: 'a1',
  userType: 'patient',
  userId: 5,
  displayName: 'Patient A',
}

export const DOCTOR: Actor = { userType: 'worker', userId: 5, role: 'doctor', displayName: 'Doctor B' }

export function participant(
  userType: 'patient' | 'worker',
  participantId: string,
  more: Partial<SessionParticipant> = {},
): SessionParticipant {
  return {
    participantId,
    userType,
    userId: 5,
    relation: userType === 'patient' ? 'own' : 'in_charge',
    displayName: userType === 'patient' ? 'Patient A' : 'Doctor B',
    admission: 'admitted',
    connected: true,
    audioMuted: false,
    videoMuted: false,
    joinedAt: '2026-11-23T05:30:00.000Z',
    permissions: [],
    ...more,
  }
}

export function session(status: SessionStatus, participants: SessionParticipant[] = [], id = 's1'): VideoSession {
  return {
    id,
    appointmentId: 'a1',
    status,
    participants,
    version: 1,
    locked: false,
    screenShareAllowed: true,
    appointment: {
      admission: 'staff',
      startsAt: '2026-11-23T05:30:00.000Z',
      doctor: { userId: 5, displayName: 'Doctor B' },
      patient: { userId: 5, displayName: 'Patient A' },
      supportDoctors: [],
    },
    metadata: { scheduledDuration: 15 },
  }
}

export function track(owner: SessionParticipant, trackType: Track['trackType'], stamp = 1): Track {
  return {
    trackName: `${owner.userType}-${owner.userId}-${trackType}-${stamp}`,
    trackType,
    participantId: owner.participantId,
    userType: owner.userType,
    userId: owner.userId,
  }
}
