import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { at, booked, FakeConsole, NOON, waiting } from './console-setting'
import { ApiProblem, NetworkProblem } from '../src/api/problem'
import { dayOf, shifted } from '../src/console/day'
import { Desk } from '../src/console/desk'
import { noteServerTime, now } from '../src/api/server-time'
import { FakeSocket } from './fakes'

let server: FakeConsole
let sockets: FakeSocket[]
let arrived: string[]
let refused: number
let desk: Desk

beforeEach(() => {
  vi.useFakeTimers({ now: NOON })
  server = new FakeConsole()
  sockets = []
  arrived = []
  refused = 0
  desk = new Desk(
    server.asApi(),
    {
      changed: () => undefined,
      arrived: (session, participant) => arrived.push(`${session.id} ${participant.displayName}`),
      refused: () => refused++,
    },
    (url) => {
      const socket = new FakeSocket(url)
      sockets.push(socket)
      return socket as unknown as WebSocket
    },
  )
})

afterEach(() => {
  desk.stop()
  vi.useRealTimers()
})

async function settled(): Promise<void> {
  await vi.advanceTimersByTimeAsync(0)
}

async function open(): Promise<void> {
  desk.start()
  sockets[0]!.accept()
  await settled()
}

function stream(session: object): void {
  sockets.at(-1)!.onmessage?.({ data: JSON.stringify({ type: 'session', session }) })
}

const ids = () => desk.ofTheDay.map((session) => session.id).sort()

test('shows the day, and what is open from other days', async () => {
  const yesterday = booked('old', {}, at(-24 * 60))
  server.list = [booked('today'), yesterday, { ...waiting('night', at(-5)), appointment: yesterday.appointment }]
  await open()
  expect(desk.state).toBe('loaded')
  expect(desk.link).toBe('live')
  expect(ids()).toEqual(['night', 'today'])
  desk.show(shifted(desk.today, -1))
  await settled()
  expect(ids()).toEqual(['night', 'old'])
})

test('reads a day of more sessions than one answer holds, many at the same moment', async () => {
  server.list = Array.from({ length: 500 }, (_, n) => booked(`s${n}`, {}, at(Math.floor(n / 90))))
  await open()
  expect(desk.ofTheDay).toHaveLength(500)
})

test('a patient who begins to wait is told of once', async () => {
  server.list = [waiting('there', at(-3)), booked('s')]
  await open()
  expect(arrived).toEqual([])
  stream({ ...waiting('s', at(0), 'A'), version: 2 })
  stream({ ...waiting('s', at(0), 'A'), version: 3 })
  expect(arrived).toEqual(['s A'])
  expect(desk.waiting).toBe(2)
})

test('whoever came while the stream was lost is told of when it is back', async () => {
  server.list = [booked('s')]
  await open()
  sockets[0]!.drop()
  server.list = [{ ...waiting('s', at(1), 'A'), version: 2 }]
  await vi.advanceTimersByTimeAsync(400)
  sockets[1]!.accept()
  await settled()
  expect(arrived).toEqual(['s A'])
})

test('an older state never replaces a newer one', async () => {
  server.list = [booked('s', { version: 5, locked: true })]
  await open()
  stream(booked('s', { version: 4 }))
  expect(desk.sessions.get('s')!.locked).toBe(true)
})

test('what the stream brings while a list is on its way stays', async () => {
  await open()
  const loading = desk.reload()
  stream(booked('fresh'))
  await loading
  expect(ids()).toEqual(['fresh'])
})

test('what is gone from the list is gone', async () => {
  server.list = [booked('s'), waiting('w', at(0))]
  await open()
  server.list = [booked('s')]
  await desk.reload()
  expect(ids()).toEqual(['s'])
})

test('a lost stream keeps the list, says how old it is, and asks again by itself', async () => {
  server.list = [booked('s')]
  await open()
  sockets[0]!.drop()
  const lostAt = now()
  expect(desk.link).toBe('lost')
  await vi.advanceTimersByTimeAsync(200)
  expect(ids()).toEqual(['s'])
  expect(desk.freshAt).toBe(lostAt)
  server.list = [booked('s'), booked('new')]
  for (let tries = 0; tries < 8; tries++) {
    await vi.advanceTimersByTimeAsync(5_000)
    if (sockets.at(-1)!.readyState !== 3) sockets.at(-1)!.drop()
  }
  await settled()
  expect(ids()).toEqual(['new', 's'])
  expect(desk.freshAt).toBeGreaterThan(lostAt)
})

test('without a stream the list comes all the same', async () => {
  server.list = [booked('s')]
  desk.start()
  await vi.advanceTimersByTimeAsync(1_000)
  expect(ids()).toEqual(['s'])
})

test('a list that cannot be had is said to have failed, and can be tried again', async () => {
  server.refuse = new NetworkProblem('down')
  await open()
  expect(desk.state).toBe('failed')
  server.refuse = undefined
  desk.hurry()
  await settled()
  expect(desk.state).toBe('loaded')
})

test('a login that has ended closes the console, by the list or by the stream', async () => {
  server.refuse = new ApiProblem(401, 'unauthenticated', '')
  await open()
  expect(refused).toBe(1)
  sockets[0]!.drop(4401)
  expect(refused).toBe(2)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(sockets).toHaveLength(1)
})

test('at midnight the page turns over to the new day', async () => {
  await open()
  vi.setSystemTime(new Date(2026, 10, 24, 0, 0, 5))
  server.list = [booked('tomorrow', {}, new Date(2026, 10, 24, 9).toISOString())]
  desk.noticeToday()
  await settled()
  expect(desk.day).toBe('2026-11-24')
  expect(ids()).toEqual(['tomorrow'])
})

test('the stream beats, and one that fell silent is given up', async () => {
  await open()
  await vi.advanceTimersByTimeAsync(20_000)
  expect(sockets[0]!.sent).toEqual([{ type: 'heartbeat' }, { type: 'heartbeat' }])
  await vi.advanceTimersByTimeAsync(10_500)
  expect(sockets.length).toBeGreaterThan(1)
})

test('the search brings other days without ringing', async () => {
  await open()
  server.list = [waiting('w', at(0)), booked('far', {}, at(60 * 24 * 9))]
  expect((await desk.find('佐藤')).sort()).toEqual(['far', 'w'])
  expect(arrived).toEqual([])
  expect(desk.sessions.get('far')).toBeDefined()
})

test('a wrong clock does not change how long somebody has waited', () => {
  noteServerTime(new Date(NOON.getTime() + 3_600_000).toUTCString())
  expect(dayOf(now())).toBe(dayOf(NOON.getTime() + 3_600_000))
  expect(Math.round((now() - NOON.getTime()) / 60_000)).toBe(60)
  noteServerTime(new Date(NOON.getTime() + 1_000).toUTCString())
  expect(now()).toBe(NOON.getTime())
})
