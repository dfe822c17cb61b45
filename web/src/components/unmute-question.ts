import { html } from 'lit'
import type { Question } from '../call/own-switches'
import { t } from '../i18n'
import { icon } from './icons'

/** Staff ask to switch on: a question that waits and takes no focus. */
export function unmuteQuestion(question: Question, answer: (yes: boolean) => void) {
  const what = question.kinds.length > 1 ? 'both' : question.kinds[0]!
  return html`<div class="banner banner--toast question scheme-auto" role="group" aria-labelledby="question">
    ${icon(what === 'video' ? 'video' : 'mic')}
    <strong id="question" role="status">${t(`asked-${what}`, { name: question.by.displayName })}</strong>
    <div class="question__answers">
      <button class="button button--quiet" type="button" data-testid="stay-muted" @click=${() => answer(false)}>
        ${t('answer-not-now')}
      </button>
      <button class="button button--primary" type="button" data-testid="unmute" @click=${() => answer(true)}>
        ${t('answer-on')}
      </button>
    </div>
  </div>`
}
