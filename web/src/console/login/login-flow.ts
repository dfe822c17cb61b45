import { hasCode } from '../../api/problem'
import {
  type Admitted,
  type FactorAnswer,
  type FactorMethod,
  LoginApi,
  type Progress,
  type TotpSecret,
} from './login-api'
import { type Passkeys, passkeys as browserPasskeys } from './passkeys'
import { type Trouble, troubleOf } from './trouble'

type Challenged = Extract<Progress, { status: 'second_factor' }>

/** Where somebody is on the way in. */
export type Step =
  | { at: 'password' }
  | { at: 'setup'; token: string }
  | { at: 'second-factor'; challenge: Challenged; method: FactorMethod }
  | { at: 'enroll'; challengeId: string }
  | { at: 'enroll-totp'; challengeId: string; totp: TotpSecret }
  | { at: 'enroll-passkey'; challengeId: string }
  | { at: 'codes'; codes: string[]; admitted: Admitted }

export interface FlowHandlers {
  changed(): void
  entered(admitted: Admitted): void
}

/** The way in, step by step: password, second factor or the setting up of one, recovery codes, console. */
export class LoginFlow {
  step: Step = { at: 'password' }
  trouble: Trouble | undefined
  busy = false
  /** Kept for coming back: only the name, never the password. */
  loginName = ''

  constructor(
    private readonly handlers: FlowHandlers,
    private readonly api: Pick<LoginApi, Exclude<keyof LoginApi, 'methods'>> = new LoginApi(),
    readonly passkeys: Passkeys = browserPasskeys,
  ) {}

  get canUsePasskeys(): boolean {
    return this.passkeys.supported
  }

  begin(step: Extract<Step, { at: 'password' | 'setup' }> = { at: 'password' }, trouble?: Trouble): void {
    this.step = step
    this.trouble = trouble
    this.handlers.changed()
  }

  password(loginName: string, password: string): Promise<void> {
    this.loginName = loginName
    return this.#try(async () => this.#go(await this.api.password(loginName, password)))
  }

  setUp(password: string): Promise<void> {
    const { step } = this
    if (step.at !== 'setup') return Promise.resolve()
    return this.#try(async () => this.#go(await this.api.setUp(step.token, password)))
  }

  /** Another of the second factors that there are. */
  choose(method: FactorMethod): void {
    if (this.step.at !== 'second-factor') return
    this.#to({ ...this.step, method })
  }

  answerCode(code: string): Promise<void> {
    const { step } = this
    if (step.at !== 'second-factor') return Promise.resolve()
    return this.#answer(step.method === 'recovery' ? { recoveryCode: code.trim() } : { totp: digits(code) })
  }

  answerPasskey(): Promise<void> {
    const { step } = this
    if (step.at !== 'second-factor' || !step.challenge.passkeyOptions) return Promise.resolve()
    const options = step.challenge.passkeyOptions
    return this.#try(async () => this.#send({ passkey: await this.passkeys.use(options) }))
  }

  enroll(method: 'totp' | 'passkey'): Promise<void> {
    const { step } = this
    if (!('challengeId' in step)) return Promise.resolve()
    const { challengeId } = step
    if (method === 'passkey') {
      this.#to({ at: 'enroll-passkey', challengeId })
      return Promise.resolve()
    }
    return this.#try(async () =>
      this.#to({ at: 'enroll-totp', challengeId, totp: await this.api.enrollTotp(challengeId) }),
    )
  }

  /** Back to the choice of what to set up. */
  chooseAgain(): void {
    if ('challengeId' in this.step) this.#to({ at: 'enroll', challengeId: this.step.challengeId })
  }

  confirmTotp(code: string): Promise<void> {
    const { step } = this
    if (step.at !== 'enroll-totp') return Promise.resolve()
    return this.#try(async () => this.#go(await this.api.confirmTotp(step.challengeId, digits(code))))
  }

  makePasskey(name: string): Promise<void> {
    const { step } = this
    if (step.at !== 'enroll-passkey') return Promise.resolve()
    return this.#try(async () => {
      const credential = await this.passkeys.make(await this.api.enrollPasskey(step.challengeId))
      this.#go(await this.api.confirmPasskey(step.challengeId, name, credential))
    })
  }

  /** The recovery codes are kept. */
  codesKept(): void {
    if (this.step.at === 'codes') this.handlers.entered(this.step.admitted)
  }

  #answer(answer: FactorAnswer): Promise<void> {
    return this.#try(() => this.#send(answer))
  }

  async #send(answer: FactorAnswer): Promise<void> {
    if (this.step.at !== 'second-factor') return
    this.#go(await this.api.secondFactor(this.step.challenge.challengeId, answer))
  }

  /** To what the server says comes next. */
  #go(progress: Progress): void {
    if (progress.status === 'second_factor') {
      this.#to({ at: 'second-factor', challenge: progress, method: this.#likely(progress) })
    } else if (progress.status === 'enroll') {
      this.#to({ at: 'enroll', challengeId: progress.challengeId })
    } else if (progress.recoveryCodes?.length) {
      this.#to({ at: 'codes', codes: progress.recoveryCodes, admitted: progress })
    } else {
      this.handlers.entered(progress)
    }
  }

  #likely({ methods, passkeyOptions }: Challenged): FactorMethod {
    if (methods.includes('passkey') && passkeyOptions && this.canUsePasskeys) return 'passkey'
    return methods.includes('totp') ? 'totp' : 'recovery'
  }

  #to(step: Step): void {
    this.step = step
    this.trouble = undefined
    this.handlers.changed()
  }

  async #try(act: () => Promise<void>): Promise<void> {
    if (this.busy) return
    this.busy = true
    this.trouble = undefined
    this.handlers.changed()
    try {
      await act()
    } catch (error) {
      this.trouble = troubleOf(error)
      // What was begun is over: one begins again, with the password that is by now the account's.
      if (hasCode(error, 'challenge_expired')) this.step = { at: 'password' }
    }
    this.busy = false
    this.handlers.changed()
  }
}

/** A code as one reads it aloud: with spaces, in full-width figures; only the digits count. */
export function digits(text: string): string {
  return text.normalize('NFKC').replace(/\D/g, '')
}
