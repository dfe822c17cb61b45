import { html } from 'lit'
import { customElement, property, query, state } from 'lit/decorators.js'
import { AdmissionWish } from './admission-wish'
import { now } from './api/server-time'
import { type Clinic, type Grant, type JoinRequest } from './api/types'
import { Bell } from './bell'
import { Consultation } from './call/consultation'
import type { Notice } from './call/notices'
import type { Farewell } from './call/phases'
import { rememberedRemoval, rememberRemoval } from './call/tab-memory'
import { Element } from './components/element'
import { sprite } from './components/icons'
import { sessionStatus } from './components/session-status'
import './components/trouble-card'
import {
  type Address,
  type Admitted,
  addressed,
  clinicIfKnown,
  enterAs,
  enterByLink,
  heldGrantsIfAny,
  knownPeople,
} from './entrance'
import { language, t } from './i18n'
import { Speaker } from './media/speaker'
import { LocalMedia } from './media/local-media'
import { WakeLock } from './media/wake-lock'
import type { CallPage } from './pages/call-page'
import './pages/call-page'
import './pages/check-page'
import './pages/ended-page'
import './pages/link-page'
import { type Trouble, troubleOf } from './pages/problem-page'
import './pages/problem-page'
import './pages/waiting-page'
import { type View, viewOf } from './view-of'

/**
 * One person's whole way through a consultation, from the link to the end. A page that embeds it gives `session-id`
 * (and `token`) as attributes; our own page has them in its address.
 */
@customElement('shinsatsu-consultation')
export class ConsultationElement extends Element {
  @property({ attribute: 'session-id' }) sessionId = ''
  @property() token: string | undefined
  @state() private view: View = 'opening'
  @state() private clinic: Clinic | undefined
  @state() private trouble: Trouble = 'not-here'
  @state() private farewell: Farewell | undefined
  @state() private grants: Grant[] = []
  @state() private busy = false
  @state() private version = 0
  @state() private soundBlocked = false
  @query('shinsatsu-call-page') private callPage!: CallPage | null
  #consultation: Consultation | undefined
  #media = new LocalMedia()
  #speaker = new Speaker()
  #wakeLock = new WakeLock()
  #bell = new Bell(() => this.requestUpdate())
  #address: Address = { sessionId: '', fromConsole: false }
  #wish = new AdmissionWish()
  #joinedAt = 0
  #left = false
  #tryAgain: () => void = () => undefined

  override connectedCallback(): void {
    super.connectedCallback()
    this.#address = addressed(location)
    this.sessionId ||= this.#address.sessionId
    this.token ??= this.#address.token
    this.#speaker.onBlocked = () => (this.soundBlocked = true)
    this.#media.onChange = () => this.version++
    this.#media.onLost = (kind, replaced) => this.callPage?.announceLost(kind, replaced)
    navigator.mediaDevices?.addEventListener('devicechange', this.#plugged)
    addEventListener('hashchange', this.#readdressed)
    addEventListener('online', this.#network)
    addEventListener('offline', this.#network)
    document.addEventListener('visibilitychange', this.#visible)
    void clinicIfKnown().then((clinic) => (this.clinic = clinic))
    if (!this.sessionId) this.#problem('no-grant')
    else if (this.token) this.view = 'link'
    else void this.#comeBack()
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    removeEventListener('hashchange', this.#readdressed)
    removeEventListener('online', this.#network)
    removeEventListener('offline', this.#network)
    document.removeEventListener('visibilitychange', this.#visible)
    navigator.mediaDevices?.removeEventListener('devicechange', this.#plugged)
    this.#wakeLock.release()
    this.#consultation?.close()
  }

  protected override render() {
    return html`${sprite}
      ${sessionStatus(this.#consultation)}
      ${this.#page()}`
  }

  protected override updated(): void {
    this.lang = language()
    document.documentElement.lang = language()
    document.title = [this.#title, this.clinic?.name].filter(Boolean).join(' ｜ ')
  }

  get #title(): string {
    if (this.view === 'link') return t('get-ready')
    if (this.view === 'check') return t('check-title')
    if (this.view === 'problem') return t(this.trouble)
    if (this.view === 'ended') return t(this.#left ? 'left-title' : 'ended')
    if (this.view === 'opening') return t('online')
    const waiting = this.#consultation?.waiting.length
    const stands = t(this.#consultation?.others.length ? 'title-call' : 'title-waiting')
    return this.#bell.words ?? (waiting ? `(${waiting}) ${stands}` : stands)
  }

  #page() {
    const consultation = this.#consultation
    switch (this.view) {
      case 'opening':
        return html`<main class="page--told" aria-busy="true"><h1 class="visually-hidden">${t('loading')}</h1></main>`
      case 'link':
        return html`<shinsatsu-link-page
          .clinic=${this.clinic}
          .busy=${this.busy}
          @get-ready=${this.#getReady}
        ></shinsatsu-link-page>`
      case 'problem':
        return html`<shinsatsu-problem-page
          .trouble=${this.trouble}
          .clinic=${this.clinic}
          .grants=${this.grants}
          .farewell=${this.farewell}
          .busy=${consultation?.phase === 'joining'}
          @retry=${() => this.#tryAgain()}
          @look-again=${() => void this.#lookAgain()}
          @pick=${(event: CustomEvent<Grant>) => void this.#enter(() => enterAs(event.detail, this.sessionId))}
        ></shinsatsu-problem-page>`
      case 'check':
        return html`<shinsatsu-check-page
          .consultation=${consultation!}
          .media=${this.#media}
          .clinic=${this.clinic}
          .version=${this.version}
          @join=${({ detail }: CustomEvent<JoinRequest>) => void this.#join(detail)}
        ></shinsatsu-check-page>`
      case 'waiting':
        return html`<shinsatsu-waiting-page
          .consultation=${consultation!}
          .media=${this.#media}
          .clinic=${this.clinic}
          .version=${this.version}
          @leave=${() => void consultation!.leave()}
        ></shinsatsu-waiting-page>`
      case 'call':
        return html`<shinsatsu-call-page
          .consultation=${consultation!}
          .media=${this.#media}
          .clinic=${this.clinic}
          .version=${this.version}
          .since=${this.#joinedAt}
          .soundBlocked=${this.soundBlocked}
          @start-sound=${this.#startSound}
        ></shinsatsu-call-page>`
      case 'ended':
        return html`<shinsatsu-ended-page
          .session=${consultation!.room.session}
          .grant=${consultation!.grant}
          .clinic=${this.clinic}
          .left=${this.#left}
          .fromConsole=${this.#address.fromConsole}
          .busy=${consultation!.phase === 'joining'}
          @return=${() => void this.#join()}
        ></shinsatsu-ended-page>`
    }
  }

  /** The page was opened without a link, or again: whoever this browser knows may go on. */
  async #comeBack(): Promise<void> {
    const removal = rememberedRemoval(this.sessionId)
    if (removal) {
      this.farewell = removal
      return this.#problem('removed')
    }
    this.#tryAgain = () => void this.#comeBack()
    try {
      const people = await knownPeople(this.sessionId, this.#address.grantId)
      if (people.length === 1) return await this.#enter(() => enterAs(people[0]!, this.sessionId))
      this.grants = people
      this.#problem(people.length > 1 ? 'who-are-you' : 'no-grant')
    } catch (error) {
      this.#problem(troubleOf(error))
    }
  }

  #getReady = () => {
    const token = this.token!
    // The browser's question comes with the tap, while the link is being exchanged.
    void this.#media.start()
    this.#tryAgain = this.#getReady
    void this.#enter(() => enterByLink(token))
  }

  async #enter(entrance: () => Promise<Admitted>): Promise<void> {
    this.busy = true
    try {
      const admitted = await entrance()
      this.token = undefined
      this.#take(admitted)
    } catch (error) {
      this.#media.stop()
      const trouble = troubleOf(error)
      this.grants = trouble === 'link-used' ? await heldGrantsIfAny(this.sessionId) : []
      this.#problem(trouble)
    } finally {
      this.busy = false
    }
  }

  #take({ grant, api, session }: Admitted): void {
    this.#wish.read(session)
    this.#consultation = new Consultation(api, grant, session, this.#media, {
      changed: () => this.#changed(),
      noticed: (notice) => this.#noticed(notice),
      refused: (error) => this.callPage?.announceRefusal(error),
    })
    if (session.status === 'ended' || session.status === 'failed') {
      this.#media.stop()
      this.view = 'ended'
      return
    }
    this.view = 'check'
    void this.#media.start().then(() => this.#consultation?.prepare())
  }

  async #join(request: JoinRequest = {}): Promise<void> {
    // Within the tap, before anything is awaited.
    this.#speaker.unlock()
    this.#joinedAt = now()
    this.#wakeLock.hold()
    await this.#consultation!.join(this.#media.start(), request)
  }

  async #lookAgain(): Promise<void> {
    if (await this.#consultation?.lookAgain()) await this.#join()
  }

  #changed(): void {
    this.version++
    const consultation = this.#consultation
    if (!consultation) return
    const view = viewOf(consultation.phase, consultation.own)
    this.#wish.fulfil(consultation)
    if (view && view !== this.view) this.#turnTo(view, consultation)
    if (view === 'call' || view === 'waiting') this.#speaker.play(consultation.voices)
  }

  #turnTo(view: View, { phase, problem, farewell }: Consultation): void {
    if (view !== 'call' && view !== 'waiting') this.#wakeLock.release()
    // The page before may have been scrolled down to its button.
    void this.updateComplete.then(() => this.scrollIntoView())
    this.#left = phase === 'left'
    this.#tryAgain = () => void this.#join()
    this.farewell = farewell
    if (view !== 'problem') this.view = view
    else if (phase === 'elsewhere' || phase === 'moved' || phase === 'removed' || phase === 'blocked')
      this.#problem(phase)
    else this.#problem(troubleOf(problem))
  }

  #problem(trouble: Trouble): void {
    this.trouble = trouble
    if (trouble === 'removed')
      rememberRemoval(addressed(location).sessionId || this.sessionId, this.farewell ?? { phase: 'removed' })
    this.view = 'problem'
  }

  #noticed(notice: Notice): void {
    this.callPage?.announce(notice)
    const { others } = this.#consultation!
    if (notice.kind === 'knocked') this.#bell.ring(t('title-knock', { name: notice.person.displayName }))
    if (notice.kind === 'admitted' && others.length > 0) this.#bell.ring(t('title-started'))
    // The one who was waited for.
    if (notice.kind === 'joined' && others.length <= 1) this.#bell.ring(t('title-arrived'))
  }

  #startSound = () => {
    this.soundBlocked = false
    this.#speaker.resume()
  }

  /** The console wants somebody let in here, where the call is open already. */
  #readdressed = () => {
    this.#address = addressed(location)
    if (this.#consultation) this.#wish.read(this.#consultation.room.session)
    this.#changed()
  }

  #network = (event: Event) => this.#consultation?.network(event.type === 'online')

  #plugged = () => void this.#media.recover()

  #visible = () => {
    if (document.visibilityState !== 'visible' || (this.view !== 'call' && this.view !== 'waiting')) return
    void this.#media.recover()
    this.#consultation?.retryNow()
  }
}
