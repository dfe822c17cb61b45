import { html } from 'lit'
import { customElement, property, query, state } from 'lit/decorators.js'
import { type Address, addressed } from './address'
import { AdmissionWish } from './admission-wish'
import type { InvitationAnswer } from './api/invitations'
import { now } from './api/server-time'
import type { Clinic, Grant, JoinRequest } from './api/types'
import { Bell } from './bell'
import { Consultation } from './call/consultation'
import type { Notice } from './call/notices'
import { rememberRemoval } from './call/tab-memory'
import { Element } from './components/element'
import { sprite } from './components/icons'
import { sessionStatus } from './components/session-status'
import './components/trouble-card'
import { Entering, type Stuck } from './entering'
import { type Admitted, clinicIfKnown } from './entrance'
import { language, t } from './i18n'
import { Speaker } from './media/speaker'
import { LocalMedia } from './media/local-media'
import { WakeLock } from './media/wake-lock'
import type { CallPage } from './pages/call-page'
import './pages/call-page'
import './pages/check-page'
import './pages/ended-page'
import './pages/invitation-page'
import './pages/link-page'
import { troubleAfter } from './pages/problem-page'
import './pages/problem-page'
import './pages/waiting-page'
import { type View, viewOf } from './view-of'

/** The address as it counts on a page of somebody else's. */
const EMBEDDED = { pathname: '', search: '' }

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
  @state() private stuck: Stuck = { trouble: 'not-here' }
  @state() private version = 0
  @state() private soundBlocked = false
  @query('shinsatsu-call-page') private callPage!: CallPage | null
  #consultation: Consultation | undefined
  #media = new LocalMedia()
  #speaker = new Speaker()
  #wakeLock = new WakeLock()
  #bell = new Bell(() => this.requestUpdate())
  #address: Address = { sessionId: '', fromConsole: false }
  #entering: Entering | undefined
  #wish = new AdmissionWish()
  #joinedAt = 0
  #left = false

  override connectedCallback(): void {
    super.connectedCallback()
    const embedded = this.sessionId !== ''
    this.#address = addressed(embedded ? { ...EMBEDDED, hash: location.hash } : location, history.state)
    this.#address.sessionId = this.sessionId ||= this.#address.sessionId
    this.#address.token = this.token ??= this.#address.token
    this.#speaker.onBlocked = () => (this.soundBlocked = true)
    this.#media.onChange = () => this.version++
    this.#media.onLost = (kind, replaced) => this.callPage?.announceLost(kind, replaced)
    navigator.mediaDevices?.addEventListener('devicechange', this.#plugged)
    addEventListener('hashchange', this.#readdressed)
    addEventListener('online', this.#network)
    addEventListener('offline', this.#network)
    document.addEventListener('visibilitychange', this.#visible)
    void clinicIfKnown().then((clinic) => (this.clinic = clinic))
    this.#enter()
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
    if (this.view === 'invitation') return t('invited')
    if (this.view === 'check') return t('check-title')
    if (this.view === 'problem') return t(this.stuck.trouble)
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
          .busy=${this.#entering!.busy}
          @get-ready=${() => this.#entering!.getReady()}
        ></shinsatsu-link-page>`
      case 'invitation':
        return html`<shinsatsu-invitation-page
          .clinic=${this.clinic}
          .door=${this.#entering!.door!}
          .busy=${this.#entering!.busy}
          .version=${this.version}
          @send=${() => void this.#entering!.sendCode()}
          @sent-before=${() => this.#entering!.door!.haveCode()}
          @answer=${({ detail }: CustomEvent<InvitationAnswer>) => void this.#entering!.answer(detail)}
        ></shinsatsu-invitation-page>`
      case 'problem':
        return html`<shinsatsu-problem-page
          .trouble=${this.stuck.trouble}
          .clinic=${this.clinic}
          .grants=${this.stuck.grants ?? []}
          .farewell=${this.stuck.farewell}
          .busy=${consultation?.phase === 'joining'}
          @retry=${() => this.stuck.retry?.()}
          @look-again=${() => void this.#lookAgain()}
          @pick=${({ detail }: CustomEvent<Grant>) => this.#entering!.pick(detail)}
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

  #enter(): void {
    this.#entering = new Entering(this.#address, {
      show: (view) => (this.view = view),
      stuck: (stuck) => {
        this.#media.stop()
        this.#stick(stuck)
      },
      admitted: (admitted) => this.#take(admitted),
      changed: () => this.version++,
      openDevices: () => void this.#media.start(),
    })
    this.#entering.begin()
  }

  #take({ grant, api, session }: Admitted): void {
    this.token = undefined
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
    if (view !== 'problem') this.view = view
    else this.#stick({ trouble: troubleAfter(phase, problem), farewell, retry: () => void this.#join() })
  }

  #stick(stuck: Stuck): void {
    if (stuck.trouble === 'removed')
      rememberRemoval(addressed(location).sessionId || this.sessionId, stuck.farewell ?? { phase: 'removed' })
    this.stuck = stuck
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
