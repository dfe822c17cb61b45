import { hasCode, NetworkProblem } from '../api/problem'
import { type SessionParticipant, type TrackType, userKey } from '../api/types'
import type { Consultation } from '../call/consultation'
import { EXTENSION_MINUTES, Unconfirmed } from '../call/moderation'
import type { Notice } from '../call/notices'
import type { Banner } from '../components/banners'
import type { IconName } from '../components/icons'
import { roleOf } from '../components/parts'
import { clock, type Key, t } from '../i18n'
import type { DeviceKind, DeviceProblem } from '../media/devices'
import { helpFor } from '../media/permission-help'

const OFF: Record<TrackType, IconName> = { audio: 'mic-off', video: 'video-off', screen: 'screen-off' }
const SWITCHED: Partial<Record<Notice['kind'], IconName>> = {
  locked: 'lock',
  unlocked: 'lock',
  screen_share_on: 'screen',
  screen_share_off: 'screen-off',
  left: 'leave',
  sharing: 'screen',
  'sent-back': 'back',
}
/** To a patient only the end of their own share matters, and that is told as such. */
const FOR_STAFF: Notice['kind'][] = ['locked', 'unlocked', 'screen_share_on', 'screen_share_off']

/** How a notice is said; what the page itself shows in another way is not said twice. */
export function bannerOf(notice: Notice, consultation: Consultation): Banner | undefined {
  if (consultation.grant.userType === 'patient' && FOR_STAFF.includes(notice.kind)) return undefined
  switch (notice.kind) {
    case 'joined':
    case 'back':
      return arrived(notice.kind, notice.person)
    case 'knocked':
      return knocked(notice.person, consultation)
    case 'let-in':
      return { icon: 'people', words: t('let-in', notice) }
    case 'lost':
      return { icon: 'network-off', words: t('lost', notice), more: t('lost-lead'), kind: 'warning' }
    case 'muted-by':
      return muted(notice.what, notice.name, consultation)
    case 'extended':
      return { icon: 'extend', words: t('extended', notice), more: t('until', { time: clock(notice.endsAt) }) }
    case 'time-warning':
      return ending(notice.minutes, consultation)
    case 'admitted':
    case 'returned':
      return undefined
    default:
      return { icon: SWITCHED[notice.kind] ?? 'info', words: t(notice.kind, notice) }
  }
}

/** Why a command of staff did not work, and what helps. */
export function refusal(error: unknown): Banner {
  if (error instanceof Unconfirmed)
    return { icon: 'info', words: t('unconfirmed'), more: t('unconfirmed-lead'), kind: 'warning' }
  const why = (): Key => {
    if (error instanceof NetworkProblem) return 'failed-network'
    if (hasCode(error, 'stale_participant', 'not_found')) return 'failed-gone'
    if (hasCode(error, 'session_ended', 'session_not_open')) return 'failed-ended'
    if (hasCode(error, 'identity_check_required')) return 'failed-identity'
    return hasCode(error, 'forbidden') ? 'failed-forbidden' : 'failed-network'
  }
  return { icon: 'info', words: t('action-failed'), more: t(why()), kind: 'danger' }
}

/** Staff come with their role and, where they had to give one, their reason: nobody is hidden. */
function arrived(kind: 'joined' | 'back', person: SessionParticipant): Banner {
  const name = person.displayName
  if (kind === 'back' || person.userType === 'patient') return { icon: 'people', words: t(kind, { name }) }
  const words = t('joined-as', { name, role: roleOf(person) })
  return {
    icon: 'people',
    words,
    ...(person.joinReason ? { more: t('reason-of', { reason: person.joinReason }) } : {}),
  }
}

function knocked(person: SessionParticipant, consultation: Consultation): Banner {
  const stillWaits = () => consultation.waiting.find((one) => userKey(one) === userKey(person))
  return {
    icon: 'bell',
    words: t('knocked', { name: person.displayName }),
    stays: true,
    // While nobody else is in, the stage itself says so.
    holds: () => stillWaits() !== undefined && consultation.others.length > 0,
    ...(consultation.may('admit')
      ? { action: { words: t('admit'), act: () => void consultation.moderation.admit(stillWaits() ?? person) } }
      : {}),
  }
}

/** Gone once it is lifted, or once there is a question about it. */
function muted(what: TrackType, name: string, consultation: Consultation): Banner {
  const told: Banner = {
    icon: OFF[what],
    words: t(`muted-by-${what}`, { name }),
    more: t(`muted-by-${what}-lead`),
    kind: 'warning',
  }
  if (what === 'screen') return told
  const holds = () => !consultation.switches.question && consultation.own?.mutedBy?.[what] != null
  return { ...told, holds, ...(what === 'audio' ? { instead: 'mic' } : {}) }
}

function ending(minutes: number, consultation: Consultation): Banner {
  const { endsAt } = consultation.room.session
  const said: Banner = {
    icon: 'clock',
    words: t('time-warning', { minutes }),
    more: t('time-warning-lead'),
    kind: 'warning',
  }
  if (!consultation.may('extend')) return said
  const act = () => void consultation.moderation.extend()
  return {
    ...said,
    stays: true,
    holds: () => consultation.room.session.endsAt === endsAt,
    action: { words: t('extend', { minutes: EXTENSION_MINUTES }), act },
  }
}

/** The words for a device that is not to be had. */
export function missing(
  kind: DeviceKind,
  problem: DeviceProblem | undefined,
): Pick<Banner, 'words' | 'more'> | undefined {
  return problem && { words: t(`${kind}-${problem}`), more: t(helpFor(problem, navigator.userAgent)) }
}
