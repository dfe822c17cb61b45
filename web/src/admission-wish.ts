import { addressed, dropAdmit } from './address'
import { userKey, type VideoSession } from './api/types'
import type { Consultation } from './call/consultation'

/**
 * Whom the console wants let in, as the page's address says. It is done once, and only when one is in oneself: nobody is
 * left alone in the call.
 */
export class AdmissionWish {
  /** The person, whichever participant of theirs it is by then. */
  #whom: string | undefined

  read({ participants }: VideoSession): void {
    const { admit } = addressed(location)
    const person = participants.find((one) => one.participantId === admit)
    this.#whom = person && userKey(person)
  }

  fulfil({ phase, waiting, moderation }: Consultation): void {
    if (!this.#whom || phase !== 'present') return
    const person = waiting.find((one) => userKey(one) === this.#whom)
    this.#whom = undefined
    dropAdmit()
    if (person) void moderation.admit(person)
  }
}
