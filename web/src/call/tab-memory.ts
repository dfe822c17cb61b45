import type { Grant } from '../api/types'
import type { Farewell } from './phases'

const GRANT = 'shinsatsu.grant.'
const PROOF = 'shinsatsu.proof.'
const REMOVAL = 'shinsatsu.removal.'

/** Which grant this tab speaks with: two tabs of one browser may be two people, and a reload stays the same person. */
export function rememberGrant(grant: Grant, sessionId: string): void {
  sessionStorage.setItem(GRANT + sessionId, JSON.stringify(grant))
}

export function rememberedGrant(sessionId: string): Grant | undefined {
  const stored = sessionStorage.getItem(GRANT + sessionId)
  return stored === null ? undefined : (JSON.parse(stored) as Grant)
}

export function forgetGrant(sessionId: string): void {
  sessionStorage.removeItem(GRANT + sessionId)
}

/** That this tab's person was removed, by whom and why: a reload says it again. Only a fresh link makes it forget. */
export function rememberRemoval(sessionId: string, farewell: Farewell): void {
  sessionStorage.setItem(REMOVAL + sessionId, JSON.stringify(farewell))
}

export function rememberedRemoval(sessionId: string): Farewell | undefined {
  const stored = sessionStorage.getItem(REMOVAL + sessionId)
  return stored === null ? undefined : (JSON.parse(stored) as Farewell)
}

export function forgetRemoval(sessionId: string): void {
  sessionStorage.removeItem(REMOVAL + sessionId)
}

/** The proof that goes with a link's token: random once, the same on every try, so that a lost reply locks nobody out. */
export async function proofFor(token: string): Promise<string> {
  const digest = await fingerprint(token)
  const stored = sessionStorage.getItem(PROOF + digest)
  if (stored !== null) return stored
  const proof = Array.from(crypto.getRandomValues(new Uint8Array(32)), hex).join('')
  sessionStorage.setItem(PROOF + digest, proof)
  return proof
}

async function fingerprint(token: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(token))
  return Array.from(new Uint8Array(digest).slice(0, 8), hex).join('')
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0')
}
