import type {
  AuthenticationResponseJSON,
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
  RegistrationResponseJSON,
} from '@simplewebauthn/browser'
import { ask } from '../ask'
import type { Login } from '../console-api'

/** The ways in that this clinic has. */
export interface LoginMethods {
  password: boolean
  oidc: { name: string } | null
  consoleLinks: boolean
  secondFactorRequired: boolean
}

export type FactorMethod = 'totp' | 'passkey' | 'recovery'

/** Logged in; the codes are shown this once, where a first second factor was set up. */
export interface Admitted {
  status: 'done'
  login: Login
  recoveryCodesLeft?: number
  recoveryCodes?: string[]
}

/** Where a login stands once the password was right. */
export type Progress =
  | Admitted
  | { status: 'enroll'; challengeId: string }
  | {
      status: 'second_factor'
      challengeId: string
      methods: FactorMethod[]
      passkeyOptions?: PublicKeyCredentialRequestOptionsJSON
    }

/** What an authenticator app needs: to be scanned, opened or typed. */
export interface TotpSecret {
  secret: string
  uri: string
  /** The QR code as the text of an SVG picture. */
  qr: string
}

export type FactorAnswer = { totp: string } | { recoveryCode: string } | { passkey: AuthenticationResponseJSON }

/** The server before there is a login. */
export class LoginApi {
  methods(): Promise<LoginMethods> {
    return ask('GET', '/api/login/methods')
  }

  password(loginName: string, password: string): Promise<Progress> {
    return ask('POST', '/api/login/password', { loginName, password })
  }

  /** Chooses the password with the one-time link that an administrator handed over. */
  setUp(token: string, password: string): Promise<Progress> {
    return ask('POST', '/api/login/setup', { token, password })
  }

  secondFactor(challengeId: string, answer: FactorAnswer): Promise<Admitted> {
    return ask('POST', '/api/login/second-factor', { challengeId, ...answer })
  }

  enrollTotp(challengeId: string): Promise<TotpSecret> {
    return ask('POST', '/api/login/enroll/totp', { challengeId })
  }

  confirmTotp(challengeId: string, code: string): Promise<Admitted> {
    return ask('POST', '/api/login/enroll/totp/confirm', { challengeId, code })
  }

  enrollPasskey(challengeId: string): Promise<PublicKeyCredentialCreationOptionsJSON> {
    return ask('POST', '/api/login/enroll/passkey', { challengeId })
  }

  confirmPasskey(challengeId: string, name: string, credential: RegistrationResponseJSON): Promise<Admitted> {
    return ask('POST', '/api/login/enroll/passkey/confirm', { challengeId, name, credential })
  }
}

/** Where the clinic's own provider takes over; it brings the person back to `path`. */
export function providerPath(path: string): string {
  return `/api/login/oidc/start?return=${encodeURIComponent(path)}`
}
