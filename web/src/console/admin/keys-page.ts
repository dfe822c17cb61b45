import { html, nothing } from 'lit'
import { customElement, query, state } from 'lit/decorators.js'
import { repeat } from 'lit/directives/repeat.js'
import type { ConfirmDialog } from '../confirm-dialog'
import '../confirm-dialog'
import { ConsolePage } from '../console-page'
import { FocusKeeper } from '../focus-keeper'
import { sign } from '../icons'
import type { SecretDialog } from '../secret-dialog'
import '../secret-dialog'
import { w } from '../words'
import type { KeyDialog } from './key-dialog'
import './key-dialog'
import { isLive, keyRow, webhookRow } from './key-rows'
import { type ApiKey, KeysApi, type Webhook } from './keys-api'
import type { WebhookDialog } from './webhook-dialog'
import './webhook-dialog'

const OVERLAPS = [0, 60, 1440, 10_080] as const

/** What other systems get in with, and where they are told of what happens. For administrators. */
@customElement('shinsatsu-keys-page')
export class KeysPage extends ConsolePage {
  @state() private keys: ApiKey[] = []
  @state() private webhooks: Webhook[] = []
  @state() private showsOld = false
  @query('shinsatsu-key-dialog') private keyForm!: KeyDialog
  @query('shinsatsu-webhook-dialog') private webhookForm!: WebhookDialog
  @query('shinsatsu-confirm-dialog') private confirmation!: ConfirmDialog
  @query('shinsatsu-secret-dialog') private secret!: SecretDialog
  protected readonly focusKeeper = new FocusKeeper(this)

  protected override get heading(): string {
    return w('keys')
  }

  get #api(): KeysApi {
    return new KeysApi(this.login.loginId)
  }

  protected override async read(): Promise<void> {
    const [keys, webhooks] = await Promise.all([this.#api.keys(), this.#api.webhooks()])
    this.keys = keys
    this.webhooks = webhooks
  }

  protected override page() {
    return html`<div>
        <h1 class="title" tabindex="-1">${w('keys')}</h1>
        <p class="note">${w('keys-lead')}</p>
      </div>
      ${this.#keyList()} ${this.#webhookList()}
      <shinsatsu-key-dialog></shinsatsu-key-dialog>
      <shinsatsu-webhook-dialog></shinsatsu-webhook-dialog>
      <shinsatsu-confirm-dialog></shinsatsu-confirm-dialog>
      <shinsatsu-secret-dialog></shinsatsu-secret-dialog>`
  }

  #keyList() {
    const live = this.keys.filter(isLive)
    const over = this.keys.length - live.length
    const shown = this.showsOld ? this.keys : live
    const deeds = { rotate: (key: ApiKey) => void this.#rotate(key), revoke: (key: ApiKey) => void this.#revoke(key) }
    return html`<section class="card card--flush" aria-labelledby="keys-title">
      <div class="card__head">
        <h2 class="subtitle" id="keys-title">${w('keys-title')}</h2>
        <span class="badge">${live.length}</span>
        ${this.#adding('add-key', w('key-add'), () => this.#makeKey())}
      </div>
      ${shown.length === 0 ? html`<p class="rows__none note">${w('keys-none')}</p>` : nothing}
      <ul class="rows">
        ${repeat(
          shown,
          (key) => key.id,
          (key) => html`<li data-testid="key-row" data-row=${key.id}>${keyRow(key, deeds)}</li>`,
        )}
      </ul>
      ${over > 0 ? this.#oldToggle(over) : nothing}
    </section>`
  }

  #oldToggle(count: number) {
    return html`<div class="card__foot">
      <button
        class="button"
        type="button"
        data-testid="old-keys"
        aria-pressed=${this.showsOld}
        @click=${() => (this.showsOld = !this.showsOld)}
      >
        ${w(this.showsOld ? 'keys-hide-old' : 'keys-show-old', { count })}
      </button>
    </div>`
  }

  #webhookList() {
    const deeds = {
      rotate: (one: Webhook) => void this.#rotateWebhook(one),
      remove: (one: Webhook) => void this.#removeWebhook(one),
    }
    return html`<section class="card card--flush" aria-labelledby="webhooks-title">
      <div class="card__head">
        <h2 class="subtitle" id="webhooks-title">${w('webhooks')}</h2>
        <span class="badge">${this.webhooks.length}</span>
        ${this.#adding('add-webhook', w('webhook-add'), () => this.#addWebhook())}
      </div>
      ${this.webhooks.length === 0 ? html`<p class="rows__none note">${w('webhooks-none')}</p>` : nothing}
      <ul class="rows">
        ${repeat(
          this.webhooks,
          (one) => one.id,
          (one) => html`<li data-testid="webhook-row" data-row=${one.id}>${webhookRow(one, deeds)}</li>`,
        )}
      </ul>
    </section>`
  }

  #adding(testid: string, words: string, act: () => void) {
    return html`<button class="button button--quiet bar__end" type="button" data-testid=${testid} @click=${act}>
      ${sign('plus')} ${words}
    </button>`
  }

  #makeKey(): void {
    this.keyForm.ask(async (draft) => {
      const key = await this.#api.makeKey(draft)
      this.#showSecret(key.name, key.secret)
      void this.load()
    })
  }

  async #rotate(key: ApiKey): Promise<void> {
    const options = OVERLAPS.map((minutes) => ({ value: String(minutes), words: w(`overlap-${minutes}`) }))
    // An hour first: whoever confirms without reading must not cut the booking system off.
    options.push(...options.splice(0, 1))
    const overlap = await this.confirmation.ask({
      title: w('key-rotate-title', { name: key.name }),
      lead: w('key-rotate-lead'),
      confirm: w('key-rotate'),
      choice: { label: w('overlap'), options },
    })
    if (overlap === undefined) return
    await this.attempt(
      async () => {
        const fresh = await this.#api.rotateKey(key.id, Number(overlap))
        this.#showSecret(fresh.name, fresh.secret)
      },
      w('told-key-rotated', { name: key.name }),
    )
  }

  async #revoke(key: ApiKey): Promise<void> {
    const sure = await this.confirmation.ask({
      title: w('key-revoke-title', { name: key.name }),
      lead: w('key-revoke-lead'),
      confirm: w('key-revoke'),
      grave: true,
    })
    if (sure === undefined) return
    await this.attempt(() => this.#api.revokeKey(key.id), w('told-key-revoked', { name: key.name }))
  }

  #addWebhook(): void {
    this.webhookForm.ask(async (url, types) => {
      const webhook = await this.#api.addWebhook(url, types)
      this.#showWebhookSecret(webhook)
      void this.load()
    })
  }

  async #rotateWebhook(webhook: Webhook): Promise<void> {
    const sure = await this.confirmation.ask({
      title: w('webhook-rotate-title'),
      lead: w('webhook-rotate-lead', { url: webhook.url }),
      confirm: w('webhook-rotate'),
    })
    if (sure === undefined) return
    await this.attempt(
      async () => this.#showWebhookSecret(await this.#api.rotateWebhook(webhook.id)),
      w('told-webhook-rotated'),
    )
  }

  async #removeWebhook(webhook: Webhook): Promise<void> {
    const sure = await this.confirmation.ask({
      title: w('webhook-remove-title'),
      lead: w('webhook-remove-lead', { url: webhook.url }),
      confirm: w('webhook-remove'),
      grave: true,
    })
    if (sure === undefined) return
    await this.attempt(() => this.#api.removeWebhook(webhook.id), w('told-webhook-removed'))
  }

  #showSecret(name: string, secret: string): void {
    this.secret.show({ title: w('key-secret', { name }), lead: w('key-secret-lead'), secret, testid: 'key-secret' })
  }

  #showWebhookSecret({ secret, url }: Webhook & { secret: string }): void {
    const lead = w('webhook-secret-lead', { url })
    this.secret.show({ title: w('webhook-secret'), lead, secret, testid: 'webhook-secret' })
  }
}
