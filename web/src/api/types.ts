/** The wire's shapes, as docs/protocol.md writes them. */

import type { GuestKind } from './access'

export type UserType = 'patient' | 'worker'
export type WorkerRole = 'doctor' | 'operator' | 'admin'
export type SessionStatus = 'scheduled' | 'waiting' | 'active' | 'ended' | 'failed'
export type TrackType = 'audio' | 'video' | 'screen'
export type Relation = 'own' | 'guest' | 'in_charge' | 'support' | 'staff'
export type Admission = 'waiting' | 'admitted' | 'sent_back' | 'removed' | 'left'
export type Outcome = 'completed' | 'no_show_patient' | 'no_show_doctor' | 'moved_to_phone' | 'moved_to_in_person'

export interface Permission {
  action: string
  allowed: boolean
}

export interface Person {
  userId: number
  displayName: string
}

export interface Doctor extends Person {
  specialty?: string | null
  licenceYear?: number | null
}

export type MutableKind = 'audio' | 'video'
export type IdentityMethod =
  'my_number_card' | 'insurance_card' | 'drivers_licence' | 'passport' | 'known_to_staff' | 'other'

export interface Devices {
  camera: boolean
  microphone: boolean
}

export interface SessionParticipant {
  participantId: string
  userType: UserType
  userId: number
  role?: WorkerRole | null
  relation: Relation
  /** With the relation `guest`: what somebody accompanies the patient as. */
  guestKind?: GuestKind | null
  displayName: string
  admission: Admission
  connected: boolean
  audioMuted: boolean
  videoMuted: boolean
  /** Who switched it off, until its owner switches it on again. */
  mutedBy?: { audio?: Actor; video?: Actor }
  joinReason?: string | null
  devices?: Devices | null
  identityCheck?: { method: IdentityMethod; at: string; by: Actor } | null
  joinedAt: string
  waitingSince?: string | null
  leftAt?: string | null
  /** On the answer of a command that stops somebody: the media plane has not confirmed it yet. */
  unconfirmed?: boolean
  permissions: Permission[]
}

export interface Actor {
  userType: UserType | 'system'
  userId: number
  role?: WorkerRole | null
  displayName: string
}

export interface VideoSession {
  id: string
  appointmentId: string
  status: SessionStatus
  participants: SessionParticipant[]
  startedAt?: string | null
  endedAt?: string | null
  /** When the longest duration is over. */
  endsAt?: string | null
  version: number
  locked: boolean
  screenShareAllowed: boolean
  openSessionId?: string | null
  appointment: {
    startsAt: string
    admission: 'staff' | 'automatic'
    doctor: Doctor
    patient: Person
    supportDoctors: Person[]
  }
  metadata: {
    scheduledDuration: number
    actualDuration?: number | null
    endReason?: string | null
    timeout?: 'join' | 'idle' | 'max' | null
    twoWayMedia?: { audio: boolean; video: boolean } | null
    endedBy?: Actor | null
    outcome?: Outcome | null
  }
  /** As on a participant's answer. */
  unconfirmed?: boolean
  /** What the caller may do, and over whom; on answers, not on the stream's messages. */
  you?: Rights | null
}

export interface Rights {
  permissions: Permission[]
  over: Record<string, string[]>
}

export interface Grant {
  grantId: string
  sessionId: string
  appointmentId: string
  userType: UserType
  userId: number
  role?: WorkerRole | null
  displayName: string
}

export interface Clinic {
  name: string
  phone?: string | null
  bookingUrl?: string | null
  afterText?: string | null
}

/** A name one may publish under. */
export interface GrantedTrack {
  trackName: string
  trackType: TrackType
}

/** What somebody publishes. */
export interface Track extends GrantedTrack {
  participantId: string
  userType: UserType
  userId: number
}

export interface JoinRequest {
  /** Why an operator or admin comes in. */
  reason?: string
  /** One's present participant: nothing is superseded. */
  participantId?: string
  /** The other consultation a doctor leaves for this one. */
  leave?: string
  devices?: Devices
}

export interface JoinAnswer {
  session: VideoSession
  participantId: string
  admission: Admission
  tracks: GrantedTrack[]
  permissions: Permission[]
  iceServers: RTCIceServer[]
}

/** What somebody who waits is honestly told. */
export interface WaitingRoom {
  admission: Admission
  since?: string | null
  doctorStatus: 'here' | 'in_consultation' | 'not_here'
  startsAt: string
}

/** The other consultation that a doctor is in. */
export interface HeldBy {
  sessionId: string
  appointmentId: string
  /** Their name. */
  patient: string
}

export interface Description {
  type: 'offer' | 'answer'
  sdp: string
}

export interface SubscribeAnswer {
  sessionDescription: Description | null
  /** The offer is of a new connection: the one that receives now gave out. */
  fresh?: boolean
  tracks: { trackName: string; mid: string; errorCode?: string; errorDescription?: string }[]
}

export type StreamEvent =
  | { type: 'snapshot'; seq: number; session: VideoSession; tracks: Track[] }
  | {
      type: 'session_status'
      seq: number
      status: SessionStatus
      endReason?: string
      by?: Actor
      session: VideoSession
    }
  | { type: 'participant_joined'; seq: number; participant: SessionParticipant; rejoined: boolean }
  | {
      type: 'participant_updated'
      seq: number
      participant: SessionParticipant
      change: ParticipantChange
      kind?: TrackType
      by?: Actor
    }
  | {
      type: 'participant_left'
      seq: number
      participantId: string
      userType: UserType
      userId: number
      displayName: string
      reason:
        | 'left'
        | 'superseded'
        | 'moved'
        | 'sent_back'
        | 'removed'
        | 'blocked'
        | 'booking_changed'
        | 'withdrawn'
        | 'ended'
      by?: Actor
      note?: string
    }
  | { type: 'track_published'; seq: number; track: Track }
  | { type: 'track_closed'; seq: number; trackName: string; reason: string; by?: Actor }
  | { type: 'unmute_requested'; seq: number; participantId: string; kinds: MutableKind[]; by: Actor }
  | { type: 'session_updated'; seq: number; change: SessionChange; by?: Actor; session: VideoSession }
  | { type: 'time_warning'; seq: number; minutesLeft: number; endsAt: string }
  | ({ type: 'permissions' } & Rights)

export type ParticipantChange =
  'connected' | 'disconnected' | 'muted' | 'unmuted' | 'admitted' | 'sent_back' | 'identity_checked' | 'restored'

export type SessionChange =
  'extended' | 'locked' | 'unlocked' | 'screen_share_on' | 'screen_share_off' | 'outcome_set' | 'two_way_media'

export type ClientMessage = { type: 'heartbeat' } | { type: 'media_state'; audioMuted: boolean; videoMuted: boolean }

/** One key for one human: patient 5 and worker 5 are two people. */
export function userKey(user: { userType: string; userId: number }): string {
  return `${user.userType}-${user.userId}`
}
