import { language } from '../i18n'

/** A calendar day in the reader's zone: "2026-11-23". */
export type Day = string

export function dayOf(moment: number | string): Day {
  const date = new Date(moment)
  return [date.getFullYear(), twoDigits(date.getMonth() + 1), twoDigits(date.getDate())].join('-')
}

/** Whether it is written as a day is, and is one. */
export function isDay(text: string): boolean {
  return /^\d{4}-\d\d-\d\d$/.test(text) && dayOf(midnight(text).getTime()) === text
}

export function shifted(day: Day, days: number): Day {
  const date = midnight(day)
  date.setDate(date.getDate() + days)
  return dayOf(date.getTime())
}

/** The day's first moment and the next day's, as the API reads them. */
export function bounds(day: Day): { from: string; to: string } {
  return { from: midnight(day).toISOString(), to: midnight(shifted(day, 1)).toISOString() }
}

/** "Monday, 23 November 2026" */
export function dayInWords(day: Day): string {
  const format = { year: 'numeric', month: 'long', day: 'numeric', weekday: 'long' } as const
  return new Intl.DateTimeFormat(locale(), format).format(midnight(day))
}

/** "23 Nov", for rows of other days. */
export function shortDay(iso: string): string {
  return new Intl.DateTimeFormat(locale(), { month: 'short', day: 'numeric' }).format(new Date(iso))
}

/** A time of day to the second, 24 h. */
export function clockWithSeconds(iso: string | number): string {
  const format = { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' } as const
  return new Intl.DateTimeFormat(locale(), format).format(new Date(iso))
}

/** The reader's zone in words: "Japan Standard Time". */
export function zone(): string {
  const parts = new Intl.DateTimeFormat(locale(), { timeZoneName: 'long' }).formatToParts(new Date())
  return parts.find((part) => part.type === 'timeZoneName')?.value ?? ''
}

/** English is written day first, as the product's other pages do. */
function locale(): string {
  return language() === 'en' ? 'en-GB' : 'ja'
}

function midnight(day: Day): Date {
  const [year = 1970, month = 1, date = 1] = day.split('-').map(Number)
  return new Date(year, month - 1, date)
}

function twoDigits(number: number): string {
  return String(number).padStart(2, '0')
}
