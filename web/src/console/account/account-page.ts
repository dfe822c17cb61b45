import { html, nothing } from 'lit'
import { customElement, query, state } from 'lit/decorators.js'
import { avatar } from '../../components/parts'
import { ConsolePage } from '../console-page'
import { sign } from '../icons'
import { roleOf, w } from '../words'
import { type Account, AccountApi, type OwnLogin, type PasskeyEntry } from './account-api'
import type { CodesDialog } from './codes-dialog'
import './codes-dialog'
import { factorsCard } from './factors-card'
import { loginsCard } from './logins-card'
import type { PasswordDialog } from './password-dialog'
import './password-dialog'
import type { TotpDialog } from './totp-dialog'
import './totp-dialog'
import { passkeys } from '../login/passkeys'

/** One's own account: the ways in, the password, and where one is logged in. */
@customElement('shinsatsu-account-page')
export class AccountPage extends ConsolePage {
  @state() private account: Account | undefined
  @state() private logins: OwnLogin[] = []
  @query('shinsatsu-password-dialog') private question!: PasswordDialog
  @query('shinsatsu-totp-dialog') private totp!: TotpDialog
  @query('shinsatsu-codes-dialog') private codes!: CodesDialog

  protected override get heading(): string {
    return w('account')
  }

  get #api(): AccountApi {
    return new AccountApi(this.login.loginId)
  }

  protected override async read(): Promise<void> {
    const [account, logins] = await Promise.all([this.#api.account(), this.#api.logins()])
    this.account = account
    this.logins = logins
  }

  protected override page() {
    const account = this.account!
    return html`<div class="person">
        ${avatar(account.displayName, true)}
        <div>
          <h1 class="title" tabindex="-1">${w('account')}</h1>
          <p class="person__about">${[account.displayName, roleOf(this.login), account.loginName].filter(Boolean).join(' · ')}</p>
        </div>
      </div>
      <div class="cards">
        ${account.loginName === null ? this.#elsewhere() : this.#own(account)}
        ${loginsCard(this.logins, (login) => void this.#end(login))}
      </div>
      <shinsatsu-password-dialog></shinsatsu-password-dialog>
      <shinsatsu-totp-dialog></shinsatsu-totp-dialog>
      <shinsatsu-codes-dialog></shinsatsu-codes-dialog>`
  }

  #own(account: Account) {
    return html`${factorsCard(account, {
      addTotp: () => this.#addTotp(),
      removeTotp: () => this.#removeTotp(),
      addPasskey: () => this.#addPasskey(),
      removePasskey: (passkey) => this.#removePasskey(passkey),
      renewCodes: () => this.#renewCodes(),
    })}
      <section class="card stack" aria-labelledby="password-title">
        <h2 class="subtitle" id="password-title">${w('password')}</h2>
        <p class="note">${w('password-about')}</p>
        <button class="button button--quiet button--start" type="button" data-testid="change-password" @click=${this.#changePassword}>
          ${w('password-change')}
        </button>
      </section>`
  }

  #elsewhere() {
    return html`<section class="card stack" aria-labelledby="elsewhere-title">
      <h2 class="subtitle row" id="elsewhere-title">${sign('key')} ${w('ways-in')}</h2>
      <p>${w(this.login.method === 'oidc' ? 'ways-in-oidc' : 'ways-in-link')}</p>
      ${this.login.method === 'oidc' ? nothing : html`<p class="note">${w('ways-in-link-more')}</p>`}
    </section>`
  }

  #changePassword = () =>
    this.question.ask({
      title: w('password-change'),
      lead: w('password-change-lead'),
      submit: w('password-change-do'),
      also: 'new-password',
      run: async (current, fresh) => {
        await this.#api.changePassword(current, fresh)
        this.#done(w('told-password'))
      },
    })

  #addTotp(): void {
    this.question.ask({
      title: w('enroll-totp'),
      submit: w('go-on'),
      run: async (current) => {
        const secret = await this.#api.startTotp(current)
        this.totp.ask(secret, async (code) => {
          const { recoveryCodes } = await this.#api.confirmTotp(code)
          this.#done(w('told-totp'), recoveryCodes)
        })
      },
    })
  }

  #removeTotp(): void {
    this.question.ask({
      title: w('totp-remove'),
      lead: w('totp-remove-lead'),
      submit: w('take-away'),
      run: async (current) => {
        await this.#api.removeTotp(current)
        this.#done(w('told-totp-removed'))
      },
    })
  }

  #addPasskey(): void {
    this.question.ask({
      title: w('enroll-passkey'),
      submit: w('passkey-make'),
      also: 'passkey-name',
      run: async (current, name) => {
        const credential = await passkeys.make(await this.#api.startPasskey(current))
        const answer = await this.#api.confirmPasskey(name.trim() || w('passkey-name-default'), credential)
        this.#done(w('told-passkey'), answer?.recoveryCodes)
      },
    })
  }

  #removePasskey(passkey: PasskeyEntry): void {
    this.question.ask({
      title: w('passkey-remove', { name: passkey.name }),
      lead: w('passkey-remove-lead'),
      submit: w('take-away'),
      run: async (current) => {
        await this.#api.removePasskey(passkey.id, current)
        this.#done(w('told-passkey-removed'))
      },
    })
  }

  #renewCodes(): void {
    this.question.ask({
      title: w('codes-renew'),
      lead: w('codes-renew-lead'),
      submit: w('codes-renew-do'),
      run: async (current) => this.#done(w('told-codes'), await this.#api.renewCodes(current)),
    })
  }

  async #end(login: OwnLogin): Promise<void> {
    // Ending the one that speaks is logging out, and is told as that.
    if (login.current) this.say('log-out')
    else await this.attempt(() => this.#api.endLogin(login.loginId), w('told-login-ended'))
  }

  #done(words: string, codes?: string[]): void {
    this.say('tell', { icon: 'check', words })
    if (codes?.length) this.codes.show(codes)
    void this.load()
  }
}
