import { html, nothing, type PropertyValues } from 'lit'
import { customElement, property, query, state } from 'lit/decorators.js'
import type { Clinic, Outcome } from '../api/types'
import type { Consultation } from '../call/consultation'
import type { Notice } from '../call/notices'
import type { Banners } from '../components/banners'
import '../components/banners'
import '../components/call-header'
import type { ControlState } from '../components/controls'
import '../components/controls'
import { Element } from '../components/element'
import type { EndDialog } from '../components/end-dialog'
import '../components/end-dialog'
import { icon, type IconName } from '../components/icons'
import type { KeysDialog } from '../components/keys-dialog'
import '../components/keys-dialog'
import '../components/people-panel'
import { languageToggle } from '../components/parts'
import '../components/people-stage'
import { troubleStrip } from '../components/trouble-card'
import '../components/waiting-card'
import { t } from '../i18n'
import { canShareScreen, type DeviceKind, openScreen } from '../media/devices'
import type { LocalMedia } from '../media/local-media'
import { helpFor } from '../media/permission-help'
import { shortcutOf } from './shortcuts'

const NOTICE_ICONS: Record<Notice['kind'], IconName> = {
  joined: 'people',
  back: 'people',
  left: 'leave',
  lost: 'network-off',
  sharing: 'screen',
}

const MISSING = {
  audio: { icon: 'mic-off', kind: 'warning' },
  video: { icon: 'video-off', kind: 'warning' },
} as const

/** The call itself, for patient and staff alike; what differs comes from the permissions and the width of the page. */
@customElement('shinsatsu-call-page')
export class CallPage extends Element {
  @property({ attribute: false }) consultation!: Consultation
  @property({ attribute: false }) media!: LocalMedia
  @property({ attribute: false }) clinic: Clinic | undefined
  @property({ type: Number }) version = 0
  @property({ type: Number }) since = Date.now()
  @property({ type: Boolean }) soundBlocked = false
  @state() private peopleOpen = false
  @query('shinsatsu-banners') private banners!: Banners
  @query('shinsatsu-end-dialog') private endDialog!: EndDialog
  @query('shinsatsu-keys-dialog') private keysDialog!: KeysDialog
  #wasTroubled = false

  override connectedCallback(): void {
    super.connectedCallback()
    this.peopleOpen = this.#isStaff && matchMedia('(min-width: 64rem)').matches
    addEventListener('keydown', this.#key)
    for (const [name, act] of this.#actions) this.addEventListener(name, act)
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    removeEventListener('keydown', this.#key)
    for (const [name, act] of this.#actions) this.removeEventListener(name, act)
  }

  /** Says what has happened to somebody else. */
  announce(notice: Notice): void {
    const words = t(notice.kind, { name: notice.name })
    if (notice.kind === 'lost') {
      this.banners.show({ icon: 'network-off', words, more: t('lost-lead'), kind: 'warning' })
    } else {
      this.banners.show({ icon: NOTICE_ICONS[notice.kind], words })
    }
  }

  /** Says that one's own device went away, and what goes on without it. */
  announceLost(kind: DeviceKind, replaced: boolean): void {
    const device = kind === 'video' ? 'camera' : 'microphone'
    if (replaced) this.banners.show({ icon: 'info', words: t(`${device}-switched`) })
    else this.banners.show({ ...MISSING[kind], words: t(`${device}-gone`), more: t(`${device}-gone-lead`) })
  }

  get #isStaff(): boolean {
    return this.consultation.grant.userType === 'worker'
  }

  protected override render() {
    const { consultation: c } = this
    const troubled = c.phase === 'reconnecting' && c.trouble !== undefined
    return html`<a class="skip scheme-dark" href="#controls">${t('skip')}</a>
      <div class="call scheme-dark ${this.#isStaff ? 'call--staff' : ''}" ?data-troubled=${troubled}>
        ${this.#isStaff ? this.#header() : nothing}
        <main class="call__stage">
          <h1 class="visually-hidden">${this.#heading()}</h1>
          ${c.others.length > 0 ? nothing : this.#alone()} ${this.#people()}
          ${
            troubled
              ? html`<shinsatsu-trouble-card .trouble=${c.trouble} .clinic=${this.clinic}></shinsatsu-trouble-card>`
              : nothing
          }
          <div class="call__over">
            <div class="call__top">${this.#top()}</div>
            ${troubled ? nothing : troubleStrip(c.trouble)}
            <shinsatsu-banners></shinsatsu-banners>
          </div>
        </main>
        ${this.#panel()}
        <footer class="call__footer" id="controls" tabindex="-1">
          <shinsatsu-controls .state=${this.#controls()}></shinsatsu-controls>
          <button class="button call__keys" type="button" @click=${() => this.keysDialog.toggle()}>
            ${icon('keyboard')} <span class="nowrap">${t('keys')}</span> <kbd class="key">?</kbd>
          </button>
        </footer>
      </div>
      <shinsatsu-keys-dialog></shinsatsu-keys-dialog>
      ${c.may('end_session') ? this.#ending() : nothing}`
  }

  protected override updated(_changed: PropertyValues<this>): void {
    const troubled = this.consultation.phase === 'reconnecting'
    if (this.#wasTroubled && this.consultation.phase === 'present') {
      this.banners.show({ icon: 'ok', words: t('restored') })
    }
    this.#wasTroubled = troubled
  }

  #heading(): string {
    const { doctor, patient } = this.consultation.room.session.appointment
    return this.#isStaff
      ? t('consultation-with', { name: patient.displayName })
      : t('consultation-of', { name: doctor.displayName })
  }

  #header() {
    return html`<header class="call__header">
      <shinsatsu-call-header .session=${this.consultation.room.session}></shinsatsu-call-header>
    </header>`
  }

  #top() {
    const count = this.consultation.others.length + 1
    const people = html`<button
      class="chip"
      type="button"
      data-testid="participants"
      aria-expanded=${this.peopleOpen}
      aria-controls="people"
      aria-keyshortcuts="P"
      @click=${() => this.say('people')}
    >
      ${icon('people')} ${count > 1 ? t('people-count', { count }) : t('people-alone')}
    </button>`
    const said = (shape: IconName, words: string) => html`<p class="chip chip--said">${icon(shape)} ${words}</p>`
    return html`${this.#isStaff ? nothing : [people, languageToggle('chip')]}
    ${this.consultation.phase === 'joining' ? said('network', t('connecting')) : nothing}
    ${this.media.audioMuted && this.media.started ? said('mic-off', t(this.media.problems.audio ? 'mic-unheard' : 'mic-off')) : nothing}
    ${this.consultation.isSharing ? said('screen', t('you-show-screen')) : nothing}
    ${
      this.soundBlocked
        ? html`<button class="button button--primary" type="button" @click=${() => this.say('start-sound')}>
          ${icon('sound')} ${t('start-sound')}
        </button>`
        : nothing
    }`
  }

  #alone() {
    return html`<shinsatsu-waiting-card
      .consultation=${this.consultation}
      .clinic=${this.clinic}
      .since=${this.since}
    ></shinsatsu-waiting-card>`
  }

  /** Always there: a new element for one's own picture would hold up the camera just when somebody comes in. */
  #people() {
    return html`<shinsatsu-people-stage
      .consultation=${this.consultation}
      .media=${this.media}
      .version=${this.version}
    ></shinsatsu-people-stage>`
  }

  #panel() {
    if (!this.peopleOpen) return html`<div id="people" hidden></div>`
    return html`<shinsatsu-people-panel
      .consultation=${this.consultation}
      .media=${this.media}
      .clinic=${this.clinic}
      .version=${this.version}
    ></shinsatsu-people-panel>`
  }

  #ending() {
    return html`<shinsatsu-end-dialog
      ?met=${this.consultation.room.session.startedAt != null}
      @confirm=${(event: CustomEvent<Outcome>) => void this.#end(event.detail)}
    ></shinsatsu-end-dialog>`
  }

  #controls(): ControlState {
    return {
      microphoneOn: !this.media.audioMuted,
      cameraOn: !this.media.videoMuted,
      sharing: this.consultation.isSharing,
      mayShare: canShareScreen() && this.consultation.may('share_screen'),
      mayEnd: this.consultation.may('end_session'),
      peopleOpen: this.peopleOpen,
      people: this.consultation.others.length + 1,
      keys: this.#isStaff,
      listsPeople: this.#isStaff,
    }
  }

  readonly #actions: [string, () => void][] = [
    ['microphone', () => void this.#switch('audio', this.media.setMicrophone(this.media.audioMuted))],
    ['camera', () => void this.#switch('video', this.media.setCamera(this.media.videoMuted))],
    ['screen', () => void this.#share()],
    ['people', () => (this.peopleOpen = !this.peopleOpen)],
    ['leave', () => void this.consultation.leave()],
    ['end', () => this.endDialog.show()],
    ['retry', () => this.consultation.retryNow()],
    ['keys', () => this.keysDialog.toggle()],
    ['escape', () => (this.peopleOpen = false)],
  ]

  #key = (event: KeyboardEvent) => {
    const action = shortcutOf(event)
    if (!action || this.querySelector('dialog[open]')) return
    if (action === 'screen' && !this.#controls().mayShare) return
    event.preventDefault()
    this.say(action)
  }

  /** A device that does not come on says why, and what helps. */
  async #switch(kind: DeviceKind, done: Promise<void>): Promise<void> {
    await done
    const problem = this.media.problems[kind]
    if (!problem) return
    const more = t(helpFor(problem, navigator.userAgent))
    this.banners.show({ ...MISSING[kind], words: t(`${kind}-${problem}`), more })
  }

  async #share(): Promise<void> {
    if (this.consultation.isSharing) return this.consultation.stopSharing()
    let track: MediaStreamTrack
    try {
      track = await openScreen()
    } catch {
      // Changing one's mind in the browser's own picker is no failure to tell about.
      return
    }
    track.onended = () => void this.consultation.stopSharing()
    await this.consultation.shareScreen(track).catch(() => {
      track.stop()
      this.banners.show({ icon: 'screen', words: t('screen-failed'), more: t('screen-failed-lead'), kind: 'warning' })
    })
  }

  async #end(outcome: Outcome): Promise<void> {
    await this.consultation.end(outcome).catch(() => {
      this.banners.show({ icon: 'info', words: t('end-failed'), more: t('end-failed-lead'), kind: 'danger' })
    })
  }
}
