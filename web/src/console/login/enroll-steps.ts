import { html, nothing } from 'lit'
import { field, valueOf } from '../field'
import { sign } from '../icons'
import { w } from '../words'
import type { LoginFlow, Step } from './login-flow'
import type { PasswordField } from './password-field'
import './password-field'
import './recovery-codes'
import { totpSecret } from './totp-secret'

/** A new account chooses its password, with the link that its administrator handed over. */
export function setupStep(flow: LoginFlow) {
  const weak = flow.trouble?.name === 'weak'
  return html`<form class="stack" @submit=${(event: Event) => void setUp(event, flow)}>
    <shinsatsu-password-field
      field="new-password"
      .label=${w('new-password')}
      .help=${w('new-password-help')}
      testid="setup-password"
      .wrong=${weak ? 'login-error' : ''}
      fresh
    ></shinsatsu-password-field>
    ${goOn(flow, w('setup-do'), 'setup-submit')}
  </form>`
}

async function setUp(event: Event, flow: LoginFlow): Promise<void> {
  event.preventDefault()
  const password = (event.target as HTMLElement).querySelector<PasswordField>('shinsatsu-password-field')!
  await flow.setUp(password.value)
  if (flow.trouble?.name === 'weak') password.focus()
}

/** Which second factor to set up. */
export function enrollStep(flow: LoginFlow) {
  const choice = (method: 'totp' | 'passkey', mark: unknown) => html`<button
    class="option"
    type="button"
    data-testid="enroll-${method}"
    @click=${() => void flow.enroll(method)}
  >
    <span class="avatar">${mark}</span>
    <span><b class="person__name">${w(method === 'passkey' ? 'passkey' : 'enroll-totp')}</b><span class="note">${w(`enroll-${method}-about`)}</span></span>
    ${sign('right')}
  </button>`
  return html`<div class="stack stack--close">
    ${flow.canUsePasskeys ? choice('passkey', sign('key')) : nothing} ${choice('totp', sign('mobile'))}
  </div>`
}

export function enrollTotpStep(flow: LoginFlow, step: Extract<Step, { at: 'enroll-totp' }>) {
  return html`${totpSecret(step.totp)} ${totpCheck(flow.trouble?.name === 'code', flow.busy, flow.confirmTotp.bind(flow))}
    ${otherWay(flow)}`
}

/** The first code of a new app proves that it has the secret. */
export function totpCheck(isWrong: boolean, busy: boolean, confirm: (code: string) => Promise<void>) {
  const submit = async (event: Event) => {
    event.preventDefault()
    const form = event.target as HTMLFormElement
    const input = form.querySelector('input')!
    await confirm(valueOf(form, 'new-totp'))
    if (input.isConnected) input.select()
  }
  return html`<form class="stack" @submit=${submit}>
    ${field({
      id: 'new-totp',
      label: w('totp-first'),
      testid: 'totp-code',
      autocomplete: 'one-time-code',
      inputmode: 'numeric',
      maxlength: 32,
      required: true,
      look: 'code-input',
      wrong: isWrong ? 'login-error' : undefined,
    })}
    <button
      class="button button--primary button--large button--wide"
      type="submit"
      data-testid="totp-confirm"
      aria-disabled=${busy}
    >
      ${w(busy ? 'login-checking' : 'totp-confirm')}
    </button>
  </form>`
}

export function enrollPasskeyStep(flow: LoginFlow) {
  const submit = (event: Event) => {
    event.preventDefault()
    void flow.makePasskey(valueOf(event.target as HTMLFormElement, 'passkey-name').trim() || w('passkey-name-default'))
  }
  return html`<form class="stack" @submit=${submit}>
      ${passkeyName()} ${goOn(flow, w('passkey-make'), 'passkey-make')}
    </form>
    ${otherWay(flow)}`
}

/** What a passkey is called in the list of one's own. */
export function passkeyName() {
  return field({
    id: 'passkey-name',
    label: w('passkey-name'),
    help: w('passkey-name-help'),
    testid: 'passkey-name',
    maxlength: 64,
    value: w('passkey-name-default'),
  })
}

export function codesStep(flow: LoginFlow, { codes }: Extract<Step, { at: 'codes' }>) {
  return html`<shinsatsu-recovery-codes .codes=${codes} @kept=${() => flow.codesKept()}></shinsatsu-recovery-codes>`
}

function goOn(flow: LoginFlow, words: string, testid: string) {
  return html`<button
    class="button button--primary button--large button--wide"
    type="submit"
    data-testid=${testid}
    aria-disabled=${flow.busy}
  >
    ${flow.busy ? w('login-checking') : words}
  </button>`
}

function otherWay(flow: LoginFlow) {
  return html`<button
    class="button button--wide button--soft"
    type="button"
    data-testid="enroll-other"
    @click=${() => flow.chooseAgain()}
  >
    ${w('enroll-other')}
  </button>`
}
