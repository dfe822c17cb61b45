import {
  type MutableKind,
  type SessionParticipant,
  type StreamEvent,
  type Track,
  type TrackType,
  type VideoSession,
  userKey,
} from '../api/types'

/** What the event stream has told so far: the session with who is in it, and what they publish. */
export interface Room {
  readonly session: VideoSession
  readonly tracks: readonly Track[]
}

/** The room after one event; pure. */
export function applyEvent(room: Room, event: StreamEvent): Room {
  switch (event.type) {
    case 'snapshot':
      return { session: event.session, tracks: event.tracks }
    case 'session_status':
    case 'session_updated':
      return { ...room, session: event.session }
    case 'participant_joined':
    case 'participant_updated':
      return withParticipant(room, event.participant)
    case 'participant_left':
      return withoutParticipant(room, event.participantId)
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
  return withParticipants(room, [...others.slice(0, at), participant, ...others.slice(at)])
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
