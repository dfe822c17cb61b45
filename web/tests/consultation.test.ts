import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ApiProblem } from '../src/api/problem'
import { Consultation } from '../src/call/consultation'
import { FakeMedia, FakePeerConnection, FakeServer, FakeSocket } from './fakes'
import { participant, PATIENT, session, track } from './samples'

const doctor = participant('worker', 'd1')
let server: FakeServer
let media: FakeMedia
let peers: FakePeerConnection[]
let sockets: FakeSocket[]
let consultation: Consultation

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 })
  vi.spyOn(Math, 'random').mockReturnValue(1)
  server = new FakeServer(session('active', [doctor]))
  media = new FakeMedia()
  peers = []
  sockets = []
  consultation = meet()
})

afterEach(() => {
  consultation.close()
  vi.restoreAllMocks()
  vi.useRealTimers()
})

function meet(): Consultation {
  return new Consultation(
    server.asApi(),
    PATIENT,
    server.current,
    media,
    { changed: () => undefined, noticed: () => undefined, refused: () => undefined },
    {
      newPeerConnection: () => keep(peers, new FakePeerConnection()) as unknown as RTCPeerConnection,
      newSocket: (url) => keep(sockets, new FakeSocket(url)) as unknown as WebSocket,
    },
  )
}

function keep<T>(list: T[], item: T): T {
  list.push(item)
  return item
}

const settle = () => vi.advanceTimersByTimeAsync(0)
const newest = () => peers.slice(-2)

/** The pair of peer connections made last reports the same state. */
async function become(state: RTCPeerConnectionState): Promise<void> {
  for (const peer of newest()) peer.become(state)
  await settle()
}

async function present(): Promise<void> {
  void consultation.join()
  await settle()
  sockets.at(-1)!.accept()
  sockets.at(-1)!.say({ type: 'snapshot', seq: 1, session: server.current, tracks: [track(doctor, 'video')] })
  await settle()
  await become('connected')
  expect(consultation.phase).toBe('present')
}

test('publishes microphone and camera under their granted names and receives what others publish', async () => {
  await present()
  expect(server.calls).toContain('publish me-1 0=my-audio 1=my-video')
  expect(server.calls).toContain('subscribe me-1 worker-5-video-1')
  expect(consultation.received.has('worker-5-video-1')).toBe(true)
})

test('one whose microphone the server had to close at its source comes in again', async () => {
  await present()
  const own = { ...track(participant('patient', 'me-1'), 'audio'), participantId: 'me-1' }
  sockets.at(-1)!.say({ type: 'track_published', seq: 2, track: own })
  await settle()
  sockets.at(-1)!.say({ type: 'track_closed', seq: 3, trackName: own.trackName, reason: 'closed' })
  await settle()
  expect(consultation.phase).toBe('reconnecting')
  expect(server.calls.filter((call) => call.startsWith('join'))).toHaveLength(2)
})

test('a scheduled session is opened first', async () => {
  server.current = session('scheduled')
  consultation = meet()
  await present()
  expect(server.calls.slice(0, 2)).toEqual(['create', 'join'])
})

test('what the check page has learnt lets it subscribe at once, on the offer made there', async () => {
  consultation.prepare()
  sockets[0]!.accept()
  sockets[0]!.say({ type: 'snapshot', seq: 1, session: server.current, tracks: [track(doctor, 'audio')] })
  expect(peers).toHaveLength(2)
  void consultation.join()
  await settle()
  expect(peers).toHaveLength(2)
  expect(server.calls.some((call) => call.startsWith('subscribe me-1'))).toBe(true)
  expect(sockets[1]!.url).toBe('ws:me-1:1')
})

test('a connection that is disconnected for a second is replaced', async () => {
  await present()
  await become('disconnected')
  await vi.advanceTimersByTimeAsync(900)
  expect(server.joins).toBe(1)
  await vi.advanceTimersByTimeAsync(200)
  expect(server.joins).toBe(2)
  expect(consultation.phase).toBe('reconnecting')
  await become('connected')
  expect(consultation.phase).toBe('present')
  expect(consultation.trouble).toBeUndefined()
})

test('a connection that mends itself is left alone', async () => {
  await present()
  await become('disconnected')
  await become('connected')
  await vi.advanceTimersByTimeAsync(5_000)
  expect(server.joins).toBe(1)
})

test('one of the two connections failing is enough', async () => {
  await present()
  newest()[1]!.become('failed')
  await settle()
  expect(server.joins).toBe(2)
})

test('a path that died is replaced before the browser says so', async () => {
  await present()
  await vi.advanceTimersByTimeAsync(5_000)
  Object.assign(newest()[1]!, { answers: false, flows: false })
  await vi.advanceTimersByTimeAsync(2_000)
  expect(server.joins).toBe(1)
  await vi.advanceTimersByTimeAsync(2_000)
  expect(server.joins).toBe(2)
  expect(consultation.trouble?.cause).toBe('media')
  await become('connected')
  await vi.advanceTimersByTimeAsync(30_000)
  expect(server.joins).toBe(2)
})

test.each([
  ['answers to consent checks alone', { flows: false }],
  ['feedback alone', { answers: false }],
])('%s keep a quiet call up', async (_, quiet) => {
  await present()
  for (const peer of newest()) Object.assign(peer, quiet)
  await vi.advanceTimersByTimeAsync(120_000)
  expect(consultation.phase).toBe('present')
  expect(server.joins).toBe(1)
})

test('offline waits for online and keeps counting from the first second', async () => {
  await present()
  consultation.network(false)
  server.down = true
  await vi.advanceTimersByTimeAsync(30_000)
  expect(consultation.trouble).toEqual({ cause: 'offline', since: 1_000_000 })
  expect(server.joins).toBe(1)
  server.down = false
  consultation.network(true)
  await settle()
  expect(server.joins).toBe(2)
})

test('an unreachable server is asked again and again, never more than five seconds apart', async () => {
  await present()
  server.down = true
  newest()[0]!.become('failed')
  await vi.advanceTimersByTimeAsync(60_000)
  expect(consultation.phase).toBe('reconnecting')
  server.down = false
  await vi.advanceTimersByTimeAsync(5_000)
  expect(server.joins).toBe(2)
})

test('a connection that never comes up is given up after seven seconds', async () => {
  void consultation.join()
  await vi.advanceTimersByTimeAsync(7_400)
  expect(server.joins).toBe(2)
  expect(consultation.trouble?.cause).toBe('media')
})

test('taken over by another page: it says so instead of fighting', async () => {
  await present()
  server.current = session('active', [doctor, participant('patient', 'me-elsewhere')])
  sockets.at(-1)!.drop(4409)
  await settle()
  expect(consultation.phase).toBe('elsewhere')
  expect(media.stopped).toBe(false)
  expect(server.joins).toBe(1)
})

test('stale by its own silence: it joins again', async () => {
  await present()
  server.current = session('active', [doctor])
  sockets.at(-1)!.drop(4409)
  await settle()
  expect(server.joins).toBe(2)
})

test('the stream lost for three seconds is said, while the media go on', async () => {
  await present()
  sockets.at(-1)!.drop()
  for (let tries = 0; tries < 5; tries++) {
    await vi.advanceTimersByTimeAsync(600)
    sockets.at(-1)!.drop()
  }
  await vi.advanceTimersByTimeAsync(100)
  expect(consultation.phase).toBe('present')
  expect(consultation.trouble?.cause).toBe('server')
  expect(server.joins).toBe(1)
})

test('the end closes everything and gives the camera back', async () => {
  await present()
  sockets.at(-1)!.say({ type: 'session_status', seq: 2, status: 'ended', session: session('ended') })
  expect(consultation.phase).toBe('over')
  expect(media.stopped).toBe(true)
  expect(newest().map((peer) => peer.connectionState)).toEqual(['closed', 'closed'])
})

test('after an end one comes back into a session that is created for it', async () => {
  await present()
  server.current = session('ended')
  sockets.at(-1)!.say({ type: 'session_status', seq: 2, status: 'ended', session: server.current })
  server.calls = []
  void consultation.join()
  await settle()
  expect(server.calls.slice(0, 2)).toEqual(['create', 'join'])
})

test('a right that is refused is not asked for again', async () => {
  server.refuse = new ApiProblem(403, 'forbidden', '', 'locked')
  await consultation.join()
  expect(consultation.phase).toBe('refused')
  await vi.advanceTimersByTimeAsync(30_000)
  expect(server.joins).toBe(0)
})

test('leaving tells the server which participant has left', async () => {
  await present()
  await consultation.leave()
  expect(consultation.phase).toBe('left')
  expect(server.calls.at(-1)).toBe('leave me-1')
})

test('out of a locked session one learns that it is open, or over', async () => {
  server.refuse = new ApiProblem(403, 'forbidden', '', 'locked')
  await consultation.join()
  server.refuse = undefined
  server.current = { ...session('active', [doctor]), locked: true }
  expect(await consultation.lookAgain()).toBe(false)
  expect(consultation.phase).toBe('refused')
  server.current = session('active', [doctor])
  expect(await consultation.lookAgain()).toBe(true)
  server.current = { ...session('ended'), locked: true }
  expect([await consultation.lookAgain(), consultation.phase]).toEqual([false, 'over'])
})
