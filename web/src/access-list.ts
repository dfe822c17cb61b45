import type { AccessApi, Guest, Invitation, Link } from './api/access'

/** Who may get into one session and how, as staff see it: read anew whenever something may have changed. */
export class AccessList {
  guests: Guest[] = []
  links: Link[] = []
  invitations: Invitation[] = []
  state: 'reading' | 'read' | 'failed' = 'reading'
  /** What stood in the way of the last command. */
  problem: unknown
  #run: Promise<void> | undefined
  #again = false
  #running = new Set<string>()

  constructor(
    readonly api: AccessApi,
    private readonly changed: () => void,
  ) {}

  /** Those who are still welcome. */
  get welcome(): Guest[] {
    return this.guests.filter((guest) => guest.revokedAt === null)
  }

  /** Invitations that wrong answers have locked: somebody waits for staff to open them. */
  get locked(): Invitation[] {
    return this.invitations.filter((invitation) => invitation.state === 'locked')
  }

  /** Reads the lists; asked again meanwhile, it looks once more when it is through. */
  read(): Promise<void> {
    if (this.#run) this.#again = true
    else this.#run = this.#read().finally(() => (this.#run = undefined))
    return this.#run
  }

  isRunning(name: string): boolean {
    return this.#running.has(name)
  }

  /** Does something about one of them, once at a time, and reads what came of it. */
  async run(name: string, command: () => Promise<unknown>): Promise<void> {
    if (this.#running.has(name)) return
    this.#running.add(name)
    this.problem = undefined
    this.changed()
    try {
      await command()
    } catch (error) {
      this.problem = error
    }
    await this.read()
    this.#running.delete(name)
    this.changed()
  }

  async #read(): Promise<void> {
    do {
      this.#again = false
      await this.#readAll().then(
        () => (this.state = 'read'),
        // What was read before still stands; of nothing there is nothing to show.
        () => (this.state = this.state === 'read' ? 'read' : 'failed'),
      )
      this.changed()
    } while (this.#again)
  }

  async #readAll(): Promise<void> {
    const { api } = this
    const [guests, links, invitations] = await Promise.all([api.guests(), api.links(), api.invitations()])
    Object.assign(this, { guests, links, invitations })
  }
}
