import { hasCode } from '../api/problem'
import type { LiveRoom } from './live-room'
import { isPassing, type Phase, phaseAfterRefusal } from './phases'

/** Where a try to get in that failed leads for good; nothing where another one may succeed. */
export async function endAfter(error: unknown, live: LiveRoom): Promise<Phase | undefined> {
  if (hasCode(error, 'stale_participant')) return endOfStale(live)
  if (hasCode(error, 'session_ended')) {
    await live.lookAgain()
    return 'over'
  }
  return isPassing(error) ? undefined : phaseAfterRefusal(error)
}

/** Why the server no longer has one's participant, as the session on record says; nothing where joining mends it. */
export async function endOfStale(live: LiveRoom): Promise<Phase | undefined> {
  await live.lookAgain()
  if (live.isOver) return 'over'
  return live.isElsewhere ? 'elsewhere' : undefined
}
