import { ApiProblem, hasCode, isTransient, NetworkProblem } from '../api/problem'
import type { VideoSession } from '../api/types'
import type { Banner } from '../components/banners'
import { clock } from '../i18n'
import { CallTabs, type CallTab } from './call-tabs'
import { type Deed, entersCall, EXTEND_MINUTES, nameOf, type Question } from './deeds'
import type { Desk } from './desk'
import { w, wordFor } from './words'

export interface CommandHandlers {
  /** What is under way has changed. */
  changed(): void
  tell(banner: Banner): void
  ask(question: Question): void
  refused(): void
}

/** Does what the buttons say, once at a time each, and tells how it went in words. */
export class Commands {
  #underWay = new Map<string, Set<string>>()

  constructor(
    private readonly desk: Desk,
    private readonly handlers: CommandHandlers,
    private readonly tabs = new CallTabs(),
  ) {}

  /** The names of what is under way in a session, in one text; empty for nothing. */
  underWay(sessionId: string): string {
    return [...(this.#underWay.get(sessionId) ?? [])].join(',')
  }

  async run(deed: Deed): Promise<void> {
    const { id } = deed.session
    const running = this.#underWay.get(id) ?? new Set<string>()
    if (running.has(nameOf(deed))) return
    this.#underWay.set(id, running.add(nameOf(deed)))
    this.handlers.changed()
    const tab = entersCall(deed) ? this.tabs.open(id) : undefined
    try {
      await this.#perform(deed, tab)
    } catch (error) {
      tab?.cancel()
      this.#failed(deed, error)
    }
    // The button rests until its effect is to be seen, also where the stream is slow or lost.
    await this.desk.refresh(id).catch(() => undefined)
    running.delete(nameOf(deed))
    this.handlers.changed()
  }

  async #perform(deed: Deed, tab: CallTab | undefined): Promise<void> {
    const { api } = this.desk
    const { id } = deed.session
    switch (deed.do) {
      case 'enter':
        return this.#enter(id, tab)
      case 'admit-and-join':
        return this.#enter(id, tab, deed.participant.participantId)
      case 'admit':
        await api.admit(id, deed.participant.participantId)
        break
      case 'note-identity':
        await api.noteIdentity(id, deed.participant.participantId, deed.method)
        if (!deed.next) break
        return this.#perform({ do: deed.next, session: deed.session, participant: deed.participant }, tab)
      case 'extend':
        return this.#tellTheEnd(await api.extend(id, EXTEND_MINUTES))
      case 'mute-all':
        return this.#tellStopped(deed, await api.muteAll(id))
      case 'lock':
      case 'unlock':
        await api.lock(id, deed.do === 'lock')
        break
      case 'end':
        await api.end(id, deed.outcome)
        break
      case 'set-outcome':
        await api.setOutcome(id, deed.outcome)
        break
      case 'restore':
        await api.restore(id, deed.participantId)
        break
      case 'remove':
        return this.#tellStopped(deed, await api.remove(id, deed.participant.participantId, deed.reason))
      case 'send-back':
        return this.#tellStopped(deed, await api.sendBack(id, deed.participant.participantId))
      case 'mute-audio':
        return this.#tellStopped(deed, await api.mute(id, deed.participant.participantId, ['audio']))
      case 'mute-video':
        return this.#tellStopped(deed, await api.mute(id, deed.participant.participantId, ['video']))
      case 'ask-to-unmute':
        await api.askToUnmute(id, deed.participant.participantId, ['audio'])
    }
    this.#tellDone(deed)
  }

  /**
   * Opens the call. Whoever is to be admitted is let in by the call's page, once one is in oneself: nobody is left alone
   * there while another consultation still holds the doctor.
   */
  async #enter(id: string, tab: CallTab | undefined, admit?: string): Promise<void> {
    if (!tab || (tab.known && !admit)) return
    const grant = await this.desk.api.grant(id)
    const hints = new URLSearchParams({ as: grant.grantId, from: 'console', ...(admit ? { admit } : {}) })
    tab.go(`/consultation/${encodeURIComponent(grant.sessionId)}#${hints}`)
  }

  #tellTheEnd(session: VideoSession): void {
    const words = session.endsAt ? w('told-extend', { time: clock(session.endsAt) }) : w('told-done')
    this.handlers.tell({ icon: 'clock', words })
  }

  #tellDone(deed: Deed): void {
    this.handlers.tell({ icon: 'check', words: w(`told-${deed.do}` as 'told-remove', { name: whom(deed) }) })
  }

  /** What takes a right away holds at once; that the media plane stopped it may still have to be confirmed. */
  #tellStopped(deed: Deed, answer: { unconfirmed?: boolean }): void {
    this.#tellDone(deed)
    if (!answer.unconfirmed) return
    this.handlers.tell({ icon: 'info', kind: 'warning', words: w('unconfirmed'), more: w('unconfirmed-lead') })
  }

  #failed(deed: Deed, error: unknown): void {
    if (error instanceof ApiProblem && error.status === 401) return this.handlers.refused()
    if (hasCode(error, 'identity_check_required') && 'participant' in deed) {
      return this.handlers.ask({ ask: 'identity', session: deed.session, participant: deed.participant, next: 'admit' })
    }
    this.handlers.tell({ icon: 'info', kind: 'warning', ...wordsFor(error) })
  }
}

function whom(deed: Deed): string {
  if ('participant' in deed) return deed.participant.displayName
  return 'name' in deed ? deed.name : deed.session.appointment.patient.displayName
}

/** What stood in the way and what to do now: never a code. */
export function wordsFor(error: unknown): { words: string; more: string } {
  const name = nameOfProblem(error)
  return {
    words: wordFor('failed', name) ?? w('failed-other'),
    more: wordFor('failed-lead', name) ?? w('failed-lead-other'),
  }
}

function nameOfProblem(error: unknown): string {
  if (error instanceof NetworkProblem) return 'network'
  if (isTransient(error)) return 'server'
  if (!(error instanceof ApiProblem)) return 'other'
  return error.code === 'forbidden' && error.reason === 'locked' ? 'locked' : error.code
}
