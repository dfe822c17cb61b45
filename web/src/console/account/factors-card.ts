import { html, nothing } from 'lit'
import { sign } from '../icons'
import { passkeys } from '../login/passkeys'
import { moment, w } from '../words'
import type { Account, PasskeyEntry } from './account-api'

export interface FactorDeeds {
  addTotp(): void
  removeTotp(): void
  addPasskey(): void
  removePasskey(passkey: PasskeyEntry): void
  renewCodes(): void
}

/** The second step of the login: app, passkeys, recovery codes. The last factor stays where one is required. */
export function factorsCard(account: Account, deeds: FactorDeeds) {
  const isLast = account.secondFactorRequired && account.passkeys.length + (account.totp ? 1 : 0) <= 1
  return html`<section class="card card--flush" aria-labelledby="factors-title">
    <div class="card__head"><h2 class="subtitle" id="factors-title">${w('factors')}</h2></div>
    <ul class="rows">
      ${totpRow(account, isLast, deeds)}
      ${account.passkeys.map((passkey) => passkeyRow(passkey, isLast, deeds))}
      ${passkeys.supported ? addPasskeyRow(account, deeds) : nothing}
      ${codesRow(account, deeds)}
    </ul>
    ${isLast ? html`<p class="card__foot note">${w('factor-last')}</p>` : nothing}
  </section>`
}

function totpRow({ totp }: Account, isLast: boolean, deeds: FactorDeeds) {
  return html`<li class="rows__item">
    <span class="avatar">${sign('mobile')}</span>
    <div>
      <p class="person__name">${w('enroll-totp')}</p>
      <p class="person__about">${w(totp ? 'factor-on' : 'factor-off')}</p>
    </div>
    ${
      totp
        ? removal(w('enroll-totp'), isLast, 'remove-totp', () => deeds.removeTotp())
        : html`<button class="button" type="button" data-testid="add-totp" @click=${() => deeds.addTotp()}>${w('add')}</button>`
    }
  </li>`
}

function passkeyRow(passkey: PasskeyEntry, isLast: boolean, deeds: FactorDeeds) {
  const used = passkey.lastUsedAt ? w('last-used', { time: moment(passkey.lastUsedAt) }) : w('never-used')
  return html`<li class="rows__item" data-testid="passkey-row">
    <span class="avatar">${sign('key')}</span>
    <div>
      <p class="person__name">${passkey.name}</p>
      <p class="person__about">${w('passkey')}<br />${used}</p>
    </div>
    ${removal(passkey.name, isLast, 'remove-passkey', () => deeds.removePasskey(passkey))}
  </li>`
}

function addPasskeyRow({ passkeys: known }: Account, deeds: FactorDeeds) {
  return html`<li class="rows__item">
    <span class="avatar">${sign('key')}</span>
    <div>
      <p class="person__name">${w(known.length > 0 ? 'passkey-another' : 'passkey')}</p>
      <p class="person__about">${w('enroll-passkey-about')}</p>
    </div>
    <button class="button" type="button" data-testid="add-passkey" @click=${() => deeds.addPasskey()}>${w('add')}</button>
  </li>`
}

function codesRow({ recoveryCodesLeft: left, totp, passkeys: known }: Account, deeds: FactorDeeds) {
  if (!totp && known.length === 0) return nothing
  return html`<li class="rows__item">
    <span class="avatar">${sign('save')}</span>
    <div>
      <p class="person__name">${w('codes')}</p>
      <p class="person__about ${left <= 3 ? 'mark--warning' : ''}">${w('codes-left', { count: left })}</p>
    </div>
    <button class="button" type="button" data-testid="renew-codes" @click=${() => deeds.renewCodes()}>
      ${w('codes-renew-short')}
    </button>
  </li>`
}

function removal(name: string, isLast: boolean, testid: string, act: () => void) {
  if (isLast) return nothing
  return html`<button class="button button--grave" type="button" data-testid=${testid} @click=${act}>
    <span>${w('take-away')}<span class="visually-hidden"> ${name}</span></span>
  </button>`
}
