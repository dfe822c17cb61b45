import type { SessionParticipant } from './api/types'
import type { Phase } from './call/phases'
import { isWaiting } from './call/room'

export type View = 'opening' | 'link' | 'invitation' | 'problem' | 'check' | 'waiting' | 'call' | 'ended'

/** The page that fits how far one is, given oneself as the session has one; none where the page stays as it is. */
export function viewOf(phase: Phase, own: SessionParticipant | undefined): View | undefined {
  switch (phase) {
    case 'ready':
      return undefined
    case 'joining':
      // Until the server has answered nobody knows which of the two it will be.
      return own && (isWaiting(own) ? 'waiting' : 'call')
    case 'reconnecting':
      return own && isWaiting(own) ? 'waiting' : 'call'
    case 'waiting':
      return 'waiting'
    case 'present':
      return 'call'
    case 'left':
    case 'over':
      return 'ended'
    case 'held':
      return 'check'
    default:
      return 'problem'
  }
}
