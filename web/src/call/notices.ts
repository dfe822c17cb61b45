import { type SessionParticipant, type StreamEvent, type TrackType, type VideoSession, userKey } from '../api/types'
import { isWaiting, type Room } from './room'

/** Something that has happened and is worth one short sentence. */
export type Notice =
  | { kind: 'joined' | 'back' | 'knocked'; person: SessionParticipant }
  | { kind: 'left' | 'lost' | 'sharing' | 'sent-back'; name: string }
  | { kind: 'let-in'; name: string; by: string }
  /** To oneself: one has been let in, or sent back to the waiting room. */
  | { kind: 'admitted' | 'returned' }
  /** To oneself: staff have switched something of one's own off. */
  | { kind: 'muted-by'; what: TrackType; name: string }
  | { kind: 'extended'; name: string; endsAt: string }
  | { kind: 'locked' | 'unlocked' | 'screen_share_on' | 'screen_share_off'; name: string }
  | { kind: 'time-warning'; minutes: number }

/** What an event means to the person `me`, given the room before it; pure. */
export function noticeOf(event: StreamEvent, before: Room, me: string): Notice | undefined {
  switch (event.type) {
    case 'snapshot':
      return ownTurn(before.session, event.session, me)
    case 'participant_joined':
      if (userKey(event.participant) === me) return undefined
      return arrival(event.participant, event.rejoined)
    case 'participant_updated':
      return update(event, me)
    case 'participant_left':
      if (userKey(event) === me) return undefined
      return ['left', 'removed', 'moved', 'sent_back', 'blocked'].includes(event.reason)
        ? { kind: 'left', name: event.displayName }
        : undefined
    case 'track_published': {
      if (event.track.trackType !== 'screen' || userKey(event.track) === me) return undefined
      const owner = before.session.participants.find((p) => userKey(p) === userKey(event.track))
      return owner ? { kind: 'sharing', name: owner.displayName } : undefined
    }
    case 'session_updated':
      return change(event)
    case 'time_warning':
      return { kind: 'time-warning', minutes: event.minutesLeft }
    default:
      return undefined
  }
}

/** Whoever is let in or sent back is told so by a new look at the room. */
function ownTurn(before: VideoSession, after: VideoSession, me: string): Notice | undefined {
  const [was, is] = [before, after].map((session) => session.participants.find((p) => userKey(p) === me))
  if (!was || !is || was.admission === is.admission) return undefined
  if (is.admission === 'admitted') return { kind: 'admitted' }
  return is.admission === 'sent_back' ? { kind: 'returned' } : undefined
}

function arrival(person: SessionParticipant, rejoined: boolean): Notice | undefined {
  if (isWaiting(person)) return rejoined ? undefined : { kind: 'knocked', person }
  return { kind: rejoined ? 'back' : 'joined', person }
}

function update(event: Extract<StreamEvent, { type: 'participant_updated' }>, me: string): Notice | undefined {
  const { participant, change, by, kind } = event
  const name = participant.displayName
  const mine = userKey(participant) === me
  if (change === 'muted' && mine && by && userKey(by) !== me) {
    return { kind: 'muted-by', what: kind ?? 'audio', name: by.displayName }
  }
  if (mine) return undefined
  if (change === 'admitted') {
    const byAnother = by?.userType === 'worker' && userKey(by) !== me
    return byAnother ? { kind: 'let-in', name, by: by.displayName } : { kind: 'joined', person: participant }
  }
  if (change === 'sent_back') return { kind: 'sent-back', name }
  return change === 'disconnected' && participant.admission === 'admitted' ? { kind: 'lost', name } : undefined
}

function change(event: Extract<StreamEvent, { type: 'session_updated' }>): Notice | undefined {
  const name = event.by?.displayName ?? ''
  switch (event.change) {
    case 'extended':
      return event.session.endsAt ? { kind: 'extended', name, endsAt: event.session.endsAt } : undefined
    case 'locked':
    case 'unlocked':
    case 'screen_share_on':
    case 'screen_share_off':
      return { kind: event.change, name }
    default:
      return undefined
  }
}
