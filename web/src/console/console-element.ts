import { html } from 'lit'
import { customElement, query, state } from 'lit/decorators.js'
import type { Clinic, SessionParticipant, VideoSession } from '../api/types'
import '../components/banners'
import type { Banners } from '../components/banners'
import { Element } from '../components/element'
import { sprite } from '../components/icons'
import { language } from '../i18n'
import { ArrivalBell } from './arrival-bell'
import { Commands } from './commands'
import { clinicIfKnown, ConsoleApi, type Login } from './console-api'
import './console-header'
import type { Deed, Question } from './deeds'
import { Desk } from './desk'
import { closedBy, type Closed, dropToken, enterByLink, forget, knownLogins, remember, takeToken } from './entrance'
import type { Entry } from './entry-page'
import './entry-page'
import { Frames } from './frames'
import { signSheet } from './icons'
import type { QuestionDialog } from './question-dialog'
import './question-dialog'
import { type Route, routeOf, Router } from './router'
import './session-page'
import './today-page'
import { w } from './words'

/** The staff console, from the link that opens it to the log-out. */
@customElement('shinsatsu-console')
export class ConsoleElement extends Element {
  @state() private entry: Entry = 'opening'
  @state() private login: Login | undefined
  @state() private logins: Login[] = []
  @state() private clinic: Clinic | undefined
  @state() private busy = false
  @state() private route: Route = routeOf(location)
  @state() private version = 0
  @state() private announced = ''
  @query('shinsatsu-banners') private banners!: Banners | null
  @query('shinsatsu-question-dialog') private dialog!: QuestionDialog | null
  #token: string | undefined
  #desk: Desk | undefined
  #commands: Commands | undefined
  #bell = new ArrivalBell(() => this.#changed())
  #router = new Router((route) => this.#arriveAt(route))
  #frames = new Frames(() => this.version++)

  override connectedCallback(): void {
    super.connectedCallback()
    this.#token = takeToken()
    this.#router.start(this)
    addEventListener('online', this.#online)
    addEventListener('pointerdown', this.#pressed)
    addEventListener('keydown', this.#pressed)
    void clinicIfKnown().then((clinic) => (this.clinic = clinic))
    if (this.#token) this.entry = 'link'
    else void this.#comeBack()
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    this.#router.stop()
    removeEventListener('online', this.#online)
    removeEventListener('pointerdown', this.#pressed)
    removeEventListener('keydown', this.#pressed)
    this.#desk?.stop()
  }

  protected override render() {
    return html`${sprite} ${signSheet}
      <p class="visually-hidden" role="status" aria-live="polite" data-testid="announcement">${this.announced}</p>
      ${this.login && this.#desk ? this.#console(this.login, this.#desk) : this.#entryPage()}
      <shinsatsu-banners></shinsatsu-banners>`
  }

  protected override updated(): void {
    this.lang = language()
    document.documentElement.lang = language()
    this.#entitle()
  }

  #console(login: Login, desk: Desk) {
    const { route, version } = this
    return html`<div @deed=${this.#deed} @question=${this.#question} @bell=${this.#toggleBell} @log-out=${this.#logOut}>
      <shinsatsu-console-header
        .clinic=${this.clinic}
        .login=${login}
        .bell=${this.#bell}
        .version=${version}
      ></shinsatsu-console-header>
      ${
        route.page === 'session'
          ? html`<shinsatsu-session-page
              .desk=${desk}
              .commands=${this.#commands!}
              .sessionId=${route.sessionId}
              .version=${version}
            ></shinsatsu-session-page>`
          : html`<shinsatsu-today-page
              .desk=${desk}
              .commands=${this.#commands!}
              .login=${login}
              .version=${version}
            ></shinsatsu-today-page>`
      }
      <shinsatsu-question-dialog></shinsatsu-question-dialog>
    </div>`
  }

  #entryPage() {
    return html`<shinsatsu-entry-page
      .entry=${this.entry}
      .clinic=${this.clinic}
      .logins=${this.logins}
      .busy=${this.busy}
      @open=${() => void this.#open()}
      @retry=${() => void (this.#token ? this.#open() : this.#comeBack())}
      @pick=${(event: CustomEvent<Login>) => this.#begin(remember(event.detail))}
    ></shinsatsu-entry-page>`
  }

  async #open(): Promise<void> {
    this.busy = true
    try {
      this.#begin(await enterByLink(this.#token!))
      this.#token = undefined
    } catch (error) {
      this.entry = closedBy(error)
      const mayPass = this.entry === 'network' || this.entry === 'server'
      if (!mayPass) {
        this.#token = undefined
        dropToken()
        this.logins = await knownLogins().catch(() => [])
      }
    }
    this.busy = false
  }

  /** Opened again without a link: whoever this browser knows may go on. */
  async #comeBack(): Promise<void> {
    this.busy = true
    try {
      const logins = await knownLogins()
      const [only] = logins
      this.logins = logins
      if (only && logins.length === 1) this.#begin(remember(only))
      else this.entry = only ? 'choose' : 'no-login'
    } catch (error) {
      const closed = closedBy(error)
      this.entry = closed === 'network' || closed === 'server' ? closed : 'no-login'
    }
    this.busy = false
  }

  #begin(login: Login): void {
    const desk = new Desk(new ConsoleApi(login.loginId), {
      changed: () => this.#changed(),
      arrived: (session, participant) => this.#arrived(session, participant),
      refused: () => this.#close('login-over'),
    })
    this.#commands = new Commands(desk, {
      changed: () => this.#changed(),
      tell: (banner) => this.banners?.show(banner),
      ask: (question) => this.dialog?.show(question, true),
      refused: () => this.#close('login-over'),
    })
    this.#desk = desk
    this.login = login
    this.#follow(this.route)
    desk.start()
  }

  #close(entry: Closed): void {
    this.#desk?.stop()
    this.#desk = undefined
    this.login = undefined
    this.logins = []
    forget()
    this.entry = entry
  }

  #logOut = async () => {
    await this.#desk?.api.logOut().catch(() => undefined)
    this.#close('logged-out')
  }

  #arriveAt(route: Route): void {
    this.route = route
    this.#follow(route)
    // A new page begins at its title, for the eyes and for those who listen.
    void this.updateComplete.then(() =>
      requestAnimationFrame(() => this.querySelector<HTMLElement>('h1')?.focus({ preventScroll: true })),
    )
  }

  #follow(route: Route): void {
    if (route.page === 'day') this.#desk?.show(route.day ?? this.#desk.today)
  }

  #deed = (event: CustomEvent<Deed>) => void this.#commands?.run(event.detail)
  #question = (event: CustomEvent<Question>) => this.dialog?.show(event.detail)
  #toggleBell = () => void (this.#bell.held ? this.#bell.unlock().then(() => this.#bell.ring()) : this.#bell.toggle())
  #pressed = (event: Event) => {
    // The bell's own button does that itself: by the time it is clicked it must not have changed its meaning.
    const isBell = event.target instanceof HTMLElement && event.target.closest('.button--bell')
    if (this.login && this.#bell.held && !isBell) void this.#bell.unlock()
  }
  #online = () => this.#desk?.hurry()

  #arrived(session: VideoSession, participant: SessionParticipant): void {
    this.#bell.ring()
    const doctor = session.appointment.doctor.displayName
    this.announced = w('announce', { name: participant.displayName, doctor })
  }

  /** The title tells at once, in a hidden tab too. */
  #changed(): void {
    this.#entitle()
    this.#frames.ask()
  }

  #entitle(): void {
    const waiting = this.#desk?.waiting ?? 0
    const { route } = this
    const about = route.page === 'session' ? this.#desk?.sessions.get(route.sessionId) : undefined
    const page = about?.appointment.patient.displayName ?? w('today')
    const title = [this.login ? page : w('console'), this.clinic?.name].filter(Boolean).join(w('title-join'))
    const whole = waiting > 0 ? `(${waiting}) ${title}` : title
    if (document.title !== whole) document.title = whole
  }
}
