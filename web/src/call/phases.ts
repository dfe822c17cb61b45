import { ApiProblem, hasCode, hasReason, isTransient } from '../api/problem'
import type { Actor, StreamEvent } from '../api/types'

/**
 * How far one person is in a consultation:
 *
 * ready → joining → waiting ⇄ present ⇄ reconnecting, and out of it by
 * left, over, elsewhere (on another page), moved (to another consultation), removed, blocked, revoked, refused or held.
 */
export type Phase =
  | 'ready'
  | 'joining'
  | 'waiting'
  | 'present'
  | 'reconnecting'
  | 'left'
  | 'over'
  | 'elsewhere'
  | 'moved'
  | 'removed'
  | 'blocked'
  /** One's link, grant or invitation was taken back. */
  | 'revoked'
  | 'refused'
  /** This doctor is in another consultation, which the problem names. */
  | 'held'

/** Whether one is in, let in or not: the stream is followed and its loss matters. */
export function isIn(phase: Phase): boolean {
  return phase === 'present' || phase === 'waiting'
}

/** That somebody else has taken one out of the consultation, and what they said about it. */
export interface Farewell {
  phase: 'moved' | 'removed' | 'blocked' | 'revoked'
  by?: Actor | undefined
  note?: string | undefined
}

/** What an event says about the end of one's own stay; pure. */
export function farewellOf(event: StreamEvent, participantId: string | undefined): Farewell | undefined {
  if (event.type !== 'participant_left' || event.participantId !== participantId) return undefined
  const { reason, by, note } = event
  if (reason === 'withdrawn') return { phase: 'revoked' }
  return reason === 'moved' || reason === 'removed' || reason === 'blocked' ? { phase: reason, by, note } : undefined
}

/** Whether a join or a negotiation that failed may yet succeed. */
export function isPassing(error: unknown): boolean {
  // A peer connection that was closed under its negotiation throws its own errors: those are worth another try.
  if (!(error instanceof ApiProblem) || isTransient(error)) return true
  // Sent back a moment ago: the next join says so.
  return hasCode(error, 'negotiation_in_progress') || hasReason(error, 'not_admitted')
}

/** Where a join leads that was refused for good; pure. */
export function phaseAfterRefusal(error: unknown): Phase {
  if (hasCode(error, 'doctor_busy')) return 'held'
  if (hasReason(error, 'removed')) return 'removed'
  return hasReason(error, 'account_blocked') ? 'blocked' : 'refused'
}
