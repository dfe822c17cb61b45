import type { InvitationCheck } from './access'
import { call } from './client'
import type { Grant } from './types'

/** What an invitation tells whoever holds it: nobody's name but the doctor's. */
export interface InvitationLook {
  check: InvitationCheck
  startsAt: string
  doctor?: { displayName: string } | null
  /** Where a one-time code goes, most of it hidden. */
  sentTo?: string | null
  locked: boolean
}

export type InvitationAnswer = { birthDate?: string; oneTimeCode?: string }

export function lookAtInvitation(code: string): Promise<InvitationLook> {
  return call('POST', '/api/invitations/look', { code })
}

/** Has a one-time code sent; it is good for `validFor` seconds. */
export function sendOneTimeCode(code: string): Promise<{ sentTo: string; validFor: number }> {
  return call('POST', '/api/invitations/send-code', { code })
}

/** A fresh consultation link for the right answer. */
export async function openInvitation(code: string, answer: InvitationAnswer): Promise<string> {
  return (await call<{ url: string }>('POST', '/api/invitations/open', { code, ...answer })).url
}

/** A grant for the token that the host application signed. */
export function exchangeHostToken(token: string, proof: string): Promise<Grant> {
  return call('POST', '/api/host-tokens/exchange', { token, proof })
}
