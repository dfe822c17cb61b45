import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ApiProblem, NetworkProblem } from '../src/api/problem'
import type { WaitingRoom } from '../src/api/types'
import { isPassing, type Phase } from '../src/call/phases'
import { WaitingStatus } from '../src/call/waiting-status'
import { addressed, pathOf } from '../src/address'
import { viewOf } from '../src/view-of'
import { participant } from './samples'

vi.hoisted(() => {
  vi.stubGlobal('localStorage', { getItem: () => 'en' })
  vi.stubGlobal('HTMLElement', class {})
  vi.stubGlobal('customElements', { define: () => undefined, get: () => undefined })
})
const { troubleOf, troubleAfter } = await import('../src/pages/problem-page')

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

const admitted = participant('patient', 'p1')
const waiting = participant('patient', 'p1', { admission: 'waiting' })

test('the address says the session, and the link or the person to enter with', () => {
  const at = (pathname: string, search = '', hash = '') => addressed({ pathname, search, hash })
  expect(at('/consultation/s1', '?token=t')).toMatchObject({ sessionId: 's1', token: 't', fromConsole: false })
  expect(at('/consultation/s1', '', '#as=g1')).toMatchObject({ sessionId: 's1', token: undefined, grantId: 'g1' })
  const led = at('/consultation/s1', '', '#as=g1&from=console&admit=p1')
  expect(led).toMatchObject({ grantId: 'g1', admit: 'p1', fromConsole: true })
  expect(at('/').sessionId).toBe('')
})

test('an invitation’s code and a host’s token are read from the address, or from where they were put once it was', () => {
  const at = (pathname: string, hash = '', kept = {}) => addressed({ pathname, search: '', hash }, kept)
  expect(at('/i/abc_D-1')).toMatchObject({ invitation: 'abc_D-1', sessionId: '', hostToken: undefined })
  expect(at('/i', '', { invitation: 'abc' }).invitation).toBe('abc')
  expect(at('/i').invitation).toBe('')
  expect(at('/enter', '#token=a.b.c')).toMatchObject({ hostToken: 'a.b.c', invitation: undefined })
  expect(at('/enter', '', { hostToken: 'a.b.c' }).hostToken).toBe('a.b.c')
  expect(at('/enter').hostToken).toBe('')
  expect(at('/consultation/s1', '#token=a')).toMatchObject({ hostToken: undefined, token: undefined })
})

test('once one is in, the address is the session’s, and nothing that opened it is left there', () => {
  for (const path of ['/consultation/old', '/i', '/i/secret', '/enter'])
    expect(pathOf('s9', path)).toBe('/consultation/s9')
  expect(pathOf('s9', '/hospital/video')).toBe('/hospital/video')
})

test.each([
  [new ApiProblem(403, 'invitation_locked', ''), 'invitation-locked'],
  [new ApiProblem(410, 'host_token_used', ''), 'host-token-used'],
  [new ApiProblem(410, 'link_revoked', ''), 'link-revoked'],
  [new ApiProblem(409, 'session_not_open', ''), 'not-open-yet'],
  [new ApiProblem(401, 'unauthenticated', ''), 'no-grant'],
  [new ApiProblem(403, 'forbidden', '', 'removed'), 'removed'],
  [new NetworkProblem('x'), 'network-down'],
  [new ApiProblem(418, 'teapot', ''), 'not-here'],
])('an error has words: %o', (error, trouble) => {
  expect(troubleOf(error)).toBe(trouble)
})

test('what the way through a consultation ended in has words of its own, or those of what was refused', () => {
  expect(troubleAfter('revoked', undefined)).toBe('revoked')
  expect(troubleAfter('elsewhere', new ApiProblem(403, 'forbidden', '', 'removed'))).toBe('elsewhere')
  expect(troubleAfter('refused', new ApiProblem(403, 'forbidden', '', 'locked'))).toBe('entry-locked')
})

test('the page stays until the server has answered, and then fits the admission', () => {
  expect(viewOf('ready', undefined)).toBeUndefined()
  expect(viewOf('joining', undefined)).toBeUndefined()
  expect([viewOf('joining', admitted), viewOf('joining', waiting)]).toEqual(['call', 'waiting'])
  expect([viewOf('reconnecting', undefined), viewOf('reconnecting', waiting)]).toEqual(['call', 'waiting'])
  expect([viewOf('present', admitted), viewOf('waiting', waiting)]).toEqual(['call', 'waiting'])
})

test.each([
  ['over', 'ended'],
  ['left', 'ended'],
  ['held', 'check'],
  ['moved', 'problem'],
  ['removed', 'problem'],
  ['blocked', 'problem'],
  ['elsewhere', 'problem'],
  ['refused', 'problem'],
  ['revoked', 'problem'],
] as const)('%s leads to the page %s', (phase: Phase, view) => {
  expect(viewOf(phase, undefined)).toBe(view)
})

test('what may yet succeed is tried again', () => {
  expect(isPassing(new NetworkProblem('x'))).toBe(true)
  expect(isPassing(new ApiProblem(403, 'forbidden', '', 'not_admitted'))).toBe(true)
  expect(isPassing(new ApiProblem(403, 'forbidden', '', 'locked'))).toBe(false)
})

test('the doctor’s status is asked for at once and every fifteen seconds, and a lost answer keeps the last one', async () => {
  const answers: WaitingRoom['doctorStatus'][] = ['not_here', 'in_consultation']
  const told: unknown[] = []
  const ask = async (): Promise<WaitingRoom> => {
    const doctorStatus = answers.shift()
    if (!doctorStatus) throw new NetworkProblem('down')
    return { admission: 'waiting', doctorStatus, startsAt: '2026-11-23T05:30:00.000Z' }
  }
  const status = new WaitingStatus(ask, () => told.push(status.current?.doctorStatus))
  status.start()
  await vi.advanceTimersByTimeAsync(0)
  expect(told).toEqual(['not_here'])
  await vi.advanceTimersByTimeAsync(45_000)
  expect(told).toEqual(['not_here', 'in_consultation'])
  expect(status.current?.doctorStatus).toBe('in_consultation')
  status.stop()
})

test('whatever happens has the doctor’s status asked for at once, but not more often than every two seconds', async () => {
  let asked = 0
  const ask = async (): Promise<WaitingRoom> => {
    asked++
    return { admission: 'waiting', doctorStatus: 'here', startsAt: '2026-11-23T05:30:00.000Z' }
  }
  const status = new WaitingStatus(ask, () => undefined)
  status.stirred()
  expect(asked).toBe(0)
  status.start()
  await vi.advanceTimersByTimeAsync(5_000)
  for (let event = 0; event < 5; event++) status.stirred()
  await vi.advanceTimersByTimeAsync(0)
  expect(asked).toBe(2)
  for (let event = 0; event < 5; event++) status.stirred()
  await vi.advanceTimersByTimeAsync(1_900)
  expect(asked).toBe(2)
  await vi.advanceTimersByTimeAsync(200)
  expect(asked).toBe(3)
  status.stirred()
  status.stop()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(asked).toBe(3)
})
