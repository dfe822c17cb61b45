import { type SessionParticipant, userKey, type VideoSession } from '../api/types'
import type { Guest } from '../api/access'
import type { HistoryEvent } from './console-api'

/** Who is who in a story: events name stays and users by their ids alone. */
export class Cast {
  #names = new Map<string, string>()

  constructor(session: VideoSession, events: HistoryEvent[], guests: Guest[] = []) {
    for (const guest of guests) this.#names.set(userKey(guest), guest.displayName)
    const { patient, doctor, supportDoctors } = session.appointment
    this.#names.set(userKey({ userType: 'patient', userId: patient.userId }), patient.displayName)
    for (const one of [doctor, ...supportDoctors]) {
      this.#names.set(userKey({ userType: 'worker', userId: one.userId }), one.displayName)
    }
    for (const participant of session.participants) this.#stay(participant.participantId, participant)
    for (const event of events) {
      if (event.displayName) this.#names.set(userKey(event), event.displayName)
      if (event.eventType === 'joined') this.#stay(String(event.metadata['participantId']), event)
    }
  }

  /** Whose stay the event is about; whoever acted where it is about nobody. */
  about({ metadata, ...actor }: HistoryEvent): string {
    const { displayName, userType, userId, participantId } = metadata
    if (typeof displayName === 'string') return displayName
    const named =
      typeof userType === 'string' ? this.#names.get(userKey({ userType, userId: Number(userId) })) : undefined
    return named ?? this.#names.get(`stay ${String(participantId)}`) ?? actor.displayName
  }

  /** The name of a user, "—" for somebody who never came. */
  named(userType: unknown, userId: unknown): string {
    return this.#names.get(userKey({ userType: String(userType), userId: Number(userId) })) ?? '—'
  }

  #stay(participantId: string, person: Pick<SessionParticipant, 'displayName'>): void {
    this.#names.set(`stay ${participantId}`, person.displayName)
  }
}

/** One person's presence, from their first coming to their last going. */
export interface Presence {
  person: HistoryEvent
  from: string
  to: string | undefined
}

/** Everybody who was there, in the order in which they came. */
export function presences(events: HistoryEvent[]): Presence[] {
  const all = new Map<string, Presence>()
  for (const event of events) {
    if (event.eventType === 'joined') {
      const known = all.get(userKey(event))
      if (known) known.to = undefined
      else all.set(userKey(event), { person: event, from: event.createdAt, to: undefined })
    }
    if (event.eventType !== 'left' || event.metadata['reason'] === 'superseded') continue
    const { userType, userId } = event.metadata
    const left = all.get(userKey({ userType: String(userType), userId: Number(userId) }))
    if (left) left.to = event.createdAt
  }
  return [...all.values()]
}

/** Seconds the patient waited until first let in; undefined while nobody was. */
export function waitedFor(events: HistoryEvent[]): number | undefined {
  const came = events.find((event) => event.eventType === 'joined' && event.metadata['admission'] === 'waiting')
  const admitted = events.find((event) => event.eventType === 'admitted' && came && event.seq > came.seq)
  if (!came || !admitted) return undefined
  return Math.round((Date.parse(admitted.createdAt) - Date.parse(came.createdAt)) / 1000)
}

const MINOR = new Set([
  'connected',
  'link_minted',
  'invitation_code_sent',
  'invitation_check_failed',
  'track_granted',
  'track_published',
  'track_closed',
])

/** What matters only to whoever looks for a fault; such entries fold away. */
export function isMinor(event: HistoryEvent, before: HistoryEvent[]): boolean {
  const { eventType, metadata } = event
  if (metadata['trackType'] === 'screen' && eventType !== 'track_granted') return false
  if (eventType === 'connected') return !lostBefore(event, before)
  if (eventType === 'muted' || eventType === 'unmuted') return metadata['byStaff'] !== true
  if (eventType === 'joined') return metadata['rejoined'] === true
  if (eventType === 'left') return ['superseded', 'moved', 'ended'].includes(String(metadata['reason']))
  if (eventType === 'link_revoked' || eventType === 'invitation_revoked') return metadata['reason'] === 'resent'
  if (eventType === 'link_exchanged') return event.userType !== 'patient'
  return MINOR.has(eventType)
}

function lostBefore({ metadata }: HistoryEvent, before: HistoryEvent[]): boolean {
  const last = before.findLast(
    (event) =>
      event.metadata['participantId'] === metadata['participantId'] &&
      (event.eventType === 'connected' || event.eventType === 'disconnected'),
  )
  return last?.eventType === 'disconnected'
}
