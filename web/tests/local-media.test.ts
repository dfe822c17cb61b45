import { beforeEach, expect, test, vi } from 'vitest'
import { LocalMedia } from '../src/media/local-media'

// Canvas and audio context are the browser's; what is sent in place of a device does not matter here.
vi.mock('../src/media/stand-ins', () => ({ blackTrack: () => ({ stop() {} }), silentTrack: () => ({ stop() {} }) }))

type Plugged = Record<'audio' | 'video', string | undefined>

let refusal: Plugged
let asked: string[]
let lost: string[]
let media: LocalMedia

class FakeTrack {
  readyState = 'live'
  muted = false
  enabled = true
  contentHint = ''
  onended: (() => void) | null = null
  stop(): void {
    this.readyState = 'ended'
  }
}

beforeEach(() => {
  refusal = { audio: undefined, video: undefined }
  asked = []
  lost = []
  const getUserMedia = async (wanted: Partial<Record<'audio' | 'video', unknown>>) => {
    const kinds = (['audio', 'video'] as const).filter((kind) => wanted[kind])
    asked.push(...kinds)
    for (const kind of kinds) if (refusal[kind]) throw new DOMException('', refusal[kind])
    const tracks = kinds.map(() => new FakeTrack())
    const one = (kind: 'audio' | 'video') => tracks.filter((_, index) => kinds[index] === kind)
    return { getTracks: () => tracks, getAudioTracks: () => one('audio'), getVideoTracks: () => one('video') }
  }
  vi.stubGlobal('navigator', { mediaDevices: { getUserMedia } })
  media = new LocalMedia()
  media.onLost = (kind, replaced) => lost.push(`${kind} ${replaced ? 'replaced' : 'gone'}`)
})

const unplug = async (kind: 'audio' | 'video') => {
  refusal[kind] = 'NotFoundError'
  ;(media.device(kind) as unknown as FakeTrack).onended!()
  await vi.waitFor(() => expect(lost).toHaveLength(1))
}

test('a camera that is unplugged is told once, and is back when it is plugged in again', async () => {
  await media.start()
  await unplug('video')
  expect(lost).toEqual(['video gone'])
  expect([media.videoMuted, media.audioMuted, media.problems.video]).toEqual([true, false, 'none'])
  refusal.video = undefined
  await media.recover()
  expect([media.videoMuted, media.problems.video]).toEqual([false, undefined])
})

test('another camera goes on in its place', async () => {
  await media.start()
  ;(media.device('video') as unknown as FakeTrack).onended!()
  await vi.waitFor(() => expect(lost).toEqual(['video replaced']))
  expect(media.videoMuted).toBe(false)
})

test('a new plug turns on nothing that the person turned off, and asks for nothing that was refused', async () => {
  refusal.audio = 'NotAllowedError'
  await media.start()
  await media.setCamera(false)
  asked = []
  await media.recover()
  expect(asked).toEqual([])
  expect([media.videoMuted, media.problems.audio]).toEqual([true, 'refused'])
})
