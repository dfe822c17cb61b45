import { html, nothing } from 'lit'
import { customElement, property, query, state } from 'lit/decorators.js'
import { type Clinic, type Grant, userKey } from './api/types'
import { Consultation } from './call/consultation'
import type { Notice } from './call/notices'
import { Element } from './components/element'
import { sprite } from './components/icons'
import './components/trouble-card'
import { type Admitted, addressed, clinicIfKnown, enterAs, enterByLink, heldGrantsIfAny, knownPeople } from './entrance'
import { type Key, language, t } from './i18n'
import { chime } from './media/chime'
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

type View = 'opening' | 'link' | 'problem' | 'check' | 'call' | 'ended'

const ARRIVED_TITLE_MS = 8_000

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
  @state() private grants: Grant[] = []
  @state() private busy = false
  @state() private version = 0
  @state() private soundBlocked = false
  @query('shinsatsu-call-page') private callPage!: CallPage | null
  #consultation: Consultation | undefined
  #media = new LocalMedia()
  #speaker = new Speaker()
  #wakeLock = new WakeLock()
  #joinedAt = 0
  #arrivedUntil = 0
  #tryAgain: () => void = () => undefined

  override connectedCallback(): void {
    super.connectedCallback()
    const address = addressed(location)
    this.sessionId ||= address.sessionId
    this.token ??= address.token
    this.#speaker.onBlocked = () => (this.soundBlocked = true)
    this.#media.onChange = () => this.version++
    this.#media.onLost = (kind, replaced) => this.callPage?.announceLost(kind, replaced)
    navigator.mediaDevices?.addEventListener('devicechange', this.#plugged)
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
    removeEventListener('online', this.#network)
    removeEventListener('offline', this.#network)
    document.removeEventListener('visibilitychange', this.#visible)
    navigator.mediaDevices?.removeEventListener('devicechange', this.#plugged)
    this.#wakeLock.release()
    this.#consultation?.close()
  }

  protected override render() {
    return html`${sprite}
      <p
        class="visually-hidden"
        role="status"
        data-testid="session-status"
        data-status=${this.#status}
      >${this.#consultation ? t(`status-${this.#status}` as Key) : nothing}</p>
      ${this.#page()}`
  }

  protected override updated(): void {
    this.lang = language()
    document.documentElement.lang = language()
    document.title = [this.#title, this.clinic?.name].filter(Boolean).join(' ｜ ')
  }

  get #status(): string {
    const consultation = this.#consultation
    if (!consultation) return 'scheduled'
    if (consultation.phase === 'reconnecting' || (this.view === 'call' && consultation.trouble)) return 'reconnecting'
    const { status } = consultation.room.session
    // On the way back in after an end: the session that follows is not made yet.
    return consultation.phase === 'joining' && (status === 'ended' || status === 'failed') ? 'scheduled' : status
  }

  get #title(): string {
    if (this.view === 'link') return t('get-ready')
    if (this.view === 'check') return t('check-title')
    if (this.view === 'problem') return t(this.trouble)
    if (this.view === 'ended') return t(this.#consultation?.phase === 'left' ? 'left-title' : 'ended')
    if (this.view === 'opening') return t('online')
    if (Date.now() < this.#arrivedUntil) return `● ${t('title-arrived')}`
    return t(this.#consultation?.others.length ? 'title-call' : 'title-waiting')
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
          @retry=${() => this.#tryAgain()}
          @pick=${(event: CustomEvent<Grant>) => void this.#enter(() => enterAs(event.detail, this.sessionId))}
        ></shinsatsu-problem-page>`
      case 'check':
        return html`<shinsatsu-check-page
          .consultation=${consultation!}
          .media=${this.#media}
          .clinic=${this.clinic}
          .version=${this.version}
          @join=${() => void this.#join()}
        ></shinsatsu-check-page>`
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
          .left=${consultation!.phase === 'left'}
          @return=${() => void this.#join()}
        ></shinsatsu-ended-page>`
    }
  }

  /** The page was opened without a link, or again: whoever this browser knows may go on. */
  async #comeBack(): Promise<void> {
    this.#tryAgain = () => void this.#comeBack()
    try {
      const people = await knownPeople(this.sessionId)
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
    this.#consultation = new Consultation(api, grant, session, this.#media, {
      changed: () => this.#changed(),
      noticed: (notice) => this.#noticed(notice),
    })
    if (session.status === 'ended' || session.status === 'failed') {
      this.#media.stop()
      this.view = 'ended'
      return
    }
    this.view = 'check'
    void this.#media.start().then(() => this.#consultation?.prepare())
  }

  async #join(): Promise<void> {
    // Within the tap, before anything is awaited.
    this.#speaker.unlock()
    const consultation = this.#consultation!
    this.#joinedAt = Date.now()
    this.view = 'call'
    this.#wakeLock.hold()
    await consultation.join(this.#media.start())
  }

  #changed(): void {
    this.version++
    const consultation = this.#consultation
    if (!consultation || this.view !== 'call') return
    const { phase } = consultation
    this.#speaker.play(voicesOf(consultation))
    if (phase === 'over' || phase === 'left') this.#leaveCall('ended')
    if (phase === 'elsewhere') this.#leaveCall('problem', 'elsewhere')
    if (phase === 'refused') this.#leaveCall('problem', troubleOf(consultation.problem))
  }

  #leaveCall(view: View, trouble?: Trouble): void {
    this.#wakeLock.release()
    this.#tryAgain = () => void this.#join()
    if (trouble) this.#problem(trouble)
    else this.view = view
  }

  #problem(trouble: Trouble): void {
    this.trouble = trouble
    this.view = 'problem'
  }

  #noticed(notice: Notice): void {
    if (this.view !== 'call') return
    this.callPage?.announce(notice)
    if (notice.kind !== 'joined' || this.#consultation!.others.length > 1) return
    // The one who was waited for: heard and seen from another tab too.
    void chime()
    this.#arrivedUntil = Date.now() + ARRIVED_TITLE_MS
    setTimeout(() => this.requestUpdate(), ARRIVED_TITLE_MS)
  }

  #startSound = () => {
    this.soundBlocked = false
    this.#speaker.resume()
  }

  #network = (event: Event) => this.#consultation?.network(event.type === 'online')

  #plugged = () => void this.#media.recover()

  #visible = () => {
    if (document.visibilityState !== 'visible' || this.view !== 'call') return
    void this.#media.recover()
    this.#consultation?.retryNow()
  }
}

function voicesOf(consultation: Consultation): Map<string, MediaStreamTrack> {
  const voices = new Map<string, MediaStreamTrack>()
  for (const person of consultation.others) {
    const track = consultation.trackOf(person, 'audio')
    if (track) voices.set(userKey(person), track)
  }
  return voices
}
