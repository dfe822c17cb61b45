import type { WorkerRole } from '../../api/types'
import { ask } from '../ask'

export interface User {
  userType: 'worker'
  userId: number
  displayName: string
  role: WorkerRole
  /** Null where they do not log in by password. */
  loginName: string | null
  blocked: boolean
  totp: boolean
  passkeys: number
  lockedUntil: string | null
  lastLoginAt: string | null
  setupPending: boolean
}

/** The one-time link with which somebody chooses their password. */
export interface Setup {
  setupUrl: string
  setupExpiresAt: string
}

export interface UserDraft {
  displayName: string
  role: WorkerRole
  loginName?: string
  licenceYear?: number
  specialty?: string
}

/** Those who work here, for administrators. */
export class UsersApi {
  constructor(private readonly loginId: string) {}

  async users(q: string): Promise<User[]> {
    const search = q ? `?${new URLSearchParams({ q })}` : ''
    return (await this.#ask<{ users: User[] }>('GET', `/api/users${search}`)).users
  }

  /** With a login name the answer has a setup link. */
  add(draft: UserDraft): Promise<User & Partial<Setup>> {
    return this.#ask('POST', '/api/users', draft)
  }

  change(userId: number, draft: Partial<UserDraft>): Promise<User> {
    return this.#ask('PATCH', `/api/users/worker/${userId}`, draft)
  }

  reset(userId: number): Promise<Setup> {
    return this.#ask('POST', `/api/users/worker/${userId}/reset`)
  }

  unlock(userId: number): Promise<void> {
    return this.#ask('POST', `/api/users/worker/${userId}/unlock`)
  }

  block(userId: number, blocked: boolean): Promise<void> {
    return this.#ask('POST', `/api/users/worker/${userId}/block`, { blocked })
  }

  #ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    return ask(method, path, body, this.loginId)
  }
}
