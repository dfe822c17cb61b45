import type { ConsultationApi } from '../api/client'
import type { IdentityMethod, MutableKind, SessionParticipant, TrackType } from '../api/types'
import type { Removed } from './room'

/** How much longer one press makes a consultation. */
export const EXTENSION_MINUTES = 15

/** The command holds, but the media plane has not confirmed yet that it stopped; it is told again until it has. */
export class Unconfirmed extends Error {}

type Named = Pick<SessionParticipant, 'participantId'>

export interface ModerationHandlers {
  changed(): void
  /** A command was refused or did not arrive, and nothing of it holds; or it is `Unconfirmed`. */
  failed(error: unknown): void
  /** Somebody removed may come back, whatever the stream does. */
  restored(person: Removed): void
}

/**
 * What staff do to people and to the session. Each command runs once at a time, however often it is pressed; what came
 * of it is told by the event stream.
 */
export class Moderation {
  #running = new Set<string>()

  constructor(
    private readonly api: ConsultationApi,
    private readonly handlers: ModerationHandlers,
  ) {}

  /** Whether a command, named as below, is on its way. */
  isRunning(command: string, person?: Named): boolean {
    return this.#running.has(nameOf(command, person))
  }

  admit(person: SessionParticipant): Promise<boolean> {
    return this.#run(nameOf('admit', person), () => this.api.admit(person.participantId))
  }

  /** Lets somebody removed come back. */
  restore(person: Removed): Promise<boolean> {
    return this.#run(nameOf('restore', person), async () => {
      await this.api.restore(person.participantId)
      this.handlers.restored(person)
    })
  }

  sendBack(person: SessionParticipant): Promise<boolean> {
    return this.#run(nameOf('send-back', person), () => this.api.sendBack(person.participantId))
  }

  remove(person: SessionParticipant, reason: string): Promise<boolean> {
    return this.#run(nameOf('remove', person), () => this.api.remove(person.participantId, reason))
  }

  mute(person: SessionParticipant, kind: TrackType): Promise<boolean> {
    return this.#run(nameOf(`mute-${kind}`, person), () => this.api.mute(person.participantId, [kind]))
  }

  /** Asks somebody to switch on; nobody does it for them. */
  askToUnmute(person: SessionParticipant, kind: MutableKind): Promise<boolean> {
    return this.#run(nameOf(`ask-${kind}`, person), () => this.api.requestUnmute(person.participantId, [kind]))
  }

  checkIdentity(person: SessionParticipant, method: IdentityMethod): Promise<boolean> {
    return this.#run(nameOf('identity', person), () => this.api.checkIdentity(person.participantId, method))
  }

  muteAll(): Promise<boolean> {
    return this.#run('mute-all', () => this.api.muteAll())
  }

  lock(locked: boolean): Promise<boolean> {
    return this.#run('lock', () => this.api.lock(locked))
  }

  allowScreenShare(allowed: boolean): Promise<boolean> {
    return this.#run('screen-share', () => this.api.allowScreenShare(allowed))
  }

  extend(): Promise<boolean> {
    return this.#run('extend', () => this.api.extend(EXTENSION_MINUTES))
  }

  /** Resolves to whether it was done. */
  async #run(name: string, command: () => Promise<unknown>): Promise<boolean> {
    if (this.#running.has(name)) return false
    this.#running.add(name)
    this.handlers.changed()
    try {
      const answer = await command()
      if ((answer as { unconfirmed?: boolean } | undefined)?.unconfirmed) this.handlers.failed(new Unconfirmed())
      return true
    } catch (error) {
      this.handlers.failed(error)
      return false
    } finally {
      this.#running.delete(name)
      this.handlers.changed()
    }
  }
}

function nameOf(command: string, person?: Named): string {
  return person ? `${command} ${person.participantId}` : command
}
