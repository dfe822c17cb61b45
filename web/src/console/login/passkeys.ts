import {
  browserSupportsWebAuthn,
  type PublicKeyCredentialCreationOptionsJSON,
  type PublicKeyCredentialRequestOptionsJSON,
  startAuthentication,
  startRegistration,
  WebAuthnError,
} from '@simplewebauthn/browser'

/** Why a passkey did not come about. */
export class PasskeyProblem extends Error {
  constructor(readonly kind: 'cancelled' | 'known' | 'unsupported' | 'failed') {
    super(kind)
  }
}

/** The browser's passkeys (WebAuthn level 3). */
export const passkeys = {
  /** Whether one can be used here: passkeys belong to a name, and an address such as 127.0.0.1 is none. */
  get supported(): boolean {
    return browserSupportsWebAuthn() && !isAddress(location.hostname)
  },

  /** Proves that one of the passkeys is here; raises PasskeyProblem. */
  use: (optionsJSON: PublicKeyCredentialRequestOptionsJSON) => told(startAuthentication({ optionsJSON })),

  /** Makes a new passkey; raises PasskeyProblem. */
  make: (optionsJSON: PublicKeyCredentialCreationOptionsJSON) => told(startRegistration({ optionsJSON })),
}

export type Passkeys = typeof passkeys

function isAddress(host: string): boolean {
  return /^[\d.]+$/.test(host) || host.startsWith('[')
}

async function told<T>(ceremony: Promise<T>): Promise<T> {
  try {
    return await ceremony
  } catch (error) {
    throw new PasskeyProblem(kindOf(error))
  }
}

function kindOf(error: unknown): PasskeyProblem['kind'] {
  if (error instanceof WebAuthnError && error.code === 'ERROR_AUTHENTICATOR_PREVIOUSLY_REGISTERED') return 'known'
  // Browsers say NotAllowed for a refusal, a closed window and a time that ran out alike.
  if (error instanceof Error && ['NotAllowedError', 'AbortError'].includes(error.name)) return 'cancelled'
  return 'failed'
}
