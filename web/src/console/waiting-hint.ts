import { html, nothing } from 'lit'
import { icon } from '../components/icons'
import type { Desk } from './desk'
import { w } from './words'

/** On every page but today's: that somebody waits, and the way to them. */
export function waitingHint(desk: Desk) {
  if (desk.waiting === 0) return nothing
  return html`<p class="banner" data-testid="waiting-hint">
    ${icon('bell')} <span><strong>${w('waiting-today', { count: desk.waiting })}</strong></span>
    <a class="button" href="/console">${w('to-today')}</a>
  </p>`
}
