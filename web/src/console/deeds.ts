import type { IdentityMethod, Outcome, SessionParticipant, VideoSession } from '../api/types'

interface OnSession {
  session: VideoSession
}

interface OnPerson extends OnSession {
  participant: SessionParticipant
}

/** What can be done from the console. The buttons say it, the commands do it. */
export type Deed =
  | ({ do: 'enter' | 'extend' | 'mute-all' | 'lock' | 'unlock' } & OnSession)
  | ({ do: 'end' | 'set-outcome'; outcome: Outcome } & OnSession)
  | ({ do: 'admit' | 'admit-and-join' } & OnPerson)
  | ({ do: 'restore'; participantId: string; name: string } & OnSession)
  | ({ do: 'send-back' | 'mute-audio' | 'mute-video' | 'ask-to-unmute' } & OnPerson)
  | ({ do: 'remove'; reason: string } & OnPerson)
  | ({ do: 'note-identity'; method: IdentityMethod; next?: 'admit' | undefined } & OnPerson)

/** What has to be asked before it can be done. */
export type Question =
  | ({ ask: 'end' | 'set-outcome' } & OnSession)
  | ({ ask: 'remove' } & OnPerson)
  | ({ ask: 'identity'; next?: 'admit' | undefined } & OnPerson)

/** One name for one deed on one target, while it is under way. */
export function nameOf(deed: Deed): string {
  if ('participant' in deed) return `${deed.do} ${deed.participant.participantId}`
  return 'participantId' in deed ? `${deed.do} ${deed.participantId}` : deed.do
}

export function entersCall(deed: Deed): boolean {
  return deed.do === 'enter' || deed.do === 'admit-and-join'
}

export const EXTEND_MINUTES = 15
