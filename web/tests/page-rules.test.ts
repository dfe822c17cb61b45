import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ApiProblem, NetworkProblem } from '../src/api/problem'
import type { WaitingRoom } from '../src/api/types'
import { isPassing, type Phase } from '../src/call/phases'
import { WaitingStatus } from '../src/call/waiting-status'
import { addressed } from '../src/entrance'
import { viewOf } from '../src/view-of'
import { participant } from './samples'

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
