import type { VideoSession } from '../api/types'
import type { ConsoleApi } from './console-api'

/** The most that one answer holds (docs/protocol.md). */
const PAGE = 200

/** Every session that starts within the span; the answers come newest first, so each next one ends where one began. */
export async function sessionsBetween(api: ConsoleApi, from: string, to: string): Promise<VideoSession[]> {
  const all = new Map<string, VideoSession>()
  for (let before = to; ;) {
    const page = await api.sessions({ from, to: before })
    const known = all.size
    for (const session of page) all.set(session.id, session)
    if (page.length < PAGE || all.size === known) return [...all.values()]
    before = justAfter(page.map((session) => session.appointment.startsAt).sort()[0]!)
  }
}

/** Whether `to` counts or not, those that begin at the same moment as the last one are asked for again. */
function justAfter(iso: string): string {
  return new Date(Date.parse(iso) + 1).toISOString()
}
