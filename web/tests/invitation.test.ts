import { beforeEach, expect, test } from 'vitest'
import type { InvitationAnswer, InvitationLook } from '../src/api/invitations'
import { ApiProblem, NetworkProblem } from '../src/api/problem'
import { isoDate, oneTimeCode, wholeDate } from '../src/birth-date'
import { type Doorkeeper, InvitationDoor } from '../src/invitation-door'

const LOOK: InvitationLook = {
  check: 'birth_date',
  startsAt: '2026-11-23T05:30:00.000Z',
  doctor: { displayName: 'Doctor B' },
  sentTo: '•••••••678',
  locked: false,
}
const TODAY = new Date('2026-11-23T05:30:00Z')

/** A server that gives what the test put there, one answer at a time. */
class FakeKeeper implements Doorkeeper {
  answers: unknown[] = []
  asked: unknown[] = []

  look(code: string): Promise<InvitationLook> {
    return this.#answer('look', code)
  }

  send(code: string): Promise<{ sentTo: string; validFor: number }> {
    return this.#answer('send', code)
  }

  open(code: string, answer: InvitationAnswer): Promise<string> {
    return this.#answer('open', code, answer)
  }

  async #answer<T>(...asked: unknown[]): Promise<T> {
    this.asked.push(asked)
    const next = this.answers.shift()
    if (next instanceof Error) throw next
    return next as T
  }
}

let keeper: FakeKeeper
let changes: number
let door: InvitationDoor

beforeEach(() => {
  keeper = new FakeKeeper()
  changes = 0
  door = new InvitationDoor('secret', () => changes++, keeper)
})

test('looking tells what is asked, and opening gives the link for the right answer', async () => {
  keeper.answers = [LOOK, 'https://clinic.example/consultation/s1?token=t']
  await door.look()
  expect(door.about).toEqual(LOOK)
  expect(await door.open({ birthDate: '1948-03-12' })).toBe('https://clinic.example/consultation/s1?token=t')
  expect(keeper.asked).toEqual([
    ['look', 'secret'],
    ['open', 'secret', { birthDate: '1948-03-12' }],
  ])
  expect(door.hindrance).toBeUndefined()
})

test('a wrong answer says how many tries are left, and the next one is free to be right', async () => {
  keeper.answers = [new ApiProblem(403, 'check_failed', '', undefined, undefined, undefined, 4), 'https://x.example/']
  expect(await door.open({ birthDate: '1948-03-13' })).toBeUndefined()
  expect([door.hindrance, door.triesLeft, door.working]).toEqual(['wrong', 4, undefined])
  expect(await door.open({ birthDate: '1948-03-12' })).toBe('https://x.example/')
  expect(door.hindrance).toBeUndefined()
})

test.each([
  [new NetworkProblem('x'), 'network'],
  [new ApiProblem(429, 'rate_limited', ''), 'busy'],
  [new ApiProblem(503, 'delivery_failed', ''), 'not-sent'],
  [new ApiProblem(403, 'forbidden', '', 'sends_used_up'), 'sent-out'],
] as const)('what another try can mend is a hindrance: %o', async (error, hindrance) => {
  keeper.answers = [error]
  await door.sendCode()
  expect(door.hindrance).toBe(hindrance)
  expect(door.sentTo).toBeUndefined()
})

test.each(['invitation_locked', 'invitation_expired', 'invitation_revoked', 'invitation_invalid'])(
  '%s ends it: the page turns',
  async (code) => {
    keeper.answers = [new ApiProblem(403, code, '')]
    await expect(door.open({ birthDate: '1948-03-12' })).rejects.toMatchObject({ code })
    expect(door.working).toBeUndefined()
  },
)

test('an invitation that is locked already does not ask anything', async () => {
  keeper.answers = [{ ...LOOK, locked: true }]
  await expect(door.look()).rejects.toMatchObject({ code: 'invitation_locked' })
  expect(door.about).toBeUndefined()
})

test('a code is sent once, however often the button is pressed, and says where it went', async () => {
  keeper.answers = [
    { sentTo: '•••••••678', validFor: 600 },
    { sentTo: 'x', validFor: 600 },
  ]
  await Promise.all([door.sendCode(), door.sendCode()])
  expect(keeper.asked).toHaveLength(1)
  expect(door.sentTo).toBe('•••••••678')
})

test('whoever has a code already is asked for it without another being sent', async () => {
  keeper.answers = [{ ...LOOK, check: 'code' }]
  await door.look()
  door.haveCode()
  expect(door.sentTo).toBe(LOOK.sentTo)
  expect(keeper.asked).toHaveLength(1)
})

test.each([
  ['1948', '3', '12', '1948-03-12'],
  ['１９４８', '０３', '１２', '1948-03-12'],
  [' 2024 ', '02', '29', '2024-02-29'],
  ['2026', '11', '23', '2026-11-23'],
])('the day %s %s %s is understood', (year, month, day, iso) => {
  expect(isoDate({ year, month, day }, TODAY)).toBe(iso)
})

test.each([
  ['2023', '02', '29'],
  ['1948', '13', '1'],
  ['1948', '0', '1'],
  ['1899', '12', '31'],
  ['48', '3', '12'],
  ['2026', '11', '24'],
  ['', '', ''],
  ['19x8', '3', '12'],
])('no day is made of %s %s %s', (year, month, day) => {
  expect(isoDate({ year, month, day }, TODAY)).toBeUndefined()
})

test.each(['19480312', '1948-3-12', '1948/03/12', '1948年3月12日', '１９４８０３１２', '1948 03 12'])(
  '%s typed at one go spreads over the fields',
  (text) => {
    const date = wholeDate(text)
    expect(date && isoDate(date, TODAY)).toBe('1948-03-12')
  },
)

test.each(['1948', '194803', '1948031', '1948-3'])('%s is not a whole date yet', (text) => {
  expect(wholeDate(text)).toBeUndefined()
})

test('a code is six digits, whatever keyboard and spacing it was typed with', () => {
  expect(['123456', '123 456', '１２３４５６', '123-456'].map(oneTimeCode)).toEqual(Array(4).fill('123456'))
  expect(['12345', '1234567', 'abcdef', ''].map(oneTimeCode)).toEqual(Array(4).fill(undefined))
})
