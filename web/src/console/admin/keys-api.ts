import { ask } from '../ask'

export const SCOPES = ['appointments', 'links', 'links:worker', 'sessions:read', 'audit:read'] as const
export type Scope = (typeof SCOPES)[number]

export interface ApiKey {
  id: string
  name: string
  scopes: Scope[]
  createdAt: string
  expiresAt: string | null
  lastUsedAt: string | null
  revokedAt: string | null
  /** The key that took its place; both open until the old one expires. */
  replacedBy: string | null
}

export interface KeyDraft {
  name: string
  scopes: Scope[]
  expiresAt?: string
}

export const WEBHOOK_TYPES = [
  'session.created',
  'session.waiting',
  'session.active',
  'session.ended',
  'participant.waiting',
  'participant.joined',
  'participant.left',
] as const
export type WebhookType = (typeof WEBHOOK_TYPES)[number]

export interface Webhook {
  id: string
  url: string
  types: WebhookType[]
  createdAt: string
  disabledAt: string | null
  /** Messages still to be delivered, and those that were given up. */
  pending: number
  failed: number
  lastDeliveryAt: string | null
}

/** What other systems get in with, and where they are told of sessions; for administrators. */
export class KeysApi {
  constructor(private readonly loginId: string) {}

  async keys(): Promise<ApiKey[]> {
    return (await this.#ask<{ keys: ApiKey[] }>('GET', '/api/keys')).keys
  }

  makeKey(draft: KeyDraft): Promise<ApiKey & { secret: string }> {
    return this.#ask('POST', '/api/keys', draft)
  }

  /** A new key in its place; the old one opens for as long as is said. */
  rotateKey(id: string, overlapMinutes: number): Promise<ApiKey & { secret: string }> {
    return this.#ask('POST', `/api/keys/${encodeURIComponent(id)}/rotate`, { overlapMinutes })
  }

  revokeKey(id: string): Promise<void> {
    return this.#ask('DELETE', `/api/keys/${encodeURIComponent(id)}`)
  }

  async webhooks(): Promise<Webhook[]> {
    return (await this.#ask<{ webhooks: Webhook[] }>('GET', '/api/webhooks')).webhooks
  }

  addWebhook(url: string, types: WebhookType[]): Promise<Webhook & { secret: string }> {
    return this.#ask('POST', '/api/webhooks', types.length === WEBHOOK_TYPES.length ? { url } : { url, types })
  }

  rotateWebhook(id: string): Promise<Webhook & { secret: string }> {
    return this.#ask('POST', `/api/webhooks/${encodeURIComponent(id)}/rotate`)
  }

  removeWebhook(id: string): Promise<void> {
    return this.#ask('DELETE', `/api/webhooks/${encodeURIComponent(id)}`)
  }

  #ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    return ask(method, path, body, this.loginId)
  }
}
