import type { ConsultationApi } from '../src/api/client'
import { ApiProblem, NetworkProblem } from '../src/api/problem'
import type { Admission, JoinAnswer, JoinRequest, StreamEvent, VideoSession } from '../src/api/types'
import type { OwnMedia } from '../src/call/own-media'

/** A WebSocket whose other end is the test. */
export class FakeSocket {
  readyState = 0
  sent: unknown[] = []
  onopen: (() => void) | null = null
  onmessage: ((message: { data: string }) => void) | null = null
  onclose: ((close: { code: number; reason: string }) => void) | null = null

  constructor(readonly url: string) {}

  send(data: string): void {
    this.sent.push(JSON.parse(data))
  }

  close(): void {
    this.readyState = 3
  }

  accept(): void {
    this.readyState = 1
    this.onopen?.()
  }

  say(message: Partial<StreamEvent> | { seq: number } | { type: 'heartbeat' }): void {
    this.onmessage?.({ data: JSON.stringify(message) })
  }

  drop(code = 1006, reason = ''): void {
    this.readyState = 3
    this.onclose?.({ code, reason })
  }
}

const TRANSPORT = { type: 'transport', selectedCandidatePairId: 'pair' }

/** A peer connection that negotiates with nobody and connects when it is told to. */
export class FakePeerConnection {
  connectionState: RTCPeerConnectionState = 'new'
  signalingState: RTCSignalingState = 'stable'
  onconnectionstatechange: (() => void) | null = null
  transceivers: { mid: string | null; sender: object; receiver: object; stopped: boolean; stop(): void }[] = []
  remote: string[] = []
  /** Whether the far end still answers, and whether media or feedback comes in. */
  answers = true
  flows = true
  #pair = { id: 'pair', type: 'candidate-pair', bytesReceived: 0, responsesReceived: 1, requestsSent: 1 }

  addTransceiver(): object {
    const transceiver = {
      mid: null,
      stopped: false,
      sender: { replaceTrack: () => Promise.resolve() },
      receiver: { track: {} },
      stop: () => (transceiver.stopped = true),
    }
    this.transceivers.push(transceiver)
    return transceiver
  }

  getTransceivers() {
    return this.transceivers
  }

  async createOffer() {
    return { type: 'offer', sdp: 'offer' }
  }

  async createAnswer() {
    return { type: 'answer', sdp: 'answer' }
  }

  async setLocalDescription(): Promise<void> {
    this.transceivers.forEach((transceiver, index) => (transceiver.mid ??= String(index)))
  }

  async setRemoteDescription({ sdp }: { sdp: string }): Promise<void> {
    this.remote.push(sdp)
    if (sdp.startsWith('mids ')) {
      for (const mid of sdp.slice(5).split(' ')) {
        if (!this.transceivers.some((t) => t.mid === mid)) {
          this.addTransceiver()
          this.transceivers.at(-1)!.mid = mid
        }
      }
    }
  }

  /** Each look finds a second's worth more: bytes if they flow, a check, and its answer if there is one. */
  async getStats() {
    if (this.flows) this.#pair.bytesReceived += 1_000
    if (this.answers) this.#pair.responsesReceived++
    this.#pair.requestsSent++
    return new Map<string, object>([
      ['t', TRANSPORT],
      ['pair', { ...this.#pair }],
    ])
  }

  become(state: RTCPeerConnectionState): void {
    this.connectionState = state
    this.onconnectionstatechange?.()
  }

  close(): void {
    this.connectionState = 'closed'
    this.signalingState = 'closed'
  }
}

export class FakeMedia implements OwnMedia {
  tracks = { audio: {} as MediaStreamTrack, video: {} as MediaStreamTrack }
  audioMuted = false
  videoMuted = false
  devices = { camera: true, microphone: true }
  stopped = false
  onTrack: OwnMedia['onTrack'] = () => undefined
  onState = () => undefined

  async setMicrophone(on: boolean): Promise<void> {
    this.audioMuted = !on
  }

  async setCamera(on: boolean): Promise<void> {
    this.videoMuted = !on
  }

  stop(): void {
    this.stopped = true
  }
}

/** The server, as far as one participant calls it: counts joins and can be down. */
export class FakeServer {
  sessionId = 's1'
  joins = 0
  down = false
  calls: string[] = []
  refuse: ApiProblem | undefined
  admission: Admission = 'admitted'
  asked: JoinRequest = {}
  permissions = [{ action: 'leave', allowed: true }]
  /** Whether a track that is asked for was only paused, and comes on its old m-line. */
  flowsAlready = false

  constructor(public current: VideoSession) {}

  asApi(): ConsultationApi {
    return this as unknown as ConsultationApi
  }

  eventsUrl(participantId?: string, after?: number): string {
    return `ws:${participantId ?? ''}:${after ?? ''}`
  }

  async session(): Promise<VideoSession> {
    return this.#answer('session', this.current)
  }

  async create(): Promise<VideoSession> {
    this.current = { ...this.current, status: 'waiting' }
    return this.#answer('create', this.current)
  }

  async join(request: JoinRequest): Promise<JoinAnswer> {
    this.asked = request
    if (!this.down && this.current.status === 'scheduled') throw new ApiProblem(409, 'session_not_open', '')
    const tracks = [
      { trackName: 'my-audio', trackType: 'audio' as const },
      { trackName: 'my-video', trackType: 'video' as const },
    ]
    const answer = {
      session: this.current,
      participantId: request.participantId ?? `me-${this.joins + 1}`,
      admission: this.admission,
      tracks: this.admission === 'admitted' ? tracks : [],
      permissions: this.permissions,
      iceServers: [],
    }
    const joined = await this.#answer('join', answer)
    this.joins++
    return joined
  }

  async publish(participantId: string, _offer: unknown, tracks: { mid: string; trackName: string }[]) {
    const names = tracks.map((t) => `${t.mid}=${t.trackName}`).join(' ')
    return this.#answer(`publish ${participantId} ${names}`, { sessionDescription: { type: 'answer', sdp: 'answer' } })
  }

  async subscribe(participantId: string, names: string[]) {
    const tracks = names.map((trackName) => ({ trackName, mid: `m-${trackName}` }))
    const offer = { type: 'offer' as const, sdp: `mids ${tracks.map((t) => t.mid).join(' ')}` }
    return this.#answer(`subscribe ${participantId} ${names.join(' ')}`, {
      sessionDescription: this.flowsAlready ? null : offer,
      tracks,
    })
  }

  renegotiate(): Promise<void> {
    return this.#answer('renegotiate', undefined)
  }

  unmute(participantId: string, kinds: string[]): Promise<void> {
    return this.#answer(`unmute ${participantId} ${kinds.join(' ')}`, undefined)
  }

  leave(participantId: string): Promise<void> {
    return this.#answer(`leave ${participantId}`, undefined)
  }

  async #answer<T>(call: string, answer: T): Promise<T> {
    if (this.down) throw new NetworkProblem('down')
    if (this.refuse) throw this.refuse
    this.calls.push(call)
    return answer
  }
}
