import type { Devices } from '../api/types'
import type { OwnTracks } from './publisher'

/** One's own microphone and camera: there is always a track, silent or black if need be. */
export interface OwnMedia {
  readonly tracks: OwnTracks
  readonly audioMuted: boolean
  readonly videoMuted: boolean
  /** Which of the two are there, switched on or not. */
  readonly devices: Devices
  onTrack: (kind: 'audio' | 'video', track: MediaStreamTrack) => void
  onState: () => void
  setMicrophone(on: boolean): Promise<void>
  setCamera(on: boolean): Promise<void>
  stop(): void
}
