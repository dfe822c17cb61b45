import { html } from 'lit'
import { customElement, property, state } from 'lit/decorators.js'
import type { Clinic } from '../api/types'
import { Element } from '../components/element'
import type { Login } from './console-api'
import {
  closedBy,
  dropToken,
  type Ended,
  enterByLink,
  knownLogins,
  remember,
  takeLoginError,
  takeSetupToken,
  takeToken,
} from './entrance'
import type { Entry } from './entry-page'
import './entry-page'
import { type Admitted, LoginApi, type LoginMethods } from './login/login-api'
import { LoginFlow } from './login/login-flow'
import './login/login-page'
import { isWord } from './words'

/** Entries at which somebody may log in, where the clinic has a way to. */
const AT_LOGIN: Entry[] = ['no-login', 'logged-off', 'logged-out', 'login-over', 'blocked']

/** Before the console: a one-time link, whoever this browser knows, or the login. Says `entered`. */
@customElement('shinsatsu-door')
export class Door extends Element {
  @property({ attribute: false }) clinic: Clinic | undefined
  /** Why a console that was open closed; it is not opened again by itself. */
  @property() ended: Ended | undefined
  @property() loginName = ''
  @state() private entry: Entry = 'opening'
  @state() private logins: Login[] = []
  @state() private methods: LoginMethods | undefined
  @state() private busy = false
  @state() private version = 0
  #token: string | undefined
  #flow = new LoginFlow({ changed: () => this.version++, entered: (admitted) => this.#entered(admitted) })

  override connectedCallback(): void {
    super.connectedCallback()
    addEventListener('hashchange', this.#pasted)
    this.#flow.loginName = this.loginName
    this.#token = takeToken()
    const setup = takeSetupToken()
    const error = takeLoginError()
    if (this.#token) this.entry = 'link'
    else if (setup) this.#setUp(setup)
    else if (error !== undefined)
      void this.#login('no-login', () => this.#flow.begin({ at: 'password' }, troubleAt(error)))
    else if (this.ended) void this.#login(this.ended)
    else void this.#comeBack()
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    removeEventListener('hashchange', this.#pasted)
  }

  protected override updated(): void {
    this.dataset['testid'] = this.ended ? 'logged-off' : 'door'
    this.dataset['reason'] = this.ended ?? ''
  }

  protected override render() {
    const { entry, methods } = this
    if (
      AT_LOGIN.includes(entry) &&
      methods &&
      (methods.password || methods.oidc || this.#flow.step.at !== 'password')
    ) {
      return html`<shinsatsu-login-page
        .flow=${this.#flow}
        .methods=${methods}
        .clinic=${this.clinic}
        .reason=${this.ended ?? ''}
        .path=${location.pathname + location.search}
        .version=${this.version}
      ></shinsatsu-login-page>`
    }
    return html`<shinsatsu-entry-page
      .entry=${entry}
      .clinic=${this.clinic}
      .logins=${this.logins}
      .busy=${this.busy}
      .linked=${this.#token !== undefined}
      @open=${() => void this.#open()}
      @retry=${() => void (this.#token ? this.#open() : this.#comeBack())}
      @other=${() => void this.#login('no-login')}
      @pick=${(event: CustomEvent<Login>) => this.#enter(event.detail)}
    ></shinsatsu-entry-page>`
  }

  /** Another setup link, opened in the same tab: only the fragment differs, so the page stays. */
  #pasted = () => {
    const setup = takeSetupToken()
    if (setup) this.#setUp(setup)
  }

  #setUp(token: string): void {
    void this.#login('no-login', () => this.#flow.begin({ at: 'setup', token }))
  }

  async #open(): Promise<void> {
    this.busy = true
    try {
      const login = await enterByLink(this.#token!)
      this.#token = undefined
      this.#enter(login)
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
      if (only && logins.length === 1) this.#enter(only)
      else if (only) this.entry = 'choose'
      else await this.#login('no-login')
    } catch (error) {
      const closed = closedBy(error)
      this.entry = closed === 'network' || closed === 'server' ? closed : 'no-login'
    }
    this.busy = false
  }

  async #login(entry: Entry, begin: () => void = () => undefined): Promise<void> {
    // Whatever the network does, what was open is covered already.
    if (this.ended) this.entry = entry
    try {
      this.methods = await new LoginApi().methods()
      this.entry = entry
      begin()
    } catch (error) {
      this.entry = closedBy(error) === 'server' ? 'server' : 'network'
    }
  }

  #entered({ login, recoveryCodesLeft }: Admitted): void {
    dropToken()
    this.#enter(login, recoveryCodesLeft)
  }

  #enter(login: Login, recoveryCodesLeft?: number): void {
    remember(login)
    this.say('entered', { login, recoveryCodesLeft, loginName: this.#flow.loginName } satisfies Entered)
  }
}

export interface Entered {
  login: Login
  /** Known where one came in with a second factor. */
  recoveryCodesLeft: number | undefined
  loginName: string
}

/** The provider's refusals have words of their own; whatever else stands in the address is none of ours to repeat. */
function troubleAt(error: string) {
  return { name: isWord(`trouble-${error}`) ? error : 'oidc_refused' }
}
