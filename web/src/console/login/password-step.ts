import { html, nothing } from 'lit'
import { icon } from '../../components/icons'
import { field, valueOf } from '../field'
import { sign } from '../icons'
import { w } from '../words'
import { type LoginMethods, providerPath } from './login-api'
import type { LoginFlow } from './login-flow'
import type { PasswordField } from './password-field'
import './password-field'

/** Name and password, the clinic's provider, or both; where there is a provider it comes first. */
export function passwordStep(flow: LoginFlow, methods: LoginMethods, path: string) {
  const { oidc, password } = methods
  return html`${oidc ? providerLink(oidc.name, path) : nothing}
    ${oidc && password ? html`<p class="or"><span>${w('or')}</span></p>` : nothing}
    ${password ? passwordForm(flow, oidc ? 'button--quiet' : 'button--primary') : nothing}
    ${methods.consoleLinks ? html`<p class="note centred lines">${w('demo-links')}</p>` : nothing}`
}

function providerLink(name: string, path: string) {
  return html`<a
    class="button button--primary button--large button--wide"
    href=${providerPath(path)}
    data-testid="login-oidc"
    >${sign('key')}<span>${w('login-with', { name })}</span></a
  >`
}

function passwordForm(flow: LoginFlow, look: string) {
  const wrong = flow.trouble?.name === 'refused' ? 'login-error' : ''
  return html`<form class="stack" @submit=${(event: Event) => void submit(event, flow)}>
    ${field({
      id: 'username',
      label: w('login-name'),
      testid: 'login-name',
      autocomplete: 'username webauthn',
      maxlength: 128,
      required: true,
      value: flow.loginName,
      wrong: wrong || undefined,
    })}
    <shinsatsu-password-field
      field="current-password"
      .label=${w('password')}
      testid="login-password"
      .wrong=${wrong}
    ></shinsatsu-password-field>
    <button
      class="button ${look} button--large button--wide"
      type="submit"
      data-testid="login-submit"
      aria-disabled=${flow.busy}
    >
      ${w(flow.busy ? 'login-checking' : 'login-do')}
    </button>
    <details class="more">
      <summary class="button">${icon('chevron')} ${w('login-help')}</summary>
      <p class="note lines">${w('login-help-lead')}</p>
    </details>
  </form>`
}

async function submit(event: Event, flow: LoginFlow): Promise<void> {
  event.preventDefault()
  const form = event.target as HTMLFormElement
  const password = form.querySelector<PasswordField>('shinsatsu-password-field')!
  await flow.password(valueOf(form, 'username').trim(), password.value)
  // What was refused is typed anew; what nobody answered to is still good.
  if (flow.step.at !== 'password' || flow.trouble?.name !== 'refused' || !form.isConnected) return
  password.clear()
  password.focus()
}
