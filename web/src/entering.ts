import { type Address, hideSecret, tokenOf } from './address'
import type { InvitationAnswer } from './api/invitations'
import type { Grant } from './api/types'
import type { Farewell } from './call/phases'
import { rememberedRemoval } from './call/tab-memory'
import { type Admitted, enterAs, enterByHostToken, enterByLink, heldGrantsIfAny, knownPeople } from './entrance'
import { InvitationDoor } from './invitation-door'
import { mediaSupported } from './media/devices'
import { type Trouble, troubleOf } from './pages/problem-page'

/** Why one is not in, and what can be done about it. */
export interface Stuck {
  trouble: Trouble
  /** People this browser can still enter as. */
  grants?: Grant[]
  farewell?: Farewell | undefined
  retry?: () => void
}

export interface EnteringHandlers {
  /** The page that fits now. */
  show(view: 'link' | 'invitation'): void
  stuck(stuck: Stuck): void
  admitted(admitted: Admitted): void
  changed(): void
  /** Opens camera and microphone; the browser's question comes with the tap. */
  openDevices(): void
}

/** The way to the check page: by a link, an invitation, the host's token, or a grant this browser holds. It knows no page. */
export class Entering {
  busy = false
  door: InvitationDoor | undefined
  #enter: (() => Promise<Admitted>) | undefined

  constructor(
    private readonly address: Address,
    private readonly handlers: EnteringHandlers,
  ) {}

  begin(): void {
    const { token, hostToken, invitation, sessionId } = this.address
    // A browser without a camera or microphone is left with the whole address: it is what another one has to open.
    if (mediaSupported()) hideSecret(this.address)
    if (invitation !== undefined) this.#beginInvited(invitation)
    else if (hostToken !== undefined) this.#offer(hostToken && (() => enterByHostToken(hostToken)), 'host-token-gone')
    else if (token) this.#offer(() => enterByLink(token))
    else if (sessionId) void this.comeBack()
    else this.handlers.stuck({ trouble: 'no-grant' })
  }

  /** The tap: uses up what opens the consultation. */
  getReady(): void {
    this.handlers.openDevices()
    if (this.#enter) void this.#go(this.#enter, () => this.getReady())
  }

  pick(grant: Grant): void {
    void this.#go(() => enterAs(grant, this.address.sessionId || grant.sessionId))
  }

  /** The page was opened without a link, or again: whoever this browser knows may go on. */
  async comeBack(): Promise<void> {
    const { sessionId, grantId } = this.address
    const farewell = rememberedRemoval(sessionId)
    if (farewell) return this.handlers.stuck({ trouble: 'removed', farewell })
    const retry = () => void this.comeBack()
    try {
      const people = await knownPeople(sessionId, grantId)
      if (people.length === 1) return await this.#go(() => enterAs(people[0]!, sessionId), retry)
      this.handlers.stuck({ trouble: people.length > 1 ? 'who-are-you' : 'no-grant', grants: people, retry })
    } catch (error) {
      this.handlers.stuck({ trouble: troubleOf(error), retry })
    }
  }

  async sendCode(): Promise<void> {
    await this.door!.sendCode().catch((error: unknown) => this.#shut(error))
  }

  /** Answers the invitation's question; the link it gives for that is used at once. */
  async answer(answer: InvitationAnswer): Promise<void> {
    try {
      const url = await this.door!.open(answer)
      if (url === undefined) return
      this.#enter = () => enterByLink(tokenOf(url))
      this.getReady()
    } catch (error) {
      this.#shut(error)
    }
  }

  #offer(enter: (() => Promise<Admitted>) | '', gone: Trouble = 'link-invalid'): void {
    if (!enter) return this.handlers.stuck({ trouble: gone })
    this.#enter = enter
    this.handlers.show('link')
  }

  #beginInvited(code: string): void {
    if (!code) return this.handlers.stuck({ trouble: 'invitation-gone' })
    if (!mediaSupported()) return this.handlers.show('link')
    this.door = new InvitationDoor(code, () => this.handlers.changed())
    this.handlers.show('invitation')
    this.door.look().catch((error: unknown) => this.#shut(error))
  }

  /** Looking again is worth it even where it is locked: staff may open it meanwhile. */
  #shut(error: unknown): void {
    this.handlers.stuck({ trouble: troubleOf(error), retry: () => this.#beginInvited(this.address.invitation ?? '') })
  }

  async #go(enter: () => Promise<Admitted>, retry?: () => void): Promise<void> {
    this.busy = true
    this.handlers.changed()
    try {
      this.handlers.admitted(await enter())
    } catch (error) {
      const trouble = troubleOf(error)
      const grants = trouble === 'link-used' ? await heldGrantsIfAny(this.address.sessionId) : []
      this.handlers.stuck({ trouble, grants, ...(retry ? { retry } : {}) })
    } finally {
      this.busy = false
      this.handlers.changed()
    }
  }
}
