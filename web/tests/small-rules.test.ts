import { expect, test } from 'vitest'
import { ApiProblem, isTransient, NetworkProblem, problemOf } from '../src/api/problem'
import { backoffDelay } from '../src/call/backoff'
import { linkState, worse } from '../src/call/media-connection'
import { loudness } from '../src/media/level'
import { helpFor } from '../src/media/permission-help'
import { shortcutOf } from '../src/pages/shortcuts'

test('the backoff doubles from 0.3 s to 5 s and is scattered over its upper half', () => {
  expect([0, 1, 2, 3, 4, 5, 9].map((attempt) => backoffDelay(attempt, () => 1))).toEqual([
    300, 600, 1200, 2400, 4800, 5000, 5000,
  ])
  expect(backoffDelay(2, () => 0)).toBe(600)
})

test('the worse of two links decides, and a closed one has failed', () => {
  expect(worse('connected', 'connecting')).toBe('connecting')
  expect(worse('disconnected', 'connecting')).toBe('disconnected')
  expect(linkState('closed')).toBe('failed')
  expect(linkState('new')).toBe('connecting')
})

test('a problem is read with its code, and a stranger’s page still has one', async () => {
  const known = new Response('{"code":"not_admitted","reason":"x","detail":"d"}', { status: 403 })
  expect(await problemOf(known)).toMatchObject({ status: 403, code: 'not_admitted', reason: 'x' })
  expect(await problemOf(new Response('<html>', { status: 502 }))).toMatchObject({ code: 'http_502' })
})

test('silence, overload and trouble of the server are worth another try; a refusal is not', () => {
  expect(isTransient(new NetworkProblem('x'))).toBe(true)
  expect(isTransient(new ApiProblem(503, 'media_plane_unavailable', ''))).toBe(true)
  expect(isTransient(new ApiProblem(429, 'rate_limited', ''))).toBe(true)
  expect(isTransient(new ApiProblem(403, 'forbidden', ''))).toBe(false)
})

test('silence has no loudness, a full tone has all of it', () => {
  expect(loudness(new Uint8Array(64).fill(128))).toBe(0)
  expect(loudness(new Uint8Array(64).map((_, i) => (i % 2 ? 255 : 0)))).toBe(1)
})

test('the help for a refusal fits the browser', () => {
  const iphone = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 Version/18.0 Safari/604'
  const mac = 'Mozilla/5.0 (Macintosh) AppleWebKit/605 (KHTML) Version/18.0 Safari/605'
  expect(helpFor('refused', iphone)).toBe('help-refused-ios')
  expect(helpFor('refused', mac)).toBe('help-refused-safari')
  expect(helpFor('inUse', iphone)).toBe('help-inUse')
})

test('single keys act, but never with a modifier or while typing', () => {
  const press = (key: string, more: object = {}) =>
    shortcutOf({ key, target: null, ...more } as unknown as KeyboardEvent)
  expect(press('m')).toBe('microphone')
  expect(press('M')).toBe('microphone')
  expect(press('?')).toBe('keys')
  expect(press('Escape')).toBe('escape')
  expect(press('x')).toBeUndefined()
  expect(press('s', { ctrlKey: true })).toBeUndefined()
  expect(press('m', { target: { closest: () => ({}) } })).toBeUndefined()
})
