import type { Devices } from '../api/types'
import type { OwnMedia } from '../call/own-media'
import type { OwnTracks } from '../call/publisher'
import { type DeviceKind, type DeviceProblem, openBoth, openDevice, problemOfDevice } from './devices'
import { blackTrack, silentTrack } from './stand-ins'

/**
 * One's own microphone and camera. There is always a track of each kind to send: the device's, or silence and black.
 *
 * Microphone off disables its track (silence flows); camera off gives the device back and sends black.
 */
export class LocalMedia implements OwnMedia {
  problems: Partial<Record<DeviceKind, DeviceProblem>> = {}
  onTrack: (kind: DeviceKind, track: MediaStreamTrack) => void = () => undefined
  onState: () => void = () => undefined
  /** For the page that shows it; the consultation has `onState`. */
  onChange: () => void = () => undefined
  /** A device went away by itself, by its plug for instance; `replaced` if another one goes on in its place. */
  onLost: (kind: DeviceKind, replaced: boolean) => void = () => undefined
  started = false

  #device: Partial<Record<DeviceKind, MediaStreamTrack>> = {}
  #chosen: Partial<Record<DeviceKind, string>> = {}
  #silence: MediaStreamTrack | undefined
  #black: MediaStreamTrack | undefined
  #microphoneOn = true
  #cameraOn = true
  #starting: Promise<void> | undefined

  get tracks(): OwnTracks {
    return {
      audio: this.#device.audio ?? (this.#silence ??= silentTrack()),
      video: this.#device.video ?? (this.#black ??= blackTrack()),
    }
  }

  get audioMuted(): boolean {
    return !this.#microphoneOn || !this.#device.audio
  }

  get videoMuted(): boolean {
    return !this.#cameraOn || !this.#device.video
  }

  get devices(): Devices {
    return { camera: !this.problems.video, microphone: !this.problems.audio }
  }

  /** The device's own track, to show or to measure; none while it is off or not to be had. */
  device(kind: DeviceKind): MediaStreamTrack | undefined {
    return this.#device[kind]
  }

  /** Opens both devices, asking the person once; resolves when both are there or known to be missing. */
  start(): Promise<void> {
    this.#starting ??= this.#open()
    return this.#starting
  }

  async setMicrophone(on: boolean): Promise<void> {
    this.#microphoneOn = on
    if (on && !this.#device.audio) await this.#reopen('audio')
    if (this.#device.audio) this.#device.audio.enabled = on
    this.#changed()
  }

  async setCamera(on: boolean): Promise<void> {
    this.#cameraOn = on
    if (on) await this.#reopen('video')
    else this.#release('video')
    this.#changed()
  }

  /** Another microphone or camera. */
  async choose(kind: DeviceKind, deviceId: string): Promise<void> {
    this.#chosen[kind] = deviceId
    await this.#reopen(kind)
    this.#changed()
  }

  /** Tries a device again that was missing or refused. */
  async retry(kind: DeviceKind): Promise<void> {
    await this.#reopen(kind)
    this.#changed()
  }

  /** After the background, a phone call or a new plug: what was taken away or missing is opened again. */
  async recover(): Promise<void> {
    if (!this.started) return
    for (const kind of ['audio', 'video'] as const) if (this.#isMissed(kind)) await this.#reopen(kind)
    this.#changed()
  }

  stop(): void {
    for (const track of [this.#device.audio, this.#device.video, this.#silence, this.#black]) track?.stop()
    this.#device = {}
    this.#silence = this.#black = undefined
    this.#starting = undefined
    this.started = false
    this.onChange()
  }

  async #open(): Promise<void> {
    const opened = await openBoth()
    for (const kind of ['audio', 'video'] as const) this.#take(kind, opened[kind])
    this.started = true
    this.#changed()
  }

  async #reopen(kind: DeviceKind): Promise<void> {
    // Phones give a camera to one track at a time: the old one goes first.
    this.#device[kind]?.stop()
    const opened = await openDevice(kind, this.#chosen[kind])
      .catch(() => openDevice(kind))
      .catch(problemOfDevice)
    this.#take(kind, opened)
    this.onTrack(kind, this.tracks[kind])
  }

  #take(kind: DeviceKind, opened: MediaStreamTrack | DeviceProblem): void {
    delete this.#device[kind]
    delete this.problems[kind]
    if (typeof opened === 'string') {
      this.problems[kind] = opened
      return
    }
    if (kind === 'audio') opened.enabled = this.#microphoneOn
    this.#device[kind] = opened
    opened.onended = () => void this.#ended(kind, opened)
  }

  async #ended(kind: DeviceKind, track: MediaStreamTrack): Promise<void> {
    if (this.#device[kind] !== track) return
    // Unplugged or taken away: whatever else there is goes on in its place.
    delete this.#chosen[kind]
    await this.#reopen(kind)
    this.#changed()
    this.onLost(kind, this.#device[kind] !== undefined)
  }

  /** Whether a device should be there and is not; what the person refused is not asked for again unasked. */
  #isMissed(kind: DeviceKind): boolean {
    const track = this.#device[kind]
    if (track) return track.readyState === 'ended' || track.muted
    return this.problems[kind] === 'none' && (kind === 'audio' ? this.#microphoneOn : this.#cameraOn)
  }

  #release(kind: DeviceKind): void {
    const track = this.#device[kind]
    delete this.#device[kind]
    this.onTrack(kind, this.tracks[kind])
    track?.stop()
  }

  #changed(): void {
    this.onState()
    this.onChange()
  }
}
