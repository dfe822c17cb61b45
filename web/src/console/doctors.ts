import type { VideoSession } from '../api/types'
import { insidersOf } from './board'

/** Where the doctor in charge is, as somebody who waits for them asks. */
export type DoctorState = 'here' | 'in_consultation' | 'not_here'

/** The sessions each worker is in at the moment, by user id. */
export function presentWorkers(sessions: Iterable<VideoSession>): Map<number, VideoSession[]> {
  const present = new Map<number, VideoSession[]>()
  for (const session of sessions) {
    for (const person of insidersOf(session)) {
      if (person.userType !== 'worker' || !person.connected) continue
      present.set(person.userId, [...(present.get(person.userId) ?? []), session])
    }
  }
  return present
}

export function doctorState(session: VideoSession, present: Map<number, VideoSession[]>): DoctorState {
  const where = present.get(session.appointment.doctor.userId) ?? []
  if (where.some((one) => one.id === session.id)) return 'here'
  return where.some((one) => one.status === 'active') ? 'in_consultation' : 'not_here'
}
