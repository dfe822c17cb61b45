import type { PublicKeyCredentialCreationOptionsJSON, RegistrationResponseJSON } from '@simplewebauthn/browser'
import type { WorkerRole } from '../../api/types'
import { ask } from '../ask'
import type { LoginMethod } from '../console-api'
import type { TotpSecret } from '../login/login-api'

export interface OwnLogin {
  loginId: string
  method: LoginMethod
  createdAt: string
  lastSeenAt: string
  address: string | null
  /** Which browser on which system; empty or null where it did not say. */
  browser: string | null
  current: boolean
}

export interface PasskeyEntry {
  id: string
  name: string
  createdAt: string
  lastUsedAt: string | null
}

export interface Account {
  userId: number
  role: WorkerRole
  displayName: string
  /** Null where one does not log in by password. */
  loginName: string | null
  totp: boolean
  passkeys: PasskeyEntry[]
  recoveryCodesLeft: number
  secondFactorRequired: boolean
}

/** One's own account; `current` is the password of now, which every change of a way in asks for. */
export class AccountApi {
  constructor(private readonly loginId: string) {}

  account(): Promise<Account> {
    return this.#ask('GET', '/api/account')
  }

  async logins(): Promise<OwnLogin[]> {
    return (await this.#ask<{ logins: OwnLogin[] }>('GET', '/api/logins')).logins
  }

  endLogin(loginId: string): Promise<void> {
    return this.#ask('DELETE', `/api/logins/${encodeURIComponent(loginId)}`)
  }

  changePassword(current: string, fresh: string): Promise<void> {
    return this.#ask('POST', '/api/account/password', { current, new: fresh })
  }

  startTotp(current: string): Promise<TotpSecret> {
    return this.#ask('POST', '/api/account/totp', { current })
  }

  confirmTotp(code: string): Promise<{ recoveryCodes?: string[] }> {
    return this.#ask('POST', '/api/account/totp/confirm', { code })
  }

  removeTotp(current: string): Promise<void> {
    return this.#ask('DELETE', '/api/account/totp', { current })
  }

  startPasskey(current: string): Promise<PublicKeyCredentialCreationOptionsJSON> {
    return this.#ask('POST', '/api/account/passkeys', { current })
  }

  confirmPasskey(name: string, credential: RegistrationResponseJSON): Promise<{ recoveryCodes?: string[] }> {
    return this.#ask('POST', '/api/account/passkeys/confirm', { name, credential })
  }

  removePasskey(id: string, current: string): Promise<void> {
    return this.#ask('DELETE', `/api/account/passkeys/${encodeURIComponent(id)}`, { current })
  }

  async renewCodes(current: string): Promise<string[]> {
    return (await this.#ask<{ recoveryCodes: string[] }>('POST', '/api/account/recovery-codes', { current }))
      .recoveryCodes
  }

  #ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    return ask(method, path, body, this.loginId)
  }
}
