import { html } from 'lit'
import { customElement, query, state } from 'lit/decorators.js'
import { repeat } from 'lit/directives/repeat.js'
import { icon } from '../../components/icons'
import type { ConfirmDialog } from '../confirm-dialog'
import '../confirm-dialog'
import { ConsolePage, told } from '../console-page'
import { FocusKeeper } from '../focus-keeper'
import { sign } from '../icons'
import type { SecretDialog } from '../secret-dialog'
import '../secret-dialog'
import { moment, w } from '../words'
import type { UserDialog } from './user-dialog'
import './user-dialog'
import { type UserDeeds, userRow } from './user-row'
import { type Setup, type User, UsersApi } from './users-api'

const PAUSE_MS = 300

/** Those who work here: added, changed, let in again, kept out. For administrators. */
@customElement('shinsatsu-people-page')
export class PeoplePage extends ConsolePage {
  @state() private users: User[] = []
  @state() private query = ''
  @query('shinsatsu-user-dialog') private form!: UserDialog
  @query('shinsatsu-confirm-dialog') private confirmation!: ConfirmDialog
  @query('shinsatsu-secret-dialog') private secret!: SecretDialog
  protected readonly focusKeeper = new FocusKeeper(this)
  #pause: ReturnType<typeof setTimeout> | undefined

  protected override get heading(): string {
    return w('people-page')
  }

  get #api(): UsersApi {
    return new UsersApi(this.login.loginId)
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    clearTimeout(this.#pause)
  }

  protected override async read(): Promise<void> {
    const { query } = this
    const users = await this.#api.users(query)
    if (query === this.query) this.users = users
  }

  protected override page() {
    const { users } = this
    return html`<div class="page-head">
        <div>
          <h1 class="title" tabindex="-1">${w('people-page')}</h1>
          <p class="note">${w('people-lead')}</p>
        </div>
        ${this.#search()}
        <button class="button button--primary" type="button" data-testid="add-user" @click=${() => this.#add()}>
          ${sign('plus')} ${w('user-add')}
        </button>
      </div>
      <p class="visually-hidden" role="status">${w('people-found', { count: users.length })}</p>
      ${users.length > 0 ? this.#list(users) : this.#empty()}
      <shinsatsu-user-dialog></shinsatsu-user-dialog>
      <shinsatsu-confirm-dialog></shinsatsu-confirm-dialog>
      <shinsatsu-secret-dialog></shinsatsu-secret-dialog>`
  }

  #search() {
    return html`<form class="field search" role="search" @submit=${(event: Event) => event.preventDefault()}>
      <label class="visually-hidden" for="people-search">${w('people-search')}</label>
      ${sign('search')}
      <input
        id="people-search"
        type="search"
        autocomplete="off"
        spellcheck="false"
        data-testid="people-search"
        placeholder=${w('people-search')}
        @input=${this.#typed}
      />
    </form>`
  }

  #list(users: User[]) {
    return html`<section class="card card--flush" aria-label=${w('people-page')}>
      <ul class="rows">
        ${repeat(
          users,
          (user) => user.userId,
          (user) =>
            html`<li data-testid="user-row" data-row=${user.userId}>
              ${userRow(user, this.#isMe(user), this.#deeds)}
            </li>`,
        )}
      </ul>
    </section>`
  }

  #empty() {
    return this.query
      ? told(sign('search'), w('nothing-found'), w('people-none', { query: this.query }))
      : told(icon('people'), w('people-empty'), w('people-lead'))
  }

  #typed = (event: Event) => {
    this.query = (event.target as HTMLInputElement).value.trim()
    clearTimeout(this.#pause)
    this.#pause = setTimeout(() => void this.load(), PAUSE_MS)
  }

  #add(): void {
    this.form.ask(undefined, false, async (draft) => {
      const user = await this.#api.add(draft)
      this.say('tell', { icon: 'check', words: w('told-user-added', { name: user.displayName }) })
      this.#showSetup(user.displayName, user)
      void this.load()
    })
  }

  readonly #deeds: UserDeeds = {
    change: (user) =>
      this.form.ask(user, this.#isMe(user), async (draft) => {
        const changed = await this.#api.change(user.userId, draft)
        this.say('tell', { icon: 'check', words: w('told-user-changed', { name: changed.displayName }) })
        // Whoever had no way to log in needs a link to choose a password with.
        const isNew = user.loginName === null && changed.loginName !== null
        if (isNew) this.#showSetup(changed.displayName, await this.#api.reset(user.userId))
        void this.load()
      }),
    reset: (user) => void this.#reset(user),
    unlock: (user) =>
      void this.attempt(() => this.#api.unlock(user.userId), w('told-user-unlocked', { name: user.displayName })),
    block: (user, blocked) => void this.#block(user, blocked),
  }

  #isMe(user: User): boolean {
    return user.userId === this.login.userId
  }

  async #reset(user: User): Promise<void> {
    const name = user.displayName
    const sure = await this.confirmation.ask({
      title: w('user-reset-title', { name }),
      lead: w('user-reset-lead'),
      confirm: w('user-reset-do'),
      grave: true,
    })
    if (sure === undefined) return
    await this.attempt(
      async () => this.#showSetup(name, await this.#api.reset(user.userId)),
      w('told-user-reset', { name }),
    )
  }

  async #block(user: User, blocked: boolean): Promise<void> {
    const name = user.displayName
    const sure = await this.confirmation.ask({
      title: w(blocked ? 'user-block-title' : 'user-unblock-title', { name }),
      lead: w(blocked ? 'user-block-lead' : 'user-unblock-lead'),
      confirm: w(blocked ? 'user-block' : 'user-unblock'),
      grave: blocked,
    })
    if (sure === undefined) return
    const done = w(blocked ? 'told-user-blocked' : 'told-user-unblocked', { name })
    await this.attempt(() => this.#api.block(user.userId, blocked), done)
  }

  #showSetup(name: string, { setupUrl, setupExpiresAt }: Partial<Setup>): void {
    if (!setupUrl) return
    this.secret.show({
      title: w('setup-link', { name }),
      lead: w('setup-link-lead', { time: setupExpiresAt ? moment(setupExpiresAt) : '' }),
      secret: setupUrl,
      testid: 'user-setup-url',
    })
  }
}
