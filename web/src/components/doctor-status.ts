import { html, nothing, type ReactiveController, type ReactiveControllerHost } from 'lit'
import { now } from '../api/server-time'
import type { WaitingRoom } from '../api/types'
import type { Consultation } from '../call/consultation'
import { WaitingStatus } from '../call/waiting-status'
import { t } from '../i18n'
import { icon } from './icons'

const LATE_AFTER_MINUTES = 5

/** Keeps its host told what the doctor is doing, for as long as the host is shown to a patient. */
export class DoctorWatch implements ReactiveController {
  readonly #status: WaitingStatus
  #stirs = 0

  constructor(private readonly host: ReactiveControllerHost & { consultation: Consultation }) {
    host.addController(this)
    this.#status = new WaitingStatus(
      () => host.consultation.api.waitingRoom(),
      () => host.requestUpdate(),
    )
  }

  get doing(): WaitingRoom['doctorStatus'] | undefined {
    return this.#status.current?.doctorStatus
  }

  hostConnected(): void {
    if (this.host.consultation.grant.userType === 'patient') this.#status.start()
  }

  hostDisconnected(): void {
    this.#status.stop()
  }

  hostUpdate(): void {
    const { stirs } = this.host.consultation
    if (stirs !== this.#stirs) this.#status.stirred()
    this.#stirs = stirs
  }
}

/** What the doctor is doing; to whoever has waited too long since a moment (milliseconds), why. */
export function doctorStatus(doing: WaitingRoom['doctorStatus'] | undefined, startsAt: string, since: number) {
  const late = isLate(startsAt, since)
  if (!doing && !late) return nothing
  const words = late
    ? html`<strong>${t('late')}</strong>${t(doing === 'in_consultation' ? 'late-in_consultation' : 'late-lead')}`
    : t(`doctor-${doing!}`)
  return html`<p class="banner ${late ? 'banner--warning' : ''}" data-testid="doctor-status" data-status=${doing ?? nothing}>
    ${icon('clock')}<span>${words}</span>
  </p>`
}

/** Whether somebody who came at a moment (milliseconds) has been kept waiting beyond the appointment's start. */
export function isLate(startsAt: string, since: number): boolean {
  return now() - Math.max(Date.parse(startsAt), since) > LATE_AFTER_MINUTES * 60_000
}
