import type { OwnTracks } from './publisher'

/** One's own microphone and camera: there is always a track, silent or black if need be. */
export interface OwnMedia {
  readonly tracks: OwnTracks
  readonly audioMuted: boolean
  readonly videoMuted: boolean
  onTrack: (kind: 'audio' | 'video', track: MediaStreamTrack) => void
  onState: () => void
  stop(): void
}
