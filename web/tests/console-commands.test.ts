import { beforeEach, expect, test, vi } from 'vitest'
import { at, booked, FakeConsole, person, waiting } from './console-setting'
import { ApiProblem, NetworkProblem } from '../src/api/problem'
import type { Banner } from '../src/components/banners'
import type { CallTab, CallTabs } from '../src/console/call-tabs'
import { Commands } from '../src/console/commands'
import type { Deed, Question } from '../src/console/deeds'
import { Desk } from '../src/console/desk'
import { w } from '../src/console/words'

const patient = person('P', { admission: 'waiting', waitingSince: at(-1) })
const session = { ...waiting('s', at(-1)), participants: [patient] }

let server: FakeConsole
let told: Banner[]
let asked: Question[]
let refused: number
let tabs: string[]
let commands: Commands

beforeEach(() => {
  server = new FakeConsole()
  server.list = [session]
  told = []
  asked = []
  refused = 0
  tabs = []
  const handlers = { changed: () => undefined, arrived: () => undefined, refused: () => refused++ }
  const desk = new Desk(server.asApi(), handlers, () => ({}) as WebSocket)
  const tab = (id: string): CallTab => ({
    known: false,
    go: (url) => tabs.push(`go ${url}`),
    cancel: () => tabs.push(`cancel ${id}`),
  })
  const fakeTabs = { open: (id: string) => (tabs.push(`open ${id}`), tab(id)) } as unknown as CallTabs
  commands = new Commands(
    desk,
    {
      changed: () => undefined,
      tell: (banner) => told.push(banner),
      ask: (question) => asked.push(question),
      refused: () => refused++,
    },
    fakeTabs,
  )
})

const deeds: [Deed, string][] = [
  [{ do: 'admit', session, participant: patient }, 'admit s p-P'],
  [{ do: 'send-back', session, participant: patient }, 'sendBack s p-P'],
  [{ do: 'remove', session, participant: patient, reason: 'loud' }, 'remove s p-P loud'],
  [{ do: 'restore', session, participantId: 'p9', name: 'P' }, 'restore s p9'],
  [{ do: 'mute-audio', session, participant: patient }, 'mute s p-P ["audio"]'],
  [{ do: 'mute-video', session, participant: patient }, 'mute s p-P ["video"]'],
  [{ do: 'ask-to-unmute', session, participant: patient }, 'askToUnmute s p-P ["audio"]'],
  [{ do: 'note-identity', session, participant: patient, method: 'passport' }, 'noteIdentity s p-P passport'],
  [{ do: 'mute-all', session }, 'muteAll s'],
  [{ do: 'lock', session }, 'lock s true'],
  [{ do: 'unlock', session }, 'lock s false'],
  [{ do: 'extend', session }, 'extend s 15'],
  [{ do: 'end', session, outcome: 'completed' }, 'end s completed'],
  [{ do: 'set-outcome', session, outcome: 'moved_to_phone' }, 'setOutcome s moved_to_phone'],
]

test.each(deeds)('%o', async (deed, call) => {
  await commands.run(deed)
  expect(server.asked).toEqual([call])
  expect(told).toHaveLength(1)
  expect(told[0]!.words).not.toContain('{')
})

test('entering opens a tab within the press and then goes to the call', async () => {
  const running = commands.run({ do: 'enter', session })
  expect(tabs).toEqual(['open s'])
  await running
  expect(tabs).toEqual(['open s', 'go /consultation/s#as=g1&from=console'])
})

test('admitting and joining opens the call, whose page lets them in once one is there', async () => {
  const running = commands.run({ do: 'admit-and-join', session, participant: patient })
  expect(tabs).toEqual(['open s'])
  await running
  expect(server.asked).toEqual(['grant s'])
  expect(tabs.at(-1)).toBe('go /consultation/s#as=g1&from=console&admit=p-P')
  expect(told).toEqual([])
})

test('what the media plane has not confirmed is told beside what was done', async () => {
  server.unconfirmed = true
  for (const deed of ['send-back', 'mute-audio', 'mute-video'] as const) {
    await commands.run({ do: deed, session, participant: patient })
    expect(told.splice(0)).toMatchObject([{ icon: 'check' }, { kind: 'warning', words: w('unconfirmed') }])
  }
  await commands.run({ do: 'mute-all', session })
  expect(told.at(-1)).toMatchObject({ words: w('unconfirmed') })
})

test('where identity must be checked first, the form opens and goes on with what was wanted', async () => {
  server.refuse = new ApiProblem(409, 'identity_check_required', '')
  await commands.run({ do: 'admit', session, participant: patient })
  expect(asked).toEqual([{ ask: 'identity', session, participant: patient, next: 'admit' }])
  expect(told).toEqual([])
  server.refuse = undefined
  server.asked = []
  await commands.run({ do: 'note-identity', session, participant: patient, method: 'passport', next: 'admit' })
  expect(server.asked).toEqual(['noteIdentity s p-P passport', 'admit s p-P'])
})

test('a second press while the first is under way does nothing', async () => {
  const deed: Deed = { do: 'admit', session, participant: patient }
  const first = commands.run(deed)
  expect(commands.underWay('s')).toBe('admit p-P')
  await Promise.all([first, commands.run(deed)])
  expect(server.asked).toHaveLength(1)
  expect(commands.underWay('s')).toBe('')
})

test.each([
  [new NetworkProblem(''), 'failed-network'],
  [new ApiProblem(503, 'database_unavailable', ''), 'failed-server'],
  [new ApiProblem(403, 'forbidden', '', 'role_may_not'), 'failed-forbidden'],
  [new ApiProblem(403, 'forbidden', '', 'locked'), 'failed-locked'],
  [new ApiProblem(409, 'stale_participant', ''), 'failed-stale_participant'],
  [new ApiProblem(409, 'session_ended', ''), 'failed-session_ended'],
  [new ApiProblem(422, 'something_new', ''), 'failed-other'],
] as const)('says in words what stood in the way: %o', async (error, word) => {
  server.refuse = error
  await commands.run({ do: 'admit', session, participant: patient })
  expect(told).toMatchObject([{ kind: 'warning', words: w(word) }])
})

test('a login that has ended closes the console', async () => {
  server.refuse = new ApiProblem(401, 'unauthenticated', '')
  await commands.run({ do: 'lock', session: booked('s') })
  expect(refused).toBe(1)
  expect(told).toEqual([])
})

test('the button rests until its effect is known', async () => {
  const api = server.asApi()
  let finish = () => undefined as void
  vi.spyOn(server, 'session').mockImplementation(() => new Promise((resolve) => (finish = () => resolve(session))))
  expect(api).toBeDefined()
  const running = commands.run({ do: 'mute-all', session })
  await vi.waitFor(() => expect(server.session).toHaveBeenCalled())
  expect(commands.underWay('s')).toBe('mute-all')
  finish()
  await running
  expect(commands.underWay('s')).toBe('')
})
