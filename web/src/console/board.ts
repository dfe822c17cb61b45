import { type SessionParticipant, type VideoSession, userKey } from '../api/types'

/** Where on the page of the day a session stands. */
export type Place = 'waiting' | 'inside' | 'booked' | 'over'
export type Board = Record<Place, VideoSession[]>

/** Patients and guests who want to be let in, the one who has waited longest first. */
export function waitersOf(session: VideoSession): SessionParticipant[] {
  return session.participants.filter(isWaiting).sort((one, other) => waitsSince(one).localeCompare(waitsSince(other)))
}

/** Those who were let in. */
export function insidersOf(session: VideoSession): SessionParticipant[] {
  return session.participants.filter((participant) => participant.admission === 'admitted')
}

export function waitsSince(participant: SessionParticipant): string {
  return participant.waitingSince ?? participant.joinedAt
}

export function isOver(session: VideoSession): boolean {
  return session.status === 'ended' || session.status === 'failed'
}

export function isOpen(session: VideoSession): boolean {
  return session.status === 'waiting' || session.status === 'active'
}

/** A consultation that goes on stays where it is when somebody else knocks; before it began, waiting is what counts. */
export function placeOf(session: VideoSession): Place {
  if (isOver(session)) return 'over'
  if (session.status === 'active') return 'inside'
  if (waitersOf(session).length > 0) return 'waiting'
  return insidersOf(session).length > 0 ? 'inside' : 'booked'
}

export function boardOf(sessions: Iterable<VideoSession>): Board {
  const board: Board = { waiting: [], inside: [], booked: [], over: [] }
  for (const session of sessions) board[placeOf(session)].push(session)
  board.waiting.sort(by(longestWait, startsAt, id))
  board.inside.sort(by(longestWait, begun, id))
  board.booked.sort(by(startsAt, id))
  board.over.sort((one, other) => by(ended, startsAt, id)(other, one))
  return board
}

/** Who waits now and was not waiting in the state before: a reload of their page is no new arrival. */
export function arrivals(before: VideoSession | undefined, after: VideoSession): SessionParticipant[] {
  const known = new Set(before?.participants.filter(isWaiting).map(userKey))
  return after.participants.filter((one) => one.admission === 'waiting' && !known.has(userKey(one)))
}

function isWaiting(participant: SessionParticipant): boolean {
  return participant.admission === 'waiting' || participant.admission === 'sent_back'
}

const LAST = '\uffff'
const id = (session: VideoSession) => session.id
const startsAt = (session: VideoSession) => session.appointment.startsAt
const begun = (session: VideoSession) => session.startedAt ?? LAST
const ended = (session: VideoSession) => session.endedAt ?? ''
const longestWait = (session: VideoSession) => waitersOf(session).map(waitsSince)[0] ?? LAST

/** Compares by the first of these that differs; all of them are ISO times or ids, which sort as text. */
function by(...keys: ((session: VideoSession) => string)[]) {
  return (one: VideoSession, other: VideoSession): number => {
    for (const key of keys) {
      const [a, b] = [key(one), key(other)]
      if (a !== b) return a < b ? -1 : 1
    }
    return 0
  }
}
