import type { VideoSession } from '../api/types'
import { isOpen, isOver } from './board'
import type { HistoryEvent } from './console-api'

/** What the server says that I may do here and now; whatever it does not name is refused. */
export function may(session: VideoSession, action: string): boolean {
  return session.you?.permissions.some((one) => one.action === action && one.allowed) ?? false
}

/** The same, over one participant. */
export function mayOver(session: VideoSession, participantId: string, action: string): boolean {
  return session.you?.over[participantId]?.includes(action) ?? false
}

/** A session that is only booked is opened by whoever may create it, and then joined. */
export function mayEnter(session: VideoSession): boolean {
  return may(session, session.status === 'scheduled' ? 'create' : 'join')
}

/** Ending what is over is harmless for the server, but nothing to offer. */
export function mayEnd(session: VideoSession): boolean {
  return !isOver(session) && may(session, 'end_session')
}

export function mayExtend(session: VideoSession): boolean {
  return session.status === 'active' && may(session, 'extend')
}

export function mayLock(session: VideoSession): boolean {
  return isOpen(session) && may(session, 'lock')
}

/** Whether an entry of a story is a removal that still stands, and mine to lift. */
export function mayRestore(session: VideoSession, event: HistoryEvent, story: HistoryEvent[]): boolean {
  if (event.eventType !== 'left' || event.metadata['reason'] !== 'removed') return false
  const { participantId } = event.metadata
  const lifted = story.some((one) => one.eventType === 'restored' && one.metadata['participantId'] === participantId)
  return !lifted && isOpen(session) && may(session, 'admit')
}
