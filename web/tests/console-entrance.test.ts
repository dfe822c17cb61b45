import { afterEach, expect, test, vi } from 'vitest'
import { at } from './console-setting'
import { isLive } from '../src/console/admin/key-rows'
import type { ApiKey } from '../src/console/admin/keys-api'
import { ask } from '../src/console/ask'
import { isLoginOver } from '../src/console/console-page'
import { endedBy, takeLoginError, takeSetupToken } from '../src/console/entrance'
import { providerPath } from '../src/console/login/login-api'
import { routeOf } from '../src/console/router'
import { ApiProblem } from '../src/api/problem'

/** An address bar: what stands in it, and what the tab's history keeps. */
function visit(address: string): { address: string; state: unknown } {
  const bar = { address, state: null as unknown }
  vi.stubGlobal('location', new URL(address))
  vi.stubGlobal('history', {
    get state() {
      return bar.state
    },
    replaceState: (state: unknown, _: string, path: string) => {
      bar.state = state
      bar.address = new URL(path, address).href
      vi.stubGlobal('location', new URL(bar.address))
    },
  })
  return bar
}

afterEach(() => vi.unstubAllGlobals())

test('a setup link leaves no token in the address, and a reload still has it', () => {
  const bar = visit('https://clinic.example/console/setup#token=once')
  expect(takeSetupToken()).toBe('once')
  expect(bar.address).toBe('https://clinic.example/console/setup')
  expect(takeSetupToken()).toBe('once')
})

test('a token elsewhere is none of a setup', () => {
  visit('https://clinic.example/console#token=once')
  expect(takeSetupToken()).toBeUndefined()
})

test("the provider's refusal is taken out of the address, the rest stays", () => {
  const bar = visit('https://clinic.example/console?day=2026-11-23&loginError=oidc_claims')
  expect(takeLoginError()).toBe('oidc_claims')
  expect(bar.address).toBe('https://clinic.example/console?day=2026-11-23')
  expect(takeLoginError()).toBeUndefined()
})

test('the provider brings one back to where one was', () => {
  expect(providerPath('/console/sessions/s1?x=1&y')).toBe(
    '/api/login/oidc/start?return=%2Fconsole%2Fsessions%2Fs1%3Fx%3D1%26y',
  )
})

test('each page has its address', () => {
  const page = (pathname: string) => routeOf({ pathname, search: '' }).page
  expect(['/console/account', '/console/people/', '/console/keys', '/console/setup'].map(page)).toEqual([
    'account',
    'people',
    'keys',
    'setup',
  ])
  expect(['/console', '/console/keys/1', '/console/sessions/keys'].map(page)).toEqual(['day', 'day', 'session'])
})

test('why a console closed is told apart', () => {
  expect(['idle', 'blocked', 'account_blocked', 'revoked', '', undefined].map((reason) => endedBy(reason))).toEqual([
    'logged-off',
    'blocked',
    'blocked',
    'login-over',
    'login-over',
    'login-over',
  ])
})

test('a wrong password on an open page does not close the console', () => {
  expect(isLoginOver(new ApiProblem(401, 'login_refused', ''))).toBe(false)
  expect(isLoginOver(new ApiProblem(401, 'login_expired', ''))).toBe(true)
  expect(isLoginOver(new ApiProblem(403, 'forbidden', ''))).toBe(false)
})

test('reading is said to be background, writing is not', async () => {
  const sent: Record<string, string>[] = []
  vi.stubGlobal('fetch', (_: string, init: RequestInit) => {
    sent.push(init.headers as Record<string, string>)
    return Promise.resolve(new Response('{}'))
  })
  await ask('GET', '/api/logins', undefined, 'l1')
  await ask('POST', '/api/logins/current/activity', undefined, 'l1')
  await ask('GET', '/api/login/methods')
  expect(sent).toEqual([{ 'Shinsatsu-Login': 'l1', 'Shinsatsu-Background': '1' }, { 'Shinsatsu-Login': 'l1' }, {}])
})

test('a key that expired or was revoked opens nothing', () => {
  const key = { revokedAt: null, expiresAt: null } as ApiKey
  const year = 365 * 24 * 60
  expect(isLive(key)).toBe(true)
  expect(isLive({ ...key, expiresAt: at(100 * year) })).toBe(true)
  expect(isLive({ ...key, expiresAt: at(-100 * year) })).toBe(false)
  expect(isLive({ ...key, revokedAt: at(0) })).toBe(false)
})
