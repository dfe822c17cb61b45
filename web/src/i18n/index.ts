import type { ReactiveController, ReactiveControllerHost } from 'lit'
import { en } from './en'
import { ja } from './ja'

export type Language = 'ja' | 'en'
export type Key = keyof typeof ja

const TEXTS: Record<Language, Record<Key, string>> = { ja, en }
const STORED_AS = 'shinsatsu.language'

const readers = new Set<ReactiveControllerHost>()
let current: Language = initial()

/** What the person chose before, else the first of the browser's languages that we speak, else English. */
function initial(): Language {
  const stored = localStorage.getItem(STORED_AS)
  if (stored === 'ja' || stored === 'en') return stored
  const known = navigator.languages.map((tag) => tag.slice(0, 2)).find((tag) => tag === 'ja' || tag === 'en')
  return known === 'ja' ? 'ja' : 'en'
}

export function language(): Language {
  return current
}

export function chooseLanguage(chosen: Language): void {
  current = chosen
  localStorage.setItem(STORED_AS, chosen)
  for (const reader of readers) reader.requestUpdate()
}

/** The words for a key, with {placeholders} filled in. */
export function t(key: Key, values: Record<string, string | number> = {}): string {
  return fill(TEXTS[current][key], values)
}

export function fill(text: string, values: Record<string, string | number>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole))
}

/** A time of day in the reader's zone, 24 h. */
export function clock(iso: string): string {
  return new Intl.DateTimeFormat(current, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(
    new Date(iso),
  )
}

/** "Today", or the date in words. */
export function day(iso: string, now: Date = new Date()): string {
  const date = new Date(iso)
  if (date.toDateString() === now.toDateString()) return t('today')
  return new Intl.DateTimeFormat(current, { month: 'long', day: 'numeric', weekday: 'short' }).format(date)
}

/** Renders its host again when the language changes. */
export class Localized implements ReactiveController {
  constructor(private readonly host: ReactiveControllerHost) {
    host.addController(this)
  }

  hostConnected(): void {
    readers.add(this.host)
  }

  hostDisconnected(): void {
    readers.delete(this.host)
  }
}
