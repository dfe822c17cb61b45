/** What keeps a camera or microphone from us, in the words the page has a sentence for. */
export type DeviceProblem = 'refused' | 'inUse' | 'none' | 'failed'

export type DeviceKind = 'audio' | 'video'

export interface DeviceChoice {
  deviceId: string
  label: string
}

/** Whether this browser can have a camera or microphone at all; in-app browsers and plain HTTP cannot. */
export function mediaSupported(): boolean {
  return 'RTCPeerConnection' in window && Boolean(navigator.mediaDevices?.getUserMedia)
}

export function canShareScreen(): boolean {
  return Boolean(navigator.mediaDevices?.getDisplayMedia)
}

export function problemOfDevice(error: unknown): DeviceProblem {
  const name = error instanceof DOMException ? error.name : ''
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'refused'
  if (name === 'NotReadableError' || name === 'AbortError') return 'inUse'
  if (name === 'NotFoundError' || name === 'OverconstrainedError') return 'none'
  return 'failed'
}

const WANTED: Record<DeviceKind, MediaTrackConstraints> = {
  audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 },
  video: { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 }, facingMode: 'user' },
}

function constraints(kind: DeviceKind, deviceId: string | undefined): MediaTrackConstraints {
  if (deviceId === undefined) return WANTED[kind]
  const { facingMode: _, ...chosen } = WANTED[kind]
  return { ...chosen, deviceId: { exact: deviceId } }
}

/** One track of one kind. Throws what getUserMedia throws. */
export async function openDevice(kind: DeviceKind, deviceId?: string): Promise<MediaStreamTrack> {
  const stream = await navigator.mediaDevices.getUserMedia({ [kind]: constraints(kind, deviceId) })
  const track = stream.getTracks()[0]!
  track.contentHint = kind === 'audio' ? 'speech' : 'motion'
  return track
}

/** Camera and microphone with one question to the person; each that cannot be had comes back as its problem. */
export async function openBoth(): Promise<Record<DeviceKind, MediaStreamTrack | DeviceProblem>> {
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: WANTED.audio, video: WANTED.video })
    const [audio, video] = [stream.getAudioTracks()[0]!, stream.getVideoTracks()[0]!]
    audio.contentHint = 'speech'
    video.contentHint = 'motion'
    return { audio, video }
  } catch {
    // One of the two is in the way; asked for alone, each says for itself.
    const audio = await openDevice('audio').catch(problemOfDevice)
    const video = await openDevice('video').catch(problemOfDevice)
    return { audio, video }
  }
}

export async function deviceChoices(kind: DeviceKind): Promise<DeviceChoice[]> {
  const wanted = kind === 'audio' ? 'audioinput' : 'videoinput'
  const devices = await navigator.mediaDevices.enumerateDevices()
  return devices
    .filter((device) => device.kind === wanted && device.deviceId !== '' && device.label !== '')
    .filter((device) => device.deviceId !== 'default' && device.deviceId !== 'communications')
    .map(({ deviceId, label }) => ({ deviceId, label }))
}

export async function openScreen(): Promise<MediaStreamTrack> {
  const stream = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: { max: 15 } }, audio: false })
  const track = stream.getVideoTracks()[0]!
  track.contentHint = 'detail'
  return track
}
