/** The wire's shapes, as docs/protocol.md writes them. */

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

export interface SessionParticipant {
  participantId: string
  userType: UserType
  userId: number
  role?: WorkerRole | null
  relation: Relation
  displayName: string
  admission: Admission
  connected: boolean
  audioMuted: boolean
  videoMuted: boolean
  joinedAt: string
  leftAt?: string | null
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
  version: number
  openSessionId?: string | null
  appointment: { startsAt: string; doctor: Doctor; patient: Person; supportDoctors: Person[] }
  metadata: {
    scheduledDuration: number
    actualDuration?: number | null
    endReason?: string | null
    endedBy?: Actor | null
    outcome?: Outcome | null
  }
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

export interface JoinAnswer {
  session: VideoSession
  participantId: string
  admission: Admission
  tracks: GrantedTrack[]
  permissions: Permission[]
  iceServers: RTCIceServer[]
}

export interface Description {
  type: 'offer' | 'answer'
  sdp: string
}

export interface SubscribeAnswer {
  sessionDescription: Description | null
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
  | { type: 'participant_updated'; seq: number; participant: SessionParticipant }
  | {
      type: 'participant_left'
      seq: number
      participantId: string
      userType: UserType
      userId: number
      displayName: string
      reason: 'left' | 'superseded' | 'disconnected' | 'ended'
    }
  | { type: 'track_published'; seq: number; track: Track }
  | { type: 'track_closed'; seq: number; trackName: string }
  | { type: 'permissions'; seq: number; permissions: Permission[] }

export type ClientMessage = { type: 'heartbeat' } | { type: 'media_state'; audioMuted: boolean; videoMuted: boolean }

/** One key for one human: patient 5 and worker 5 are two people. */
export function userKey(user: { userType: string; userId: number }): string {
  return `${user.userType}-${user.userId}`
}
