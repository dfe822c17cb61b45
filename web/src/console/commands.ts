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
      case 'admit':
      case 'admit-and-join':
        await api.admit(id, deed.participant.participantId)
        this.handlers.tell({ icon: 'check', words: w('told-admit', { name: deed.participant.displayName }) })
        return this.#enter(id, tab)
      case 'note-identity':
        await api.noteIdentity(id, deed.participant.participantId, deed.method)
        if (!deed.next) break
        return this.#perform({ do: deed.next, session: deed.session, participant: deed.participant }, tab)
      case 'extend':
        return this.#tellTheEnd(await api.extend(id, EXTEND_MINUTES))
      case 'mute-all':
        await api.muteAll(id)
        break
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
        await api.admit(id, deed.participantId)
        break
      case 'remove':
        await api.remove(id, deed.participant.participantId, deed.reason)
        break
      case 'send-back':
        await api.sendBack(id, deed.participant.participantId)
        break
      case 'mute-audio':
        await api.mute(id, deed.participant.participantId, ['audio'])
        break
      case 'mute-video':
        await api.mute(id, deed.participant.participantId, ['video'])
        break
      case 'ask-to-unmute':
        await api.askToUnmute(id, deed.participant.participantId, ['audio'])
    }
    this.#tellDone(deed)
  }

  async #enter(id: string, tab: CallTab | undefined): Promise<void> {
    if (!tab || tab.known) return
    const grant = await this.desk.api.grant(id)
    tab.go(`/consultation/${encodeURIComponent(grant.sessionId)}#as=${encodeURIComponent(grant.grantId)}`)
  }

  #tellTheEnd(session: VideoSession): void {
    const words = session.endsAt ? w('told-extend', { time: clock(session.endsAt) }) : w('told-done')
    this.handlers.tell({ icon: 'clock', words })
  }

  #tellDone(deed: Deed): void {
    this.handlers.tell({ icon: 'check', words: w(`told-${deed.do}` as 'told-remove', { name: whom(deed) }) })
  }

  #failed(deed: Deed, error: unknown): void {
    if (error instanceof ApiProblem && error.status === 401) return this.handlers.refused()
    if (hasCode(error, 'identity_check_required') && 'participant' in deed) {
      const next = deed.do === 'admit-and-join' ? 'admit-and-join' : 'admit'
      return this.handlers.ask({ ask: 'identity', session: deed.session, participant: deed.participant, next })
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
