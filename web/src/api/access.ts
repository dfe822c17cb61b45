import type { UserType } from './types'

/** Who gets in and how, as docs/protocol.md writes it: guests, links and invitations of one session. */

export type GuestKind = 'family' | 'interpreter' | 'other'

/** What staff can leave out for a guest: showing a screen, and being heard and seen. */
export const WITHHOLDABLE = ['share_screen', 'unmute'] as const
export type Withheld = (typeof WITHHOLDABLE)[number]

export interface UserKey {
  userType: UserType
  userId: number
}

export interface Guest extends UserKey {
  displayName: string
  kind: GuestKind
  withhold: string[]
  invitedAt: string
  revokedAt: string | null
}

export interface NewGuest {
  displayName: string
  kind: GuestKind
  language?: 'ja' | 'en' | undefined
  withhold: Withheld[]
}

export type LinkState = 'open' | 'used' | 'expired' | 'revoked'

export interface Link extends UserKey {
  linkId: string
  displayName: string
  createdAt: string
  expiresAt: string
  usedAt: string | null
  state: LinkState
}

export type InvitationState = 'open' | 'locked' | 'revoked' | 'expired'
export type InvitationCheck = 'none' | 'birth_date' | 'code'

export interface Invitation extends UserKey {
  invitationId: string
  displayName: string
  check: InvitationCheck
  createdAt: string
  expiresAt: string
  openedAt: string | null
  wrongTries: number
  sentTo: string | null
  state: InvitationState
}

export interface NewInvitation extends UserKey {
  check: InvitationCheck
  /** YYYY-MM-DD */
  birthDate?: string
  deliverTo?: { kind: 'phone' | 'mail'; address: string }
}

/** A way in that can be handed over: the address is shown this once. */
export interface WayIn {
  url: string
  expiresAt: string
}

/** Asks the server about one session, with the credential of whoever asks. */
export type Ask = <T>(method: string, path: string, body?: unknown) => Promise<T>

/** What staff do about who gets into one session. */
export class AccessApi {
  constructor(private readonly ask: Ask) {}

  async guests(): Promise<Guest[]> {
    return (await this.ask<{ guests: Guest[] }>('GET', '/guests')).guests
  }

  inviteGuest(guest: NewGuest): Promise<Guest> {
    return this.ask('POST', '/guests', guest)
  }

  withhold({ userId }: UserKey, withhold: string[]): Promise<Guest> {
    return this.ask('PATCH', `/guests/${userId}`, { withhold })
  }

  withdrawGuest({ userId }: UserKey): Promise<void> {
    return this.ask('DELETE', `/guests/${userId}`)
  }

  async links(): Promise<Link[]> {
    return (await this.ask<{ links: Link[] }>('GET', '/links')).links
  }

  mintLink({ userType, userId }: UserKey): Promise<WayIn> {
    return this.ask('POST', '/links', { userType, userId })
  }

  revokeLink(linkId: string): Promise<void> {
    return this.ask('DELETE', `/links/${encodeURIComponent(linkId)}`)
  }

  async invitations(): Promise<Invitation[]> {
    return (await this.ask<{ invitations: Invitation[] }>('GET', '/invitations')).invitations
  }

  invite(invitation: NewInvitation): Promise<WayIn> {
    return this.ask('POST', '/invitations', invitation)
  }

  revokeInvitation(invitationId: string): Promise<void> {
    return this.ask('DELETE', `/invitations/${encodeURIComponent(invitationId)}`)
  }

  unlockInvitation(invitationId: string): Promise<void> {
    return this.ask('POST', `/invitations/${encodeURIComponent(invitationId)}/unlock`)
  }
}
