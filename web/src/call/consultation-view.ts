import { type Actor, type SessionParticipant, type StreamEvent, type TrackType, userKey } from '../api/types'
import type { CallMedia } from './call-media'
import type { LiveRoom } from './live-room'
import { type Notice, noticeOf } from './notices'
import type { Room } from './room'
import type { Trouble, TroubleWatch } from './trouble-watch'

/** Whoever shows a consultation. */
export interface ConsultationListener {
  changed(): void
  noticed(notice: Notice): void
  /** A command of staff was refused or did not arrive. */
  refused(error: unknown): void
}

/** What there is to see of a consultation, and one's own screen to show in it. */
export abstract class ConsultationView {
  protected abstract readonly live: LiveRoom
  protected abstract readonly call: CallMedia
  protected abstract readonly watch: TroubleWatch
  abstract readonly me: string

  get room(): Room {
    return this.live.room
  }

  get trouble(): Trouble | undefined {
    return this.watch.trouble
  }

  get endedBy(): Actor | undefined {
    return this.live.endedBy
  }

  get received(): ReadonlyMap<string, MediaStreamTrack> {
    return this.call.received
  }

  get isSharing(): boolean {
    return this.call.screen !== undefined
  }

  /** Oneself as the others see one; none before joining. */
  get own(): SessionParticipant | undefined {
    return this.live.participantId === undefined ? undefined : this.live.own
  }

  /** Everybody else who is in, first come first. */
  get others(): SessionParticipant[] {
    return this.live.others
  }

  /** Everybody else in the waiting room, who has waited longest first. */
  get waiting(): SessionParticipant[] {
    return this.live.waiting
  }

  /** Counts what has happened here, also what one may not see: more of it means that asking anew is worth it. */
  get stirs(): number {
    return this.live.stirs
  }

  /** What has arrived of a person's microphone or camera, the newest publication first. */
  trackOf(person: SessionParticipant, type: TrackType): MediaStreamTrack | undefined {
    return this.live
      .tracksOf(person, type)
      .map((track) => this.received.get(track.trackName))
      .findLast((track) => track !== undefined)
  }

  /** What has arrived of everybody's microphone, by person. */
  get voices(): Map<string, MediaStreamTrack> {
    const voices = new Map<string, MediaStreamTrack>()
    for (const person of this.others) {
      const track = this.trackOf(person, 'audio')
      if (track) voices.set(userKey(person), track)
    }
    return voices
  }

  /** Whether somebody shows their screen. */
  isShownBy(person: SessionParticipant): boolean {
    return this.live.tracksOf(person, 'screen').length > 0
  }

  /** Whether one may do this here and now, and over that person. */
  may(action: string, over?: SessionParticipant): boolean {
    const { permissions, over: people } = this.live.rights
    if (over) return people[over.participantId]?.includes(action) ?? false
    return permissions.some((p) => p.action === action && p.allowed)
  }

  /** What an event means to oneself, if anything; one's own screen that staff have stopped included. */
  protected noticeOf(event: StreamEvent, before: Room): Notice | undefined {
    if (event.type === 'track_closed' && this.call.screenEnded(event.trackName)) {
      return { kind: 'muted-by', what: 'screen', name: event.by?.displayName ?? '' }
    }
    return noticeOf(event, before, this.me)
  }

  /** Whether one is here only to see and hear. */
  get listensOnly(): boolean {
    return this.live.listensOnly
  }

  shareScreen(track: MediaStreamTrack): Promise<void> {
    return this.call.shareScreen(track)
  }

  stopSharing(): Promise<void> {
    return this.call.stopSharing()
  }
}
