import { type StreamEvent, userKey } from '../api/types'
import type { Room } from './room'

/** Something that happened to somebody else and is worth one short sentence. */
export interface Notice {
  kind: 'joined' | 'left' | 'lost' | 'sharing' | 'back'
  name: string
}

/** What an event means to the person `me`, given the room before it; pure. */
export function noticeOf(event: StreamEvent, before: Room, me: string): Notice | undefined {
  switch (event.type) {
    case 'participant_joined':
      if (userKey(event.participant) === me) return undefined
      return { kind: event.rejoined ? 'back' : 'joined', name: event.participant.displayName }
    case 'participant_left':
      if (userKey(event) === me) return undefined
      if (event.reason === 'left') return { kind: 'left', name: event.displayName }
      return event.reason === 'disconnected' ? { kind: 'lost', name: event.displayName } : undefined
    case 'track_published': {
      if (event.track.trackType !== 'screen' || userKey(event.track) === me) return undefined
      const owner = before.session.participants.find((p) => userKey(p) === userKey(event.track))
      return owner ? { kind: 'sharing', name: owner.displayName } : undefined
    }
    default:
      return undefined
  }
}
