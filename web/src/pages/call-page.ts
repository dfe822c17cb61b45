import { html, nothing, type PropertyValues } from 'lit'
import { customElement, property, query, state } from 'lit/decorators.js'
import { now } from '../api/server-time'
import type { Clinic, Outcome, SessionParticipant } from '../api/types'
import type { Consultation } from '../call/consultation'
import type { Notice } from '../call/notices'
import type { Banner, Banners } from '../components/banners'
import '../components/banners'
import '../components/call-header'
import '../components/call-top'
import type { ControlState } from '../components/controls'
import '../components/controls'
import { Element } from '../components/element'
import type { EndDialog } from '../components/end-dialog'
import '../components/end-dialog'
import { icon } from '../components/icons'
import type { KeysDialog } from '../components/keys-dialog'
import '../components/keys-dialog'
import '../components/people-panel'
import '../components/people-stage'
import type { Removal, RemoveDialog } from '../components/remove-dialog'
import '../components/remove-dialog'
import { troubleStrip } from '../components/trouble-card'
import { unmuteQuestion } from '../components/unmute-question'
import '../components/waiting-card'
import { t } from '../i18n'
import { canShareScreen, type DeviceKind, openScreen } from '../media/devices'
import type { LocalMedia } from '../media/local-media'
import { bannerOf, missing, refusal } from './announcements'
import { shortcutOf } from './shortcuts'

/** The call itself, for patient and staff alike; what differs comes from the permissions and the width of the page. */
@customElement('shinsatsu-call-page')
export class CallPage extends Element {
  @property({ attribute: false }) consultation!: Consultation
  @property({ attribute: false }) media!: LocalMedia
  @property({ attribute: false }) clinic: Clinic | undefined
  @property({ type: Number }) version = 0
  @property({ type: Number }) since = now()
  @property({ type: Boolean }) soundBlocked = false
  @state() private peopleOpen = false
  @query('shinsatsu-banners') private banners!: Banners
  @query('shinsatsu-end-dialog') private endDialog!: EndDialog
  @query('shinsatsu-keys-dialog') private keysDialog!: KeysDialog
  @query('shinsatsu-remove-dialog') private removeDialog!: RemoveDialog
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

  /** Says what has happened. */
  announce(notice: Notice): void {
    const banner = bannerOf(notice, this.consultation)
    if (banner) this.banners.show(banner)
  }

  /** Says that a command of one's own did not work. */
  announceRefusal(error: unknown): void {
    this.banners.show(refusal(error))
  }

  /** Says that one's own device went away, and what goes on without it. */
  announceLost(kind: DeviceKind, replaced: boolean): void {
    const device = kind === 'video' ? 'camera' : 'microphone'
    if (replaced) this.banners.show({ icon: 'info', words: t(`${device}-switched`) })
    else this.#warn(kind, { words: t(`${device}-gone`), more: t(`${device}-gone-lead`) })
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
            <shinsatsu-call-top
              .consultation=${c}
              .media=${this.media}
              .version=${this.version}
              .peopleOpen=${this.peopleOpen}
              .soundBlocked=${this.soundBlocked}
            ></shinsatsu-call-top>
            ${troubled ? nothing : troubleStrip(c.trouble)}
            <div class="call__question" role="status">${this.#question()}</div>
            <shinsatsu-banners .version=${this.version} .held=${this.peopleOpen}></shinsatsu-banners>
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
      <shinsatsu-remove-dialog
        @confirm=${({ detail }: CustomEvent<Removal>) => void c.moderation.remove(detail.person, detail.reason)}
      ></shinsatsu-remove-dialog>
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
      <shinsatsu-call-header .consultation=${this.consultation} .version=${this.version}></shinsatsu-call-header>
    </header>`
  }

  #alone() {
    return html`<shinsatsu-waiting-card
      .consultation=${this.consultation}
      .clinic=${this.clinic}
      .version=${this.version}
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

  #question() {
    const { question } = this.consultation.switches
    return question ? unmuteQuestion(question, (yes) => void this.#answer(yes)) : nothing
  }

  #panel() {
    if (!this.peopleOpen) return html`<div id="people" hidden></div>`
    return html`<shinsatsu-people-panel
      .consultation=${this.consultation}
      .media=${this.media}
      .clinic=${this.clinic}
      .version=${this.version}
      @remove=${({ detail }: CustomEvent<SessionParticipant>) => this.removeDialog.show(detail)}
      @asked=${({ detail }: CustomEvent<SessionParticipant>) =>
        this.banners.show({ icon: 'hand', words: t('asked-them', { name: detail.displayName }) })}
    ></shinsatsu-people-panel>`
  }

  #ending() {
    return html`<shinsatsu-end-dialog
      ?met=${this.consultation.room.session.startedAt != null}
      @confirm=${(event: CustomEvent<Outcome>) => void this.#end(event.detail)}
    ></shinsatsu-end-dialog>`
  }

  #controls(): ControlState {
    const { consultation: c } = this
    return {
      listensOnly: c.listensOnly,
      microphoneOn: !this.media.audioMuted,
      cameraOn: !this.media.videoMuted,
      sharing: c.isSharing,
      mayShare: canShareScreen() && c.may('share_screen') && !c.listensOnly,
      sharePaused: canShareScreen() && !c.may('share_screen') && !c.room.session.screenShareAllowed,
      mayEnd: c.may('end_session'),
      peopleOpen: this.peopleOpen,
      people: c.others.length + 1,
      waiting: c.waiting.length,
      keys: this.#isStaff,
      listsPeople: this.#isStaff,
    }
  }

  readonly #actions: [string, () => void][] = [
    ['microphone', () => void this.#switch('audio', this.media.audioMuted)],
    ['camera', () => void this.#switch('video', this.media.videoMuted)],
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
    const { mayShare, sharePaused } = this.#controls()
    if (action === 'screen' && !mayShare && !sharePaused) return
    event.preventDefault()
    this.say(action)
  }

  /** A device that does not come on says why, and what helps. */
  async #switch(kind: DeviceKind, on: boolean): Promise<void> {
    await this.consultation.switches.set(kind, on).catch(() => this.#stillOff())
    this.#tellProblem(kind)
  }

  async #answer(yes: boolean): Promise<void> {
    const kinds = this.consultation.switches.question?.kinds ?? []
    const done = this.consultation.switches.answer(yes)
    this.requestUpdate()
    await done.catch(() => this.#stillOff())
    if (yes) for (const kind of kinds) this.#tellProblem(kind)
  }

  #stillOff(): void {
    this.banners.show({ icon: 'info', words: t('unmute-failed'), more: t('failed-network'), kind: 'warning' })
  }

  #tellProblem(kind: DeviceKind): void {
    const told = missing(kind, this.media.problems[kind])
    if (told) this.#warn(kind, told)
  }

  #warn(kind: DeviceKind, told: Pick<Banner, 'words' | 'more'>): void {
    this.banners.show({ icon: kind === 'audio' ? 'mic-off' : 'video-off', kind: 'warning', ...told })
  }

  async #share(): Promise<void> {
    const { consultation: c } = this
    if (c.isSharing) return c.stopSharing()
    if (this.#controls().sharePaused) {
      return this.banners.show({ icon: 'screen-off', words: t('share-off'), more: t('share-off-lead') })
    }
    let track: MediaStreamTrack
    try {
      track = await openScreen()
    } catch {
      // Changing one's mind in the browser's own picker is no failure to tell about.
      return
    }
    track.onended = () => void c.stopSharing()
    await c.shareScreen(track).catch(() => {
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
