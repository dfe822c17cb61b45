import type { VideoSession } from '../../api/types'
import { isOpen } from '../board'
import type { Login } from '../console-api'

/** Whether that person is in a consultation now, from this console or elsewhere. */
export function isInCall({ userType, userId }: Login, sessions: Iterable<VideoSession>): boolean {
  for (const session of sessions) {
    if (!isOpen(session)) continue
    const isThere = session.participants.some(
      (one) => one.connected && one.userType === userType && one.userId === userId,
    )
    if (isThere) return true
  }
  return false
}
