import { beforeEach, expect, test } from 'vitest'
import { AccessList } from '../src/access-list'
import { AccessApi, type Ask, type Guest, type Invitation } from '../src/api/access'

const GUEST: Guest = {
  userType: 'patient',
  userId: -9,
  displayName: '家族 一郎',
  kind: 'family',
  withhold: ['share_screen'],
  invitedAt: '2026-11-23T05:30:00.000Z',
  revokedAt: null,
}
const INVITATION = { invitationId: 'i1', displayName: '試験 花子', wrongTries: 5, state: 'locked' } as Invitation

let asked: string[]
let refuse: Error | undefined
let guests: Guest[]
let list: AccessList

const ask: Ask = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
  asked.push([method, path, body === undefined ? '' : JSON.stringify(body)].join(' ').trim())
  if (refuse) throw refuse
  return { guests, links: [], invitations: [INVITATION] } as T
}

beforeEach(() => {
  asked = []
  refuse = undefined
  guests = [GUEST, { ...GUEST, userId: -10, revokedAt: '2026-11-23T05:31:00.000Z' }]
  list = new AccessList(new AccessApi(ask), () => undefined)
})

test('the welcome and the locked are what was read', async () => {
  await list.read()
  expect(list.state).toBe('read')
  expect(list.welcome).toEqual([GUEST])
  expect(list.locked).toEqual([INVITATION])
})

test('asked again while it reads, it reads once more', async () => {
  await Promise.all([list.read(), list.read(), list.read()])
  expect(asked.filter((one) => one === 'GET /guests')).toHaveLength(2)
})

test('a list that cannot be read says so, but keeps what it knew', async () => {
  refuse = new Error('down')
  await list.read()
  expect(list.state).toBe('failed')
  refuse = undefined
  await list.read()
  refuse = new Error('down')
  await list.read()
  expect([list.state, list.welcome.length]).toEqual(['read', 1])
})

test('a command runs once at a time, then the lists are read; what stood in its way is kept', async () => {
  const withdraw = () => list.run('withdraw -9', () => list.api.withdrawGuest(GUEST))
  await Promise.all([withdraw(), withdraw()])
  expect(asked.filter((one) => one === 'DELETE /guests/-9')).toHaveLength(1)
  expect(asked.at(-1)).toBe('GET /invitations')
  expect(list.isRunning('withdraw -9')).toBe(false)
  refuse = new Error('gone')
  await withdraw()
  expect(list.problem).toBe(refuse)
})

test('each way in is asked for as the protocol writes it', async () => {
  const api = new AccessApi(ask)
  const patient = { userType: 'patient', userId: 5 } as const
  await api.mintLink({ ...patient, displayName: 'never sent' } as never)
  await api.invite({ ...patient, check: 'code', deliverTo: { kind: 'mail', address: 'a@b.example' } })
  await api.inviteGuest({ displayName: '通訳', kind: 'interpreter', withhold: [] })
  await api.unlockInvitation('i/1')
  expect(asked).toEqual([
    'POST /links {"userType":"patient","userId":5}',
    'POST /invitations {"userType":"patient","userId":5,"check":"code","deliverTo":{"kind":"mail","address":"a@b.example"}}',
    'POST /guests {"displayName":"通訳","kind":"interpreter","withhold":[]}',
    'POST /invitations/i%2F1/unlock',
  ])
})
