import type { TemplateResult } from 'lit'
import { icon } from '../components/icons'
import { clock } from '../i18n'
import type { HistoryEvent } from './console-api'
import { shortDay } from './day'
import { sign } from './icons'
import type { Cast } from './story'
import { isWord, roleOf, type Word, w, wordFor } from './words'

/** One entry of a story as it is shown. */
export interface Told {
  mark: TemplateResult
  words: string
  more: string
  tone?: 'warning' | 'danger' | 'accent'
}

const MARKS: Record<string, TemplateResult> = {
  created: sign('calendar'),
  rescheduled: sign('calendar'),
  rebooked: sign('calendar'),
  opened: sign('enter'),
  activated: icon('video'),
  ended: icon('end'),
  failed: sign('warn'),
  joined: sign('enter'),
  left: icon('leave'),
  admitted: icon('check'),
  sent_back: sign('back'),
  restored: icon('refresh'),
  connected: icon('network'),
  disconnected: icon('network-off'),
  unmute_requested: sign('hand'),
  identity_checked: sign('shield'),
  locked: sign('lock'),
  unlocked: sign('lock'),
  screen_share_set: icon('screen'),
  extended: icon('clock'),
  time_warning: icon('clock'),
  outcome_set: icon('note'),
  two_way_media: icon('ok'),
  link_minted: icon('link'),
  link_exchanged: icon('link'),
  link_revoked: icon('link'),
  access_revoked: icon('link'),
  guest_invited: icon('people'),
  guest_changed: icon('people'),
  guest_withdrawn: sign('person-off'),
  invitation_sent: icon('note'),
  invitation_revoked: icon('note'),
  invitation_code_sent: icon('note'),
  invitation_check_failed: sign('warn'),
  invitation_locked: sign('lock'),
  invitation_unlocked: sign('lock'),
}

const TONES: Record<string, Told['tone']> = {
  activated: 'accent',
  ended: 'accent',
  failed: 'danger',
  disconnected: 'warning',
  time_warning: 'warning',
  invitation_locked: 'warning',
  guest_withdrawn: 'danger',
}

/** What happened, in the words of whoever reads it. What has no words here yet is shown by its name, never dropped. */
export function tell(event: HistoryEvent, cast: Cast): Told {
  const { eventType } = event
  const word = isWord(`story-${kindOf(event)}`) ?? isWord(`story-${eventType}`)
  if (!word) return { mark: sign('gear'), words: eventType.replaceAll('_', ' '), more: event.displayName }
  const tone =
    TONES[eventType] ?? (eventType === 'left' && event.metadata['reason'] === 'removed' ? 'danger' : undefined)
  return {
    mark: markOf(event),
    words: filled(word, event, cast),
    more: moreOf(event, cast),
    ...(tone ? { tone } : {}),
  }
}

/** The finer name of an event: what its metadata make of it. */
function kindOf({ eventType, userType, metadata }: HistoryEvent): string {
  const { reason, kind, byStaff, admission, rejoined, trackType, allowed, kinds } = metadata
  switch (eventType) {
    case 'joined':
      return rejoined === true ? 'joined-again' : admission === 'waiting' ? 'joined-waiting' : 'joined'
    case 'left':
      return `left-${String(reason)}`
    case 'muted':
    case 'unmuted':
      return `${eventType}-${String(kind)}${byStaff === true ? '-by-staff' : ''}`
    case 'screen_share_set':
      return allowed === true ? 'screen_share_on' : 'screen_share_off'
    case 'track_published':
    case 'track_closed':
      return `${eventType}-${String(trackType)}`
    case 'two_way_media':
      return `two_way_media-${Array.isArray(kinds) && kinds.length === 1 ? String(kinds[0]) : 'both'}`
    case 'ended':
    case 'admitted':
      return userType === 'system' ? `${eventType}-by-itself` : eventType
    case 'failed':
      return 'failed-event'
    default:
      return eventType
  }
}

function filled(word: Word, event: HistoryEvent, cast: Cast): string {
  const { metadata } = event
  return w(word, {
    by: event.displayName || roleOf(event),
    name: cast.about(event),
    minutes: Number(metadata['minutes'] ?? metadata['minutesLeft'] ?? 0),
    for: cast.named(metadata['forUserType'], metadata['forUserId']),
  })
}

function moreOf(event: HistoryEvent, cast: Cast): string {
  const { eventType, metadata, displayName } = event
  const texts: (string | undefined)[] = []
  if (eventType === 'ended' || eventType === 'outcome_set') texts.push(wordFor('outcome', String(metadata['outcome'])))
  if (eventType === 'ended') texts.push(endOf(metadata), lengthOf(metadata))
  if (eventType === 'identity_checked') texts.push(wordFor('method', String(metadata['method'])))
  if (eventType === 'extended') texts.push(w('ends-at', { time: clock(String(metadata['endsAt'])) }))
  if (eventType === 'unmute_requested') texts.push(kinds(metadata['kinds']))
  if (eventType === 'rescheduled' && typeof metadata['startsAt'] === 'string') {
    texts.push(`${shortDay(metadata['startsAt'])} ${clock(metadata['startsAt'])}`)
  }
  const given = metadata['note'] ?? (typeof metadata['joinReason'] === 'string' ? metadata['joinReason'] : undefined)
  if (typeof given === 'string') texts.push(given)
  if (eventType === 'opened' && displayName) texts.push(w('by', { name: displayName }))
  if (isMedia(event) && metadata['trackType'] !== 'screen') texts.push(cast.about(event))
  return texts.filter(Boolean).join(' · ')
}

function endOf(metadata: Record<string, unknown>): string | undefined {
  if (metadata['endReason'] !== 'timeout') return undefined
  return wordFor('end-timeout', String(metadata['timeout'])) ?? w('end-timeout')
}

function lengthOf({ actualDuration }: Record<string, unknown>): string | undefined {
  return typeof actualDuration === 'number' ? w('minutes', { count: actualDuration }) : undefined
}

function kinds(value: unknown): string {
  const all = Array.isArray(value) ? value : []
  return all.map((kind) => wordFor('kind', String(kind)) ?? String(kind)).join(w('comma'))
}

function isMedia({ eventType }: HistoryEvent): boolean {
  return eventType.startsWith('track_')
}

function markOf(event: HistoryEvent): TemplateResult {
  const { eventType, metadata } = event
  if (eventType === 'muted' || eventType === 'unmuted') {
    if (metadata['kind'] === 'screen') return icon('screen')
    const off = eventType === 'muted' ? '-off' : ''
    return icon(`${metadata['kind'] === 'audio' ? 'mic' : 'video'}${off}` as 'mic')
  }
  if (isMedia(event)) return metadata['trackType'] === 'screen' ? icon('screen') : sign('gear')
  if (eventType === 'left' && metadata['reason'] === 'removed') return sign('person-off')
  if (eventType === 'joined' && metadata['admission'] === 'waiting') return icon('clock')
  return MARKS[eventType] ?? sign('gear')
}
