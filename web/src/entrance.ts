import { pathOf } from './address'
import { clinic, ConsultationApi, exchangeLink, heldGrants } from './api/client'
import { exchangeHostToken } from './api/invitations'
import { ApiProblem, hasCode } from './api/problem'
import type { Clinic, Grant, VideoSession } from './api/types'
import { forgetGrant, forgetRemoval, proofFor, rememberedGrant, rememberGrant } from './call/tab-memory'

/** Somebody who may go on to the check page. */
export interface Admitted {
  grant: Grant
  api: ConsultationApi
  session: VideoSession
}

/** The clinic's name and numbers; without them the page still works. */
export function clinicIfKnown(): Promise<Clinic | undefined> {
  return clinic().catch(() => undefined)
}

/**
 * Uses the link up and enters the session it is for, whatever session the address names. The token leaves the address
 * bar, so that a reload or a shared screen does not carry it.
 */
export async function enterByLink(token: string): Promise<Admitted> {
  return arrive(await exchangeLink(token, await proofFor(token)))
}

/** The same with what the host application signed. */
export async function enterByHostToken(token: string): Promise<Admitted> {
  return arrive(await exchangeHostToken(token, await proofFor(token)))
}

function arrive(grant: Grant): Promise<Admitted> {
  history.replaceState(null, '', pathOf(grant.sessionId, location.pathname))
  forgetRemoval(grant.sessionId)
  return enterAs(grant, grant.sessionId)
}

export async function enterAs(grant: Grant, sessionId: string): Promise<Admitted> {
  rememberGrant(grant, sessionId)
  const api = new ConsultationApi(grant.grantId, sessionId)
  const session = await api.session()
  if (!session.openSessionId || session.openSessionId === session.id) return { grant, api, session }
  api.sessionId = session.openSessionId
  return { grant, api, session: await api.session() }
}

/** Who this browser can enter as without a link: the one asked for or this tab's own, else everybody whose grant it holds. */
export async function knownPeople(sessionId: string, asked?: string): Promise<Grant[]> {
  const own = rememberedGrant(sessionId)
  const held = await heldGrants(sessionId)
  const still = held.filter((grant) => grant.grantId === (asked ?? own?.grantId))
  if (own && !held.some((grant) => grant.grantId === own.grantId)) forgetGrant(sessionId)
  return still.length > 0 ? still : held
}

/** The same for a page that must not fail: nobody, if they cannot be asked for. */
export function heldGrantsIfAny(sessionId: string): Promise<Grant[]> {
  return heldGrants(sessionId).catch(() => [])
}

/** Whether a grant no longer opens anything. */
export function isGone(error: unknown): boolean {
  return hasCode(error, 'unauthenticated', 'not_found') || (error instanceof ApiProblem && error.status === 401)
}
