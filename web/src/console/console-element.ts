import { html } from 'lit'
import { customElement, query, state } from 'lit/decorators.js'
import { keyed } from 'lit/directives/keyed.js'
import type { Clinic, SessionParticipant, VideoSession } from '../api/types'
import '../components/banners'
import type { Banner, Banners } from '../components/banners'
import { Element } from '../components/element'
import { sprite } from '../components/icons'
import { language } from '../i18n'
import { ArrivalBell } from './arrival-bell'
import { Commands } from './commands'
import { clinicIfKnown, ConsoleApi, type Login } from './console-api'
import './console-header'
import { pageOf, titleOf } from './console-pages'
import type { Deed, Question } from './deeds'
import { Desk } from './desk'
import './door'
import type { Entered } from './door'
import { type Ended, endedBy, forget } from './entrance'
import { Frames } from './frames'
import { signSheet } from './icons'
import { forgetMoment, IdleWatch, sharedMoment } from './idle/idle-watch'
import './idle/idle-warning'
import { isInCall } from './idle/in-call'
import type { QuestionDialog } from './question-dialog'
import './question-dialog'
import { type Route, routeOf, Router } from './router'
import { w } from './words'

const FEW_CODES = 3

/** The staff console, from the login to the log-out. */
@customElement('shinsatsu-console')
export class ConsoleElement extends Element {
  @state() private login: Login | undefined
  @state() private ended: Ended | undefined
  @state() private clinic: Clinic | undefined
  @state() private route: Route = routeOf(location)
  @state() private version = 0
  @state() private announced = ''
  @query('shinsatsu-banners') private banners!: Banners | null
  @query('shinsatsu-question-dialog') private dialog!: QuestionDialog | null
  #desk: Desk | undefined
  #commands: Commands | undefined
  #idle: IdleWatch | undefined
  #loginName = ''
  #bell = new ArrivalBell(() => this.#changed())
  #router = new Router((route) => this.#arriveAt(route))
  #frames = new Frames(() => this.version++)

  override connectedCallback(): void {
    super.connectedCallback()
    this.#router.start(this)
    addEventListener('online', this.#online)
    addEventListener('pointerdown', this.#pressed)
    addEventListener('keydown', this.#pressed)
    void clinicIfKnown().then((clinic) => (this.clinic = clinic))
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    this.#router.stop()
    removeEventListener('online', this.#online)
    removeEventListener('pointerdown', this.#pressed)
    removeEventListener('keydown', this.#pressed)
    this.#idle?.stop()
    this.#desk?.stop()
  }

  protected override render() {
    const isOpen = this.login && this.#desk && this.route.page !== 'setup'
    // Short notices name people, so they go with the login they were for.
    return html`${sprite} ${signSheet}
      <p class="visually-hidden" role="status" aria-live="polite" data-testid="announcement">${this.announced}</p>
      ${isOpen ? this.#console(this.login!, this.#desk!) : this.#door()}
      ${keyed(this.login?.loginId, html`<shinsatsu-banners></shinsatsu-banners>`)}`
  }

  protected override updated(): void {
    this.lang = language()
    document.documentElement.lang = language()
    this.#entitle()
  }

  #console(login: Login, desk: Desk) {
    const { route, version } = this
    return html`<div
      @deed=${this.#deed}
      @question=${this.#question}
      @bell=${this.#toggleBell}
      @log-out=${this.#logOut}
      @tell=${(event: CustomEvent<Banner>) => this.banners?.show(event.detail)}
      @login-over=${() => this.#close('login-over')}
    >
      <shinsatsu-console-header
        .clinic=${this.clinic}
        .login=${login}
        .bell=${this.#bell}
        .page=${route.page}
        .version=${version}
      ></shinsatsu-console-header>
      ${pageOf(route, { desk, commands: this.#commands!, login, version })}
      <shinsatsu-question-dialog></shinsatsu-question-dialog>
      <shinsatsu-idle-warning .left=${this.#idle?.left}></shinsatsu-idle-warning>
    </div>`
  }

  #door() {
    return html`<shinsatsu-door
      .clinic=${this.clinic}
      .ended=${this.ended}
      .loginName=${this.#loginName}
      @entered=${this.#entered}
    ></shinsatsu-door>`
  }

  #entered = ({ detail }: CustomEvent<Entered>) => {
    this.#desk?.stop()
    this.#idle?.stop()
    this.#loginName = detail.loginName
    if (this.route.page === 'setup') {
      history.replaceState(null, '', '/console')
      this.route = routeOf(location)
    }
    this.#begin(detail.login)
    if (detail.recoveryCodesLeft !== undefined && detail.recoveryCodesLeft <= FEW_CODES) {
      this.#warnOfFewCodes(detail.recoveryCodesLeft)
    }
  }

  #begin(login: Login): void {
    const desk = new Desk(new ConsoleApi(login.loginId), {
      changed: () => this.#changed(),
      arrived: (session, participant) => this.#arrived(session, participant),
      refused: (reason) => this.#refused(desk, endedBy(reason)),
    })
    this.#commands = new Commands(desk, {
      changed: () => this.#changed(),
      tell: (banner) => this.banners?.show(banner),
      ask: (question) => this.dialog?.show(question, true),
      refused: () => this.#refused(desk, 'login-over'),
    })
    this.#desk = desk
    this.login = login
    this.ended = undefined
    this.#watch(login, desk)
    this.#arriveAt(this.route)
    desk.start()
  }

  /** Logs off whoever has left; the server does the same by its own count. */
  #watch(login: Login, desk: Desk): void {
    if (!login.idleTimeout) return
    this.#idle = new IdleWatch(
      login.idleTimeout * 1000,
      {
        report: () => desk.api.reportActivity(),
        inCall: () => isInCall(login, desk.sessions.values()),
        changed: () => this.version++,
        over: () => void this.#leave('logged-off'),
      },
      sharedMoment(login.loginId),
    )
    this.#idle.start()
  }

  /** What a console that is closed already still hears says nothing of the one that is open now. */
  #refused(desk: Desk, ended: Ended): void {
    if (desk === this.#desk) this.#close(ended)
  }

  /** Covers everything before anybody is asked: nothing of a patient stays on an empty desk. */
  #close(ended: Ended): void {
    this.#idle?.stop()
    this.#idle = undefined
    this.#desk?.stop()
    this.#desk = undefined
    this.#commands = undefined
    if (this.login) forgetMoment(this.login.loginId)
    this.login = undefined
    this.announced = ''
    forget()
    this.ended = ended
  }

  #logOut = () => this.#leave('logged-out')

  async #leave(ended: Ended): Promise<void> {
    const api = this.#desk?.api
    this.#close(ended)
    await api?.logOut().catch(() => undefined)
  }

  #warnOfFewCodes(count: number): void {
    const banner: Banner = {
      icon: 'info',
      kind: 'warning',
      stays: true,
      words: w('few-codes', { count }),
      more: w('few-codes-lead'),
      action: { words: w('account'), act: () => this.#router.go('/console/account') },
    }
    void this.updateComplete.then(() => this.banners?.show(banner))
  }

  #arriveAt(route: Route): void {
    this.route = route
    if (route.page === 'day') this.#desk?.show(route.day ?? this.#desk.today)
    // A new page begins at its title, for the eyes and for those who listen.
    void this.updateComplete.then(() =>
      requestAnimationFrame(() => this.querySelector<HTMLElement>('h1')?.focus({ preventScroll: true })),
    )
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
    const page = this.#desk ? titleOf(this.route, this.#desk) : w('console')
    const title = [page, this.clinic?.name].filter(Boolean).join(w('title-join'))
    const whole = waiting > 0 ? `(${waiting}) ${title}` : title
    if (document.title !== whole) document.title = whole
  }
}
