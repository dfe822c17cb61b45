import { html, nothing } from 'lit'
import type { SessionParticipant } from '../api/types'
import { icon } from '../components/icons'
import { clock } from '../i18n'
import { sign } from './icons'
import { w } from './words'

/** What the person's own device check found. */
export function devicesMark({ devices }: SessionParticipant) {
  if (!devices) return html`<p class="mark mark--soft">${icon('info')} ${w('devices-unknown')}</p>`
  if (devices.camera && devices.microphone) return html`<p class="mark">${icon('ok')} ${w('devices-good')}</p>`
  const found = devices.microphone ? 'devices-sound-only' : devices.camera ? 'devices-no-sound' : 'devices-none'
  return html`<p class="mark mark--warning">${sign('warn')} ${w(found)}</p>`
}

/** How and when staff made sure who it is; who did is told on the page of the session. */
export function identityMark({ identityCheck }: SessionParticipant) {
  if (!identityCheck) return html`<p class="mark mark--soft">${sign('shield-open')} ${w('identity-open')}</p>`
  const { method, at } = identityCheck
  return html`<p class="mark">${sign('shield')} ${w(`method-${method}`)} ${clock(at)}</p>`
}

/** What is wrong or off with somebody who is in: only what matters is said. */
export function insiderMarks(participant: SessionParticipant) {
  const { connected, audioMuted, videoMuted } = participant
  return html`${
    connected ? nothing : html`<span class="mark mark--danger">${icon('network-off')} ${w('not-connected')}</span>`
  }${audioMuted ? html`<span class="mark mark--warning">${icon('mic-off')} ${w('mic-off')}</span>` : nothing}${
    videoMuted ? html`<span class="mark mark--soft">${icon('video-off')} ${w('camera-off')}</span>` : nothing
  }`
}
