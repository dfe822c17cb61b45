import { beforeEach, expect, test, vi } from 'vitest'
import { NOON } from './console-setting'
import { ApiProblem, NetworkProblem } from '../src/api/problem'
import type { Login } from '../src/console/console-api'
import type { Admitted, Progress, TotpSecret } from '../src/console/login/login-api'
import { digits, LoginFlow } from '../src/console/login/login-flow'
import { type Passkeys, PasskeyProblem } from '../src/console/login/passkeys'
import { inFours } from '../src/console/login/totp-secret'
import { troubleOf, troubleWords } from '../src/console/login/trouble'

const LOGIN = { loginId: 'l1', displayName: '山田 太郎' } as Login
const IN: Admitted = { status: 'done', login: LOGIN }
const CODES = ['aaaa-bbbb', 'cccc-dddd']
const TOTP: TotpSecret = { secret: 'ABCDEFGHIJ', uri: 'otpauth://totp/x', qr: '<svg/>' }

/** The server before the login: answers what it is told to, and keeps what it was asked. */
class FakeLogin {
  asked: unknown[][] = []
  answers: (Progress | TotpSecret | object | Error)[] = []

  #answer(...asked: unknown[]): Promise<never> {
    this.asked.push(asked)
    const answer = this.answers.shift()
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer as never)
  }

  password = (...values: unknown[]) => this.#answer('password', ...values)
  setUp = (...values: unknown[]) => this.#answer('setUp', ...values)
  secondFactor = (...values: unknown[]) => this.#answer('secondFactor', ...values)
  enrollTotp = (...values: unknown[]) => this.#answer('enrollTotp', ...values)
  confirmTotp = (...values: unknown[]) => this.#answer('confirmTotp', ...values)
  enrollPasskey = (...values: unknown[]) => this.#answer('enrollPasskey', ...values)
  confirmPasskey = (...values: unknown[]) => this.#answer('confirmPasskey', ...values)
}

let server: FakeLogin
let entered: Admitted[]
let passkeys: Passkeys
let flow: LoginFlow

beforeEach(() => {
  server = new FakeLogin()
  entered = []
  passkeys = {
    supported: true,
    use: () => Promise.resolve({ id: 'assertion' } as never),
    make: () => Promise.resolve({ id: 'credential' } as never),
  }
  flow = new LoginFlow({ changed: () => undefined, entered: (one) => entered.push(one) }, server, passkeys)
})

const challenge = (...methods: ('totp' | 'passkey' | 'recovery')[]): Progress => ({
  status: 'second_factor',
  challengeId: 'c1',
  methods,
  ...(methods.includes('passkey') ? { passkeyOptions: { challenge: 'x' } } : {}),
})

test('a password and a code of the app let in', async () => {
  server.answers = [challenge('totp', 'recovery'), IN]
  await flow.password('yamada', 'secret words')
  expect(flow.step).toMatchObject({ at: 'second-factor', method: 'totp' })
  await flow.answerCode('１２３ ４５６')
  expect(server.asked).toEqual([
    ['password', 'yamada', 'secret words'],
    ['secondFactor', 'c1', { totp: '123456' }],
  ])
  expect(entered).toEqual([IN])
})

test('the passkey comes first where the browser can, and a wrong code leaves one where one was', async () => {
  server.answers = [challenge('totp', 'passkey', 'recovery'), new ApiProblem(401, 'second_factor_refused', ''), IN]
  await flow.password('yamada', 'p')
  expect(flow.step).toMatchObject({ method: 'passkey' })
  flow.choose('recovery')
  await flow.answerCode(' aaaa-bbbb ')
  expect(server.asked.at(-1)).toEqual(['secondFactor', 'c1', { recoveryCode: 'aaaa-bbbb' }])
  expect(flow.trouble?.name).toBe('code')
  expect(flow.step).toMatchObject({ at: 'second-factor', method: 'recovery' })
  flow.choose('passkey')
  expect(flow.trouble).toBeUndefined()
  await flow.answerPasskey()
  expect(server.asked.at(-1)).toEqual(['secondFactor', 'c1', { passkey: { id: 'assertion' } }])
  expect(entered).toHaveLength(1)
})

test('a browser without passkeys is asked for a code', async () => {
  Object.assign(passkeys, { supported: false })
  server.answers = [challenge('passkey', 'recovery')]
  await flow.password('yamada', 'p')
  expect(flow.step).toMatchObject({ method: 'recovery' })
})

test('a passkey that is not given is said so and can be tried again', async () => {
  passkeys.use = () => Promise.reject(new PasskeyProblem('cancelled'))
  server.answers = [challenge('passkey')]
  await flow.password('yamada', 'p')
  await flow.answerPasskey()
  expect(flow.trouble?.name).toBe('passkey-cancelled')
  expect(flow.step.at).toBe('second-factor')
  expect(flow.busy).toBe(false)
})

test('a new account sets up an app, and enters only when its codes are kept', async () => {
  const done = { ...IN, recoveryCodes: CODES }
  server.answers = [{ status: 'enroll', challengeId: 'c1' }, TOTP, done]
  flow.begin({ at: 'setup', token: 'once' })
  await flow.setUp('a long new password')
  expect(server.asked[0]).toEqual(['setUp', 'once', 'a long new password'])
  await flow.enroll('totp')
  expect(flow.step).toMatchObject({ at: 'enroll-totp', totp: TOTP })
  await flow.confirmTotp('123 456')
  expect(server.asked.at(-1)).toEqual(['confirmTotp', 'c1', '123456'])
  expect(flow.step).toMatchObject({ at: 'codes', codes: CODES })
  expect(entered).toEqual([])
  flow.codesKept()
  expect(entered).toEqual([done])
})

test('a passkey is made under the name that was given', async () => {
  server.answers = [{ status: 'enroll', challengeId: 'c1' }, { challenge: 'x' }, { ...IN, recoveryCodes: CODES }]
  await flow.password('yamada', 'p')
  await flow.enroll('passkey')
  await flow.makePasskey('My laptop')
  expect(server.asked.slice(1)).toEqual([
    ['enrollPasskey', 'c1'],
    ['confirmPasskey', 'c1', 'My laptop', { id: 'credential' }],
  ])
  expect(flow.step.at).toBe('codes')
})

test('where no second factor is asked for, the password lets in', async () => {
  server.answers = [IN]
  await flow.password('yamada', 'p')
  expect(entered).toEqual([IN])
})

test('a challenge that is over begins anew', async () => {
  server.answers = [challenge('totp'), new ApiProblem(410, 'challenge_expired', '')]
  await flow.password('yamada', 'p')
  await flow.answerCode('123456')
  expect(flow.step).toEqual({ at: 'password' })
  expect(flow.trouble?.name).toBe('expired')
  expect(flow.loginName).toBe('yamada')
})

test('what nobody answered to can be sent again; two presses send once', async () => {
  server.answers = [new NetworkProblem('down'), IN]
  await flow.password('yamada', 'p')
  expect(flow.trouble?.name).toBe('network')
  await Promise.all([flow.password('yamada', 'p'), flow.password('yamada', 'p')])
  expect(server.asked).toHaveLength(2)
  expect(entered).toHaveLength(1)
})

test('a lockout says how long it lasts', () => {
  vi.useFakeTimers({ now: NOON })
  const locked = troubleOf(new ApiProblem(429, 'account_locked', '', undefined, 240))
  vi.useRealTimers()
  expect(locked).toEqual({ name: 'locked', until: NOON.getTime() + 240_000 })
  expect(troubleWords(locked, '4分').more).toContain('4分')
})

test('every refusal has words, also those of one day', () => {
  const codes = ['login_refused', 'setup_invalid', 'password_too_weak', 'rate_limited', 'of_tomorrow']
  for (const code of codes) {
    const { words, more } = troubleWords(troubleOf(new ApiProblem(401, code, '')))
    expect(words).not.toMatch(/[a-z_]{6}/)
    expect(more).not.toBe('')
  }
  expect(troubleOf(new ApiProblem(401, 'of_tomorrow', '')).name).toBe('other')
  expect(troubleOf(new ApiProblem(503, 'too_busy', '')).name).toBe('server')
})

test('codes are read as people write them', () => {
  expect(digits('12 34-56')).toBe('123456')
  expect(inFours('ABCDEFGHIJ')).toEqual(['ABCD', 'EFGH', 'IJ'])
})
