import { html, nothing } from 'lit'
import { now } from '../../api/server-time'
import { icon } from '../../components/icons'
import { sign } from '../icons'
import { moment, w } from '../words'
import { scopeWords } from './key-dialog'
import type { ApiKey, Webhook } from './keys-api'

const SOON_MS = 14 * 86_400_000

/** Whether it still opens something. */
export function isLive(key: ApiKey): boolean {
  return !key.revokedAt && (!key.expiresAt || Date.parse(key.expiresAt) > now())
}

export function keyRow(key: ApiKey, deeds: { rotate(key: ApiKey): void; revoke(key: ApiKey): void }) {
  return html`<div class="rows__item user user--key" data-live=${isLive(key)}>
    <span class="avatar">${sign('key')}</span>
    <div>
      <p class="person__name">${key.name}</p>
      <p class="tags">${key.scopes.map((scope) => html`<span class="badge">${scopeWords(scope)}</span>`)}</p>
    </div>
    <div class="user__state">
      ${keyState(key)}
      <p class="note">${key.lastUsedAt ? w('last-used', { time: moment(key.lastUsedAt) }) : w('never-used')}</p>
    </div>
    <div class="rows__end">
      ${isLive(key) && !key.replacedBy ? button('key-rotate', key.name, 'button--quiet', () => deeds.rotate(key)) : nothing}
      ${isLive(key) ? button('key-revoke', key.name, 'button--stop', () => deeds.revoke(key)) : nothing}
    </div>
  </div>`
}

function keyState(key: ApiKey) {
  if (key.revokedAt) {
    return html`<p class="mark mark--soft">${icon('x')} ${w('key-revoked', { time: moment(key.revokedAt) })}</p>`
  }
  if (!key.expiresAt) return html`<p class="mark mark--soft">${w('key-no-expiry')}</p>`
  const left = Date.parse(key.expiresAt) - now()
  const time = moment(key.expiresAt)
  if (left <= 0) return html`<p class="mark mark--danger">${icon('clock')} ${w('key-expired', { time })}</p>`
  if (key.replacedBy) return html`<p class="mark mark--warning">${icon('clock')} ${w('key-replaced', { time })}</p>`
  return html`<p class="mark ${left < SOON_MS ? 'mark--warning' : 'mark--soft'}">
    ${icon('clock')} ${w('key-until', { time })}
  </p>`
}

export function webhookRow(one: Webhook, deeds: { rotate(one: Webhook): void; remove(one: Webhook): void }) {
  return html`<div class="rows__item user user--key">
    <span class="avatar">${icon('bell')}</span>
    <div>
      <p class="person__name">${one.url}</p>
      <p class="tags">${one.types.map((type) => html`<span class="badge">${w(`webhook-type-${type}`)}</span>`)}</p>
    </div>
    <div class="user__state">
      ${webhookState(one)}
      <p class="note">
        ${one.lastDeliveryAt ? w('webhook-last', { time: moment(one.lastDeliveryAt) }) : w('webhook-never')}
      </p>
    </div>
    <div class="rows__end">
      ${button('webhook-rotate', one.url, 'button--quiet', () => deeds.rotate(one))}
      ${button('webhook-remove', one.url, 'button--stop', () => deeds.remove(one))}
    </div>
  </div>`
}

function webhookState({ disabledAt, pending, failed, lastDeliveryAt }: Webhook) {
  if (disabledAt) {
    return html`<p class="mark mark--danger">${sign('warn')} ${w('webhook-disabled', { time: moment(disabledAt) })}</p>`
  }
  const marks = []
  if (failed > 0)
    marks.push(html`<p class="mark mark--danger">${sign('warn')} ${w('webhook-failed', { count: failed })}</p>`)
  if (pending > 0) {
    marks.push(html`<p class="mark mark--warning">${icon('clock')} ${w('webhook-pending', { count: pending })}</p>`)
  }
  if (marks.length === 0 && lastDeliveryAt)
    marks.push(html`<p class="mark mark--soft">${icon('ok')} ${w('webhook-fine')}</p>`)
  return marks
}

function button(
  word: 'key-rotate' | 'key-revoke' | 'webhook-rotate' | 'webhook-remove',
  about: string,
  look: string,
  act: () => void,
) {
  return html`<button class="button ${look}" type="button" data-testid=${word} @click=${act}>
    <span>${w(word)}<span class="visually-hidden"> ${about}</span></span>
  </button>`
}
