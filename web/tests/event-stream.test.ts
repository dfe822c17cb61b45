import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { StreamEvent } from '../src/api/types'
import { EventStream } from '../src/call/event-stream'
import { FakeSocket } from './fakes'

let sockets: FakeSocket[]
let heard: (number | string)[]
let told: string[]
let stream: EventStream

beforeEach(() => {
  vi.useFakeTimers()
  sockets = []
  heard = []
  told = []
  stream = new EventStream(
    () => '',
    {
      event: (event: StreamEvent) => heard.push('seq' in event ? event.seq : event.type),
      hidden: () => heard.push('hidden'),
      alive: (alive) => told.push(alive ? 'alive' : 'lost'),
      final: (code) => told.push(`final ${code}`),
    },
    (url) => {
      const socket = new FakeSocket(url)
      sockets.push(socket)
      return socket as unknown as WebSocket
    },
  )
  stream.open((after) => `p1?after=${after ?? ''}`)
  sockets[0]!.accept()
  sockets[0]!.say({ type: 'snapshot', seq: 4 })
})

afterEach(() => {
  stream.close()
  vi.useRealTimers()
})

test('resumes after the last number heard, also of what it may not see', () => {
  sockets[0]!.say({ seq: 5 })
  sockets[0]!.drop()
  vi.advanceTimersByTime(300)
  expect(sockets[1]!.url).toBe('p1?after=5')
  expect(heard).toEqual([4, 'hidden'])
  expect(told).toEqual(['alive', 'lost'])
})

test('what is unnumbered is heard without a place in the order', () => {
  sockets[0]!.say({ type: 'permissions', permissions: [], over: {} })
  sockets[0]!.say({ type: 'heartbeat' })
  sockets[0]!.say({ type: 'track_closed', seq: 5, trackName: 'x' })
  expect(heard).toEqual([4, 'permissions', 5])
})

test('a gap is never skipped: it starts over from a snapshot', () => {
  sockets[0]!.say({ type: 'track_closed', seq: 7, trackName: 'x' })
  expect(heard).toEqual([4])
  expect(sockets[1]!.url).toBe('p1?after=')
})

test('what was heard before is not told twice', () => {
  sockets[0]!.say({ type: 'track_closed', seq: 4, trackName: 'x' })
  expect(heard).toEqual([4])
  expect(sockets).toHaveLength(1)
})

test('carries over to another participant without losing its place', () => {
  stream.open((after) => `p2?after=${after ?? ''}`)
  expect(sockets[0]!.readyState).toBe(3)
  expect(sockets[1]!.url).toBe('p2?after=4')
})

test('a socket that fell silent is given up', () => {
  vi.advanceTimersByTime(20_000)
  expect(sockets).toHaveLength(1)
  expect(sockets[0]!.sent).toEqual([{ type: 'heartbeat' }, { type: 'heartbeat' }])
  vi.advanceTimersByTime(10_500)
  expect(told).toEqual(['alive', 'lost'])
  expect(sockets).toHaveLength(2)
})

test.each([4401, 4403, 4404, 4409, 4410])('after %i it does not knock again', (code) => {
  sockets[0]!.drop(code)
  vi.advanceTimersByTime(60_000)
  expect(told).toEqual(['alive', `final ${code}`])
  expect(sockets).toHaveLength(1)
})

test('hurries when the network comes back', () => {
  for (let tries = 0; tries < 6; tries++) {
    sockets.at(-1)!.drop()
    vi.advanceTimersByTime(5_000)
  }
  const before = sockets.length
  sockets.at(-1)!.drop()
  stream.hurry()
  expect(sockets).toHaveLength(before + 1)
})
