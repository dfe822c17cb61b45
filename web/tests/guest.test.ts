import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { StreamEvent } from '../src/api/types'
import { Consultation } from '../src/call/consultation'
import { FakeMedia, FakePeerConnection, FakeServer, FakeSocket } from './fakes'
import { participant, PATIENT, session } from './samples'

const GUEST = { ...PATIENT, grantId: 'g-guest', userId: -9, displayName: '家族 一郎' }
const me = participant('patient', 'me-1', { userId: -9, relation: 'guest', guestKind: 'family', admission: 'waiting' })
const RIGHTS = { permissions: [{ action: 'create', allowed: false }], over: {} }

let server: FakeServer
let sockets: FakeSocket[]
let media: FakeMedia
let consultation: Consultation

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 })
  server = new FakeServer({ ...session('scheduled'), you: RIGHTS })
  sockets = []
  media = new FakeMedia()
  consultation = new Consultation(
    server.asApi(),
    GUEST,
    server.current,
    media,
    { changed: () => undefined, noticed: () => undefined, refused: () => undefined },
    {
      newPeerConnection: () => new FakePeerConnection() as unknown as RTCPeerConnection,
      newSocket: (url) => {
        sockets.push(new FakeSocket(url))
        return sockets.at(-1) as unknown as WebSocket
      },
    },
  )
})

afterEach(() => {
  consultation.close()
  vi.useRealTimers()
})

const settle = () => vi.advanceTimersByTimeAsync(0)

async function wait(): Promise<void> {
  server.admission = 'waiting'
  server.current = { ...session('waiting', [me]), you: RIGHTS }
  void consultation.join()
  await settle()
  sockets.at(-1)!.accept()
  sockets.at(-1)!.say({ type: 'snapshot', seq: 1, session: server.current, tracks: [] } as StreamEvent)
  await settle()
  expect(consultation.phase).toBe('waiting')
}

test('a guest opens no session: they come once it is open, as soon as looking again finds it so', async () => {
  void consultation.join()
  await settle()
  expect(consultation.phase).toBe('refused')
  expect(server.calls).not.toContain('create')
  expect(await consultation.lookAgain()).toBe(false)
  server.current = { ...session('waiting'), you: RIGHTS }
  expect(await consultation.lookAgain()).toBe(true)
})

test('whose link was taken back is told so, and does not come in again by itself', async () => {
  await wait()
  sockets.at(-1)!.drop(4401, 'revoked')
  await settle()
  expect(consultation.phase).toBe('revoked')
  await vi.advanceTimersByTimeAsync(60_000)
  expect(server.calls.filter((call) => call === 'join')).toHaveLength(1)
})

test('a stream that closes for good for another reason is looked into, not taken for a revocation', async () => {
  await wait()
  sockets.at(-1)!.drop(4401, 'unauthenticated')
  await settle()
  expect(consultation.phase).not.toBe('revoked')
  expect(server.calls).toContain('session')
})

test('a guest who is withdrawn hears it from the room, too', async () => {
  await wait()
  sockets.at(-1)!.say({
    type: 'participant_left',
    seq: 2,
    participantId: 'me-1',
    userType: 'patient',
    userId: -9,
    displayName: '家族 一郎',
    reason: 'withdrawn',
  })
  expect(consultation.phase).toBe('revoked')
})

test('a guest who may only see and hear sends nothing, whatever is pressed, and comes in by what they receive', async () => {
  const doctor = participant('worker', 'd1')
  const silent = { permissions: [{ action: 'unmute', allowed: false }], over: {} }
  server.permissions = silent.permissions
  server.admission = 'admitted'
  server.current = { ...session('active', [doctor, { ...me, admission: 'admitted' }]), you: silent }
  void consultation.join()
  await settle()
  expect(consultation.phase).toBe('present')
  expect(server.calls.filter((call) => call.startsWith('publish'))).toEqual([])
  await consultation.switches.set('audio', true)
  expect([media.audioMuted, media.videoMuted]).toEqual([true, true])
})

test('allowed to speak after all, the guest comes in again with a microphone and a camera', async () => {
  server.permissions = [{ action: 'unmute', allowed: false }]
  server.current = { ...session('active', [{ ...me, admission: 'admitted' }]), you: RIGHTS }
  server.admission = 'admitted'
  void consultation.join()
  await settle()
  sockets.at(-1)!.accept()
  server.permissions = [{ action: 'unmute', allowed: true }]
  sockets.at(-1)!.say({ type: 'permissions', permissions: server.permissions, over: {} })
  await settle()
  expect(server.calls.filter((call) => call.startsWith('publish'))).toHaveLength(1)
})

test('what nobody may do before a session is open switches nobody’s microphone off', async () => {
  consultation.prepare()
  sockets.at(-1)!.accept()
  sockets.at(-1)!.say({ type: 'permissions', permissions: [{ action: 'unmute', allowed: false }], over: {} })
  await settle()
  expect([consultation.listensOnly, media.audioMuted, media.videoMuted]).toEqual([false, false, false])
})
