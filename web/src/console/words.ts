import type { Actor, SessionParticipant } from '../api/types'
import { fill, language, t } from '../i18n'
import { consoleEn } from '../i18n/console.en'
import { consoleJa } from '../i18n/console.ja'

export type Word = keyof typeof consoleJa

const WORDS = { ja: consoleJa, en: consoleEn }

/** The console's words for a key, with {placeholders} filled in. */
export function w(word: Word, values: Record<string, string | number> = {}): string {
  return fill(WORDS[language()][word], values)
}

/** The words for what the server names; undefined for what it may name one day. */
export function wordFor(prefix: string, name: string): string | undefined {
  const word = isWord(`${prefix}-${name}`)
  return word && w(word)
}

export function isWord(text: string): Word | undefined {
  return text in consoleJa ? (text as Word) : undefined
}

export function roleOf(person: Actor | SessionParticipant): string {
  if (person.userType === 'worker') return w(`role-${person.role ?? 'worker'}`)
  if (person.userType === 'system') return w('role-system')
  if ('guestKind' in person && person.guestKind) return t(`guest-${person.guestKind}`)
  // A guest's number is below zero; a story's entries know no more of them.
  return w(person.userId < 0 ? 'role-guest' : 'role-patient')
}

/** Whole minutes, and seconds while there are none: "4 min", "35 s". */
export function shortTime(seconds: number): string {
  if (seconds < 60) return w('seconds', { count: seconds })
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return w('minutes', { count: minutes })
  return w('hours', { hours: Math.floor(minutes / 60), minutes: minutes % 60 })
}

/** A day and a time of day in the reader's zone, 24 h. */
export function moment(iso: string): string {
  const format = { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const
  return new Intl.DateTimeFormat(language() === 'en' ? 'en-GB' : 'ja', format).format(new Date(iso))
}
