import {
  type InvitationAnswer,
  type InvitationLook,
  lookAtInvitation,
  openInvitation,
  sendOneTimeCode,
} from './api/invitations'
import { ApiProblem, hasCode, hasReason, isTransient, NetworkProblem } from './api/problem'

/** What keeps the door shut for now; the person can do something about each. */
export type Hindrance = 'wrong' | 'not-sent' | 'sent-out' | 'network' | 'busy'

/** The server, as far as a door calls it. */
export interface Doorkeeper {
  look(code: string): Promise<InvitationLook>
  send(code: string): Promise<{ sentTo: string; validFor: number }>
  open(code: string, answer: InvitationAnswer): Promise<string>
}

const SERVER: Doorkeeper = { look: lookAtInvitation, send: sendOneTimeCode, open: openInvitation }

/**
 * An invitation, from looking at it to the consultation link it gives to whoever passes its check. What ends it for good
 * (locked, expired, revoked) is thrown; what another try can mend is its `hindrance`.
 */
export class InvitationDoor {
  about: InvitationLook | undefined
  hindrance: Hindrance | undefined
  /** How many wrong answers it still bears; known after the first one. */
  triesLeft: number | undefined
  /** Where the last one-time code went; none was sent yet without it. */
  sentTo: string | undefined
  working: 'sending' | 'opening' | undefined

  constructor(
    private readonly code: string,
    private readonly changed: () => void,
    private readonly server: Doorkeeper = SERVER,
  ) {}

  async look(): Promise<void> {
    const about = await this.server.look(this.code)
    if (about.locked) throw new ApiProblem(403, 'invitation_locked', 'The invitation is locked.')
    this.about = about
    this.changed()
  }

  async sendCode(): Promise<void> {
    await this.#work('sending', async () => {
      this.sentTo = (await this.server.send(this.code)).sentTo
    })
  }

  /** The person has a code already. */
  haveCode(): void {
    this.sentTo = this.about?.sentTo ?? ''
    this.changed()
  }

  /** The consultation link, or nothing where the answer was wrong or did not arrive. */
  async open(answer: InvitationAnswer = {}): Promise<string | undefined> {
    let url: string | undefined
    await this.#work('opening', async () => {
      url = await this.server.open(this.code, answer)
    })
    return url
  }

  async #work(what: 'sending' | 'opening', work: () => Promise<void>): Promise<void> {
    if (this.working) return
    this.working = what
    this.hindrance = undefined
    this.changed()
    try {
      await work()
    } catch (error) {
      this.hindrance = hindranceOf(error)
      if (!this.hindrance) throw error
      if (error instanceof ApiProblem && error.triesLeft !== undefined) this.triesLeft = error.triesLeft
    } finally {
      this.working = undefined
      this.changed()
    }
  }
}

function hindranceOf(error: unknown): Hindrance | undefined {
  if (error instanceof NetworkProblem) return 'network'
  if (hasCode(error, 'check_failed')) return 'wrong'
  if (hasCode(error, 'delivery_failed')) return 'not-sent'
  if (hasReason(error, 'sends_used_up')) return 'sent-out'
  return isTransient(error) ? 'busy' : undefined
}
