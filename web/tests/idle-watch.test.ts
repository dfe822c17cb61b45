import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { at, booked, NOON, person } from './console-setting'
import type { Login } from '../src/console/console-api'
import { IdleWatch, type SharedMoment } from '../src/console/idle/idle-watch'
import { isInCall } from '../src/console/idle/in-call'

const MINUTE = 60_000

/** A real input event's look; scripts cannot make one that is trusted, so neither can a test but by saying so. */
class Input extends Event {
  override get isTrusted(): boolean {
    return true
  }
}

let reports: number
let overs: number
let inCall: boolean
let refuse: boolean
let told: SharedMoment
let target: EventTarget
let watch: IdleWatch

function newWatch(on: EventTarget): IdleWatch {
  const handlers = {
    report: () => {
      reports++
      return refuse ? Promise.reject(new Error('down')) : Promise.resolve()
    },
    inCall: () => inCall,
    changed: () => undefined,
    over: () => overs++,
  }
  return new IdleWatch(15 * MINUTE, handlers, told, on)
}

beforeEach(() => {
  vi.useFakeTimers({ now: NOON })
  reports = overs = 0
  inCall = refuse = false
  let moment: number | undefined
  told = { read: () => moment, write: (now) => (moment = now) }
  target = new EventTarget()
  watch = newWatch(target)
  watch.start()
})

afterEach(() => {
  watch.stop()
  vi.useRealTimers()
})

const pass = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds)
const press = () => target.dispatchEvent(new Input('keydown'))

test('input is reported at most once a minute, and none of it is lost', async () => {
  await pass(5_000)
  for (let n = 0; n < 20; n++) press()
  await pass(50_000)
  expect(reports).toBe(0)
  await pass(10_000)
  expect(reports).toBe(1)
  await pass(10 * MINUTE)
  expect(reports).toBe(1)
})

test('warns a minute before, counts down, and ends', async () => {
  await pass(14 * MINUTE - 2_000)
  expect(watch.left).toBeUndefined()
  await pass(2_000)
  expect(watch.left).toBe(60)
  await pass(30_000)
  expect(watch.left).toBe(30)
  expect(overs).toBe(0)
  await pass(30_000)
  expect(overs).toBe(1)
  await pass(MINUTE)
  expect(overs).toBe(1)
})

test('any input while it warns stays logged in', async () => {
  await pass(14 * MINUTE + 20_000)
  press()
  await pass(0)
  expect(watch.left).toBeUndefined()
  expect(reports).toBe(1)
  await pass(14 * MINUTE - 2_000)
  expect(watch.left).toBeUndefined()
  expect(overs).toBe(0)
})

test('what a script does is no input', async () => {
  await pass(14 * MINUTE + 30_000)
  target.dispatchEvent(new Event('pointerdown'))
  await pass(30_000)
  expect(reports).toBe(0)
  expect(overs).toBe(1)
})

test('input that the server could not be told of is told again, and does not keep the login by itself', async () => {
  refuse = true
  await pass(2 * MINUTE)
  press()
  await pass(3_000)
  expect(reports).toBeGreaterThan(1)
  refuse = false
  await pass(2_000)
  const before = reports
  await pass(MINUTE)
  expect(reports).toBe(before)
  refuse = true
  await pass(2 * MINUTE)
  press()
  await pass(15 * MINUTE)
  expect(overs).toBe(1)
})

test('nobody is logged off while in a call, and the time begins anew after it', async () => {
  inCall = true
  await pass(40 * MINUTE)
  expect(overs).toBe(0)
  expect(watch.left).toBeUndefined()
  inCall = false
  await pass(13 * MINUTE)
  expect(watch.left).toBeUndefined()
  await pass(2 * MINUTE)
  expect(overs).toBe(1)
})

test('another tab of the same login keeps this one', async () => {
  const otherTarget = new EventTarget()
  const other = newWatch(otherTarget)
  other.start()
  await pass(10 * MINUTE)
  otherTarget.dispatchEvent(new Input('wheel'))
  await pass(10 * MINUTE)
  expect(overs).toBe(0)
  other.stop()
})

test('a machine that slept through the time is not woken into an open console', async () => {
  vi.setSystemTime(NOON.getTime() + 60 * MINUTE)
  press()
  expect(overs).toBe(1)
  expect(reports).toBe(0)
})

test('being connected to an open consultation is being in a call', () => {
  const login = { userType: 'worker', userId: 1 } as Login
  const doctor = person('D', { userType: 'worker', userId: 1 })
  const session = booked('s', { status: 'active', participants: [doctor] }, at(0))
  expect(isInCall(login, [session])).toBe(true)
  expect(isInCall(login, [{ ...session, status: 'ended' }])).toBe(false)
  expect(isInCall(login, [{ ...session, participants: [{ ...doctor, connected: false }] }])).toBe(false)
  expect(isInCall({ ...login, userId: 2 }, [session])).toBe(false)
  // A patient may have the same number.
  expect(isInCall({ ...login, userType: 'patient' }, [session])).toBe(false)
})
