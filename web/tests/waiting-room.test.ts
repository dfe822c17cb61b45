import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ApiProblem } from '../src/api/problem'
import type { Admission, SessionParticipant, StreamEvent } from '../src/api/types'
import { Consultation } from '../src/call/consultation'
import type { Notice } from '../src/call/notices'
import { FakeMedia, FakePeerConnection, FakeServer, FakeSocket } from './fakes'
import { DOCTOR, participant, PATIENT, session, track } from './samples'

const doctor = participant('worker', 'd1')
const me = (more: Partial<SessionParticipant> = {}, id = 'me-1') => participant('patient', id, more)
let server: FakeServer
let media: FakeMedia
let peers: FakePeerConnection[]
let sockets: FakeSocket[]
let notices: Notice[]
let refusals: unknown[]
let consultation: Consultation

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 })
  vi.spyOn(Math, 'random').mockReturnValue(1)
  server = new FakeServer(session('waiting'))
  media = new FakeMedia()
  peers = []
  sockets = []
  notices = []
  refusals = []
  consultation = new Consultation(
    server.asApi(),
    PATIENT,
    server.current,
    media,
    {
      changed: () => undefined,
      noticed: (notice) => notices.push(notice),
      refused: (error) => refusals.push(error),
    },
    {
      newPeerConnection: () => {
        peers.push(new FakePeerConnection())
        return peers.at(-1) as unknown as RTCPeerConnection
      },
      newSocket: (url) => {
        sockets.push(new FakeSocket(url))
        return sockets.at(-1) as unknown as WebSocket
      },
    },
  )
})

afterEach(() => {
  consultation.close()
  vi.restoreAllMocks()
  vi.useRealTimers()
})

const settle = () => vi.advanceTimersByTimeAsync(0)
let seq = 0

async function hear(event: Partial<StreamEvent> & { type: string }): Promise<void> {
  sockets.at(-1)!.say({ ...event, seq: ++seq } as Partial<StreamEvent>)
  await settle()
}

/** A new look at the room, with oneself as staff have decided. */
async function look(admission: Admission, id = 'me-1'): Promise<void> {
  server.admission = admission
  const admitted = admission === 'admitted'
  server.current = session('active', admitted ? [doctor, me({}, id)] : [me({ admission }, id)])
  await hear({ type: 'snapshot', session: server.current, tracks: admitted ? [track(doctor, 'video')] : [] })
}

async function wait(): Promise<void> {
  seq = 0
  server.admission = 'waiting'
  server.current = session('waiting', [me({ admission: 'waiting' })])
  void consultation.join()
  await settle()
  sockets.at(-1)!.accept()
  await look('waiting')
  expect(consultation.phase).toBe('waiting')
}

async function connect(): Promise<void> {
  for (const peer of peers.slice(-2)) peer.become('connected')
  await settle()
  expect(consultation.phase).toBe('present')
}

async function letIn(): Promise<void> {
  await look('admitted')
  await connect()
}

test('who has to wait follows the stream and sends and receives nothing', async () => {
  await wait()
  expect(sockets.at(-1)!.url).toBe('ws:me-1:')
  expect(server.calls.filter((call) => call !== 'join')).toEqual([])
  expect(peers.every((peer) => peer.connectionState === 'closed')).toBe(true)
  expect(sockets.at(-1)!.sent).toEqual([])
  expect(media.stopped).toBe(false)
})

test('let in, the same participant joins again for its tracks and comes in', async () => {
  await wait()
  await letIn()
  expect(server.asked).toEqual({ participantId: 'me-1', devices: { camera: true, microphone: true } })
  expect(server.calls).toContain('publish me-1 0=my-audio 1=my-video')
  expect(server.calls).toContain('subscribe me-1 worker-5-video-1')
  expect(notices.at(-1)).toEqual({ kind: 'admitted' })
  expect(sockets).toHaveLength(1)
})

test('sent back, the media are closed and the wait begins again, any number of times', async () => {
  await wait()
  for (let times = 0; times < 3; times++) {
    await letIn()
    await look('sent_back')
    expect(consultation.phase).toBe('waiting')
    expect(peers.every((peer) => peer.connectionState === 'closed')).toBe(true)
    expect(consultation.received.size).toBe(0)
    expect(notices.at(-1)).toEqual({ kind: 'returned' })
  }
  expect(media.stopped).toBe(false)
})

test('sent back while the connection is being made', async () => {
  await wait()
  await look('admitted')
  await look('sent_back')
  await vi.advanceTimersByTimeAsync(20_000)
  expect(consultation.phase).toBe('waiting')
})

test('a right lost in the middle of the way in leads back to the wait, not out', async () => {
  await wait()
  server.admission = 'admitted'
  vi.spyOn(server, 'publish').mockRejectedValueOnce(new ApiProblem(403, 'forbidden', '', 'not_admitted'))
  await hear({ type: 'snapshot', session: session('active', [me()]), tracks: [] })
  server.admission = 'sent_back'
  server.current = session('active', [me({ admission: 'sent_back' }, 'me-3')])
  await vi.advanceTimersByTimeAsync(1_000)
  expect(consultation.phase).toBe('waiting')
})

test('a lost stream is said after three seconds, and the wait goes on', async () => {
  await wait()
  sockets.at(-1)!.drop()
  await vi.advanceTimersByTimeAsync(3_100)
  expect([consultation.phase, consultation.trouble?.cause]).toEqual(['waiting', 'server'])
  sockets.at(-1)!.accept()
  expect(consultation.trouble).toBeUndefined()
})

test('offline while waiting is said at once and taken back', async () => {
  await wait()
  consultation.network(false)
  expect([consultation.phase, consultation.trouble?.cause]).toEqual(['waiting', 'offline'])
  consultation.network(true)
  expect(consultation.trouble).toBeUndefined()
})

test('stale by its own silence while waiting: it joins again and goes on waiting', async () => {
  await wait()
  server.current = session('waiting')
  sockets.at(-1)!.drop(4409)
  await settle()
  expect([server.joins, consultation.phase]).toEqual([2, 'waiting'])
})

test('the end of the time to wait ends it, and one goes on waiting in a new session', async () => {
  await wait()
  server.current = session('ended')
  await hear({ type: 'session_status', status: 'ended', session: server.current })
  expect(consultation.phase).toBe('over')
  server.calls = []
  void consultation.join()
  await settle()
  expect(server.calls.slice(0, 2)).toEqual(['create', 'join'])
  expect(consultation.phase).toBe('waiting')
})

const gone = (reason: string) =>
  ({
    type: 'participant_left',
    participantId: 'me-1',
    userType: 'patient',
    userId: 5,
    displayName: 'Patient A',
    reason,
    by: DOCTOR,
    note: 'a reason',
  }) as Partial<StreamEvent> & { type: string }

test.each(['removed', 'blocked', 'moved'])(
  '%s: it is over with who did it and why, and nothing is tried',
  async (reason) => {
    await wait()
    await letIn()
    const joins = server.joins
    await hear(gone(reason))
    sockets.at(-1)!.drop(4403)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(consultation.phase).toBe(reason)
    expect(consultation.farewell).toMatchObject({ by: DOCTOR, note: 'a reason' })
    expect([media.stopped, server.joins]).toEqual([true, joins])
  },
)

test.each([
  [401, 'unauthenticated', 'removed', 'removed'],
  [403, 'forbidden', 'removed', 'removed'],
  [403, 'forbidden', 'account_blocked', 'blocked'],
  [403, 'forbidden', 'locked', 'refused'],
] as const)('a join refused with %i %s %s leads to %s', async (status, code, reason, phase) => {
  server.refuse = new ApiProblem(status, code, '', reason)
  await consultation.join()
  expect(consultation.phase).toBe(phase)
})

test('a doctor who is elsewhere may leave that one for this', async () => {
  const heldBy = { sessionId: 's9', appointmentId: 'a9', patient: 'Patient Z' }
  server.refuse = new ApiProblem(409, 'doctor_busy', '', undefined, undefined, heldBy)
  await consultation.join(Promise.resolve(), { reason: 'to help' })
  expect([consultation.phase, media.stopped]).toEqual(['held', false])
  server.refuse = undefined
  void consultation.join(Promise.resolve(), { leave: heldBy.sessionId })
  await settle()
  expect(server.asked).toMatchObject({ reason: 'to help', leave: 's9' })
})

const muted = (kind: 'audio' | 'video') =>
  ({
    type: 'participant_updated',
    participant: me({ [`${kind}Muted`]: true, mutedBy: { [kind]: DOCTOR } }),
    change: 'muted',
    kind,
    by: DOCTOR,
  }) as Partial<StreamEvent> & { type: string }

test('muted by staff: the device goes off, and comes on after the server was asked', async () => {
  await wait()
  await letIn()
  await hear(muted('audio'))
  expect(media.audioMuted).toBe(true)
  expect(notices.at(-1)).toEqual({ kind: 'muted-by', what: 'audio', name: 'Doctor B' })
  await consultation.switches.set('audio', true)
  expect(server.calls.at(-1)).toBe('unmute me-1 audio')
  expect(media.audioMuted).toBe(false)
})

test('what the server will not lift stays off', async () => {
  await wait()
  await letIn()
  await hear(muted('video'))
  server.refuse = new ApiProblem(403, 'forbidden', '', 'not_own')
  await expect(consultation.switches.set('video', true)).rejects.toThrow()
  expect(media.videoMuted).toBe(true)
})

test('a mute outlives a lost connection', async () => {
  await wait()
  await letIn()
  server.current = session('active', [doctor, me({ mutedBy: { audio: DOCTOR } }, `me-${server.joins + 1}`)])
  peers.at(-1)!.become('failed')
  await settle()
  expect(media.audioMuted).toBe(true)
})

test('being asked to switch on is a question with an answer, and none if it is on', async () => {
  await wait()
  await letIn()
  const asked = { type: 'unmute_requested', participantId: 'me-1', kinds: ['audio'], by: DOCTOR } as const
  await hear({ ...asked, kinds: ['audio'] })
  expect(consultation.switches.question).toBeUndefined()
  media.audioMuted = true
  await hear({ ...asked, kinds: ['audio'], participantId: 'somebody' })
  expect(consultation.switches.question).toBeUndefined()
  await hear({ ...asked, kinds: ['audio'] })
  expect(consultation.switches.question).toEqual({ kinds: ['audio'], by: DOCTOR })
  await consultation.switches.answer(true)
  expect([media.audioMuted, consultation.switches.question]).toEqual([false, undefined])
})

test('what staff hold back of the others is given up, and asked for again when it is lifted', async () => {
  await wait()
  await letIn()
  const subscribed = () => server.calls.filter((call) => call === 'subscribe me-1 worker-5-video-1').length
  const before = consultation.received.get('worker-5-video-1')
  const held = { ...doctor, mutedBy: { video: { ...DOCTOR, userId: 9 } } }
  await hear({ type: 'participant_updated', participant: held, change: 'muted', kind: 'video' })
  expect(subscribed()).toBe(1)
  server.flowsAlready = true
  await hear({ type: 'participant_updated', participant: doctor, change: 'unmuted', kind: 'video' })
  expect(subscribed()).toBe(2)
  expect(server.calls.filter((call) => call === 'renegotiate')).toHaveLength(1)
  expect(consultation.received.get('worker-5-video-1')).toBe(before)
})

test('rights come with the stream, over whom too', async () => {
  await wait()
  expect(consultation.may('leave')).toBe(true)
  sockets
    .at(-1)!
    .say({ type: 'permissions', permissions: [{ action: 'lock', allowed: true }], over: { d1: ['admit'] } })
  expect([consultation.may('leave'), consultation.may('lock')]).toEqual([false, true])
  expect([consultation.may('admit', doctor), consultation.may('remove', doctor)]).toEqual([true, false])
})

test('what one may not see still stirs', async () => {
  await wait()
  const before = consultation.stirs
  sockets.at(-1)!.say({ seq: ++seq })
  expect(consultation.stirs).toBe(before + 1)
})
