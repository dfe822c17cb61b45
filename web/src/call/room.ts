import {
  type MutableKind,
  type Permission,
  type SessionParticipant,
  type StreamEvent,
  type Track,
  type TrackType,
  type UserType,
  type VideoSession,
  userKey,
} from '../api/types'

/** What the event stream has told so far: the session with who is in it, and what they publish. */
export interface Room {
  readonly session: VideoSession
  readonly tracks: readonly Track[]
  /** Whom staff have put out while one looked on. */
  readonly removed: readonly Removed[]
}

export interface Removed {
  participantId: string
  userType: UserType
  userId: number
  displayName: string
  /** They may come back, and have not yet. */
  restored: boolean
}

/** The room after one event; pure. */
export function applyEvent(room: Room, event: StreamEvent): Room {
  switch (event.type) {
    case 'snapshot':
      return {
        session: event.session,
        tracks: event.tracks,
        removed: room.session.id === event.session.id ? room.removed : [],
      }
    case 'session_status':
    case 'session_updated':
      return { ...room, session: event.session }
    case 'participant_joined':
      return withParticipant(room, event.participant)
    case 'participant_updated':
      if (event.change === 'restored') return withRestored(room, event.participant)
      return withParticipant(room, event.participant)
    case 'participant_left':
      return event.reason === 'removed' ? withRemoved(room, event) : withoutParticipant(room, event.participantId)
    case 'track_published':
      return { ...room, tracks: [...withoutTrack(room, event.track.trackName), event.track] }
    case 'track_closed':
      return { ...room, tracks: withoutTrack(room, event.trackName) }
    case 'time_warning':
      return { ...room, session: { ...room.session, endsAt: event.endsAt } }
    case 'unmute_requested':
    case 'permissions':
      return room
  }
}

/** Whether somebody's microphone or camera is off, by their own doing or by staff's. */
export function isOff(person: SessionParticipant, kind: MutableKind): boolean {
  return person.mutedBy?.[kind] != null || (kind === 'audio' ? person.audioMuted : person.videoMuted)
}

/** Whether somebody is in the waiting room, for the first time or again. */
export function isWaiting(person: SessionParticipant): boolean {
  return person.admission === 'waiting' || person.admission === 'sent_back'
}

/** Whether somebody is in only to see and hear, as staff have set it for a guest; a server that says nothing forbids nothing. */
export function listensOnly(permissions: readonly Permission[]): boolean {
  return permissions.some(({ action, allowed }) => action === 'unmute' && !allowed)
}

/** Whether staff hold a track back: it flows to nobody, and there is no use in asking for it. */
export function isHeldBack(room: Room, track: Track): boolean {
  const owner = room.session.participants.find((p) => userKey(p) === userKey(track))
  return owner?.mutedBy?.[track.trackType as Exclude<TrackType, 'screen'>] != null
}

function withParticipant(room: Room, participant: SessionParticipant): Room {
  // A person who joins again has a new row; the superseded one goes, wherever its `left` may be.
  const others = room.session.participants.filter((p) => userKey(p) !== userKey(participant))
  const known = room.session.participants.findIndex((p) => userKey(p) === userKey(participant))
  const at = known < 0 ? others.length : known
  const back = { ...room, removed: withoutUser(room.removed, participant) }
  return withParticipants(back, [...others.slice(0, at), participant, ...others.slice(at)])
}

function withRemoved(room: Room, event: Extract<StreamEvent, { type: 'participant_left' }>): Room {
  const { participantId, userType, userId, displayName } = event
  const one = { participantId, userType, userId, displayName, restored: false }
  return { ...withoutParticipant(room, participantId), removed: [...withoutUser(room.removed, event), one] }
}

/** The room once somebody removed may come back; pure. */
export function withRestored(room: Room, person: { userType: UserType; userId: number }): Room {
  const removed = room.removed.map((one) => (userKey(one) === userKey(person) ? { ...one, restored: true } : one))
  return { ...room, removed }
}

function withoutUser(people: readonly Removed[], user: { userType: UserType; userId: number }): Removed[] {
  return people.filter((one) => userKey(one) !== userKey(user))
}

function withoutParticipant(room: Room, participantId: string): Room {
  const left = withParticipants(
    room,
    room.session.participants.filter((p) => p.participantId !== participantId),
  )
  return { ...left, tracks: room.tracks.filter((t) => t.participantId !== participantId) }
}

function withParticipants(room: Room, participants: SessionParticipant[]): Room {
  return { ...room, session: { ...room.session, participants } }
}

function withoutTrack(room: Room, trackName: string): Track[] {
  return room.tracks.filter((t) => t.trackName !== trackName)
}
