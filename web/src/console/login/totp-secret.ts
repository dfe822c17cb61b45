import { html } from 'lit'
import '../copy-button'
import { sign } from '../icons'
import { w } from '../words'
import type { TotpSecret } from './login-api'

/**
 * The secret for an authenticator app, three ways: to scan, to open on this phone, to type. The picture is the
 * server's, shown as an image: whatever is in it, nothing of it runs.
 */
export function totpSecret({ secret, uri, qr }: TotpSecret) {
  const picture = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(qr)}`
  return html`<div class="qr"><img src=${picture} alt=${w('qr-alt')} width="200" height="200" /></div>
    <a class="button button--wide" href=${uri}>${sign('mobile')} ${w('totp-open-app')}</a>
    <div class="secret">
      <p class="note" id="totp-secret-label">${w('totp-type')}</p>
      <code class="secret__text" data-testid="totp-secret" aria-labelledby="totp-secret-label"
        >${inFours(secret).map((four) => html`<span>${four}</span>`)}</code
      >
      <shinsatsu-copy-button .text=${secret}></shinsatsu-copy-button>
    </div>`
}

/** Easier to type: four letters at a time. */
export function inFours(secret: string): string[] {
  return secret.match(/.{1,4}/g) ?? []
}
