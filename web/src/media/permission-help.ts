import type { Key } from '../i18n'
import type { DeviceProblem } from './devices'

/** The one sentence of help that fits the problem, and for a refusal the browser and system. */
export function helpFor(problem: DeviceProblem, userAgent: string): Key {
  if (problem !== 'refused') return `help-${problem}`
  if (/iPhone|iPad/.test(userAgent)) return 'help-refused-ios'
  if (/Android/.test(userAgent)) return 'help-refused-android'
  if (/Firefox/.test(userAgent)) return 'help-refused-firefox'
  if (/Chrome|Chromium|Edg/.test(userAgent)) return 'help-refused-chrome'
  return 'help-refused-safari'
}
