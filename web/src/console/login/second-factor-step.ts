import { html } from 'lit'
import { field, valueOf } from '../field'
import { sign } from '../icons'
import { w } from '../words'
import type { FactorMethod } from './login-api'
import type { LoginFlow, Step } from './login-flow'

type SecondFactor = Extract<Step, { at: 'second-factor' }>

/** Proof that it is really them: a passkey, a code of the app, or a recovery code where both are lost. */
export function secondFactorStep(flow: LoginFlow, step: SecondFactor) {
  const others = step.challenge.methods.filter((method) => method !== step.method && isUsable(flow, method))
  return html`${step.method === 'passkey' ? passkeyButton(flow) : codeForm(flow, step.method)}
    <div class="stack stack--close">
      ${others.map(
        (method) => html`<button
          class="button button--wide"
          type="button"
          data-testid="login-${method}-instead"
          @click=${() => flow.choose(method)}
        >
          ${w(`instead-${method}`)}
        </button>`,
      )}
      <button class="button button--wide button--soft" type="button" @click=${() => flow.begin()}>
        ${w('login-again')}
      </button>
    </div>`
}

function isUsable(flow: LoginFlow, method: FactorMethod): boolean {
  return method !== 'passkey' || flow.canUsePasskeys
}

function passkeyButton(flow: LoginFlow) {
  return html`<button
    class="button button--primary button--large button--wide"
    type="button"
    data-testid="login-passkey"
    aria-disabled=${flow.busy}
    @click=${() => void flow.answerPasskey()}
  >
    ${sign('key')} ${w(flow.busy ? 'passkey-waiting' : 'passkey-use')}
  </button>`
}

function codeForm(flow: LoginFlow, method: 'totp' | 'recovery') {
  const isTotp = method === 'totp'
  return html`<form class="stack" @submit=${(event: Event) => void submit(event, flow)}>
    ${field({
      id: method,
      label: w(isTotp ? 'totp-label' : 'recovery-label'),
      help: w(isTotp ? 'totp-help' : 'recovery-help'),
      testid: `login-${method}`,
      autocomplete: isTotp ? 'one-time-code' : 'off',
      inputmode: isTotp ? 'numeric' : 'text',
      maxlength: 32,
      required: true,
      look: isTotp ? 'code-input' : 'code-input code-input--long',
      wrong: flow.trouble?.name === 'code' ? 'login-error' : undefined,
    })}
    <button
      class="button button--primary button--large button--wide"
      type="submit"
      data-testid="second-factor-submit"
      aria-disabled=${flow.busy}
    >
      ${w(flow.busy ? 'login-checking' : 'login-do')}
    </button>
  </form>`
}

async function submit(event: Event, flow: LoginFlow): Promise<void> {
  event.preventDefault()
  const form = event.target as HTMLFormElement
  const input = form.querySelector('input')!
  await flow.answerCode(valueOf(form, input.id))
  if (flow.trouble?.name !== 'code' || !input.isConnected) return
  input.value = ''
  input.focus()
}
