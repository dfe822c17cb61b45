import { html } from 'lit'
import { customElement, property } from 'lit/decorators.js'
import type { Clinic } from '../../api/types'
import { Element } from '../../components/element'
import { icon, type IconName } from '../../components/icons'
import { pageHeader } from '../../components/parts'
import { sign } from '../icons'
import { w, type Word } from '../words'
import { codesStep, enrollPasskeyStep, enrollStep, enrollTotpStep, setupStep } from './enroll-steps'
import type { LoginMethods } from './login-api'
import type { LoginFlow, Step } from './login-flow'
import './login-trouble'
import { passwordStep } from './password-step'
import { secondFactorStep } from './second-factor-step'

/** Why somebody logs in again, where they were in before. */
export type Reason = 'logged-off' | 'logged-out' | 'login-over' | 'blocked'

const MARKS: Partial<Record<Reason, IconName>> = { 'logged-off': 'clock', 'logged-out': 'leave', 'login-over': 'clock' }

/** The way in: one thing to do per step, under one title. */
@customElement('shinsatsu-login-page')
export class LoginPage extends Element {
  @property({ attribute: false }) flow!: LoginFlow
  @property({ attribute: false }) methods!: LoginMethods
  @property({ attribute: false }) clinic: Clinic | undefined
  @property() reason: Reason | '' = ''
  /** Where to come back to from the clinic's provider. */
  @property() path = '/console'
  @property({ type: Number }) version = 0
  #shown = ''

  protected override render() {
    const { step } = this.flow
    return html`<div class="narrow narrow--login">
      ${pageHeader(this.clinic)}
      <main class="page--login" id="main" data-step=${step.at}>
        ${this.#head(step)}
        <shinsatsu-login-trouble .trouble=${this.flow.trouble}></shinsatsu-login-trouble>
        ${this.#step(step)}
      </main>
    </div>`
  }

  /** A step begins at the first thing to fill in, else at its title. */
  protected override updated(): void {
    const { step } = this.flow
    const name = step.at === 'second-factor' ? `${step.at} ${step.method}` : step.at
    if (name === this.#shown) return
    this.#shown = name
    requestAnimationFrame(() => (this.querySelector<HTMLElement>('main input') ?? this.querySelector('h1'))?.focus())
  }

  #head(step: Step) {
    const again = step.at === 'password' && this.reason ? this.reason : undefined
    const [title, lead] = again ? ([`closed-${again}`, `login-lead-${again}`] as const) : titlesOf(step)
    return html`<div class="login__head">
      <span class="avatar avatar--large">${again ? icon(MARKS[again] ?? 'lock') : sign(markOf(step))}</span>
      <h1 class="title" tabindex="-1">${w(title as Word)}</h1>
      <p class="lines">${w(lead as Word)}</p>
    </div>`
  }

  #step(step: Step) {
    const { flow } = this
    switch (step.at) {
      case 'password':
        return passwordStep(flow, this.methods, this.path)
      case 'setup':
        return setupStep(flow)
      case 'second-factor':
        return secondFactorStep(flow, step)
      case 'enroll':
        return enrollStep(flow)
      case 'enroll-totp':
        return enrollTotpStep(flow, step)
      case 'enroll-passkey':
        return enrollPasskeyStep(flow)
      case 'codes':
        return codesStep(flow, step)
    }
  }
}

function titlesOf(step: Step): readonly [string, string] {
  const name = step.at === 'second-factor' ? `second-factor-${step.method}` : step.at
  return [`step-${name}`, `step-lead-${name}`]
}

function markOf(step: Step) {
  return step.at === 'password' || step.at === 'setup' ? 'lock' : step.at === 'codes' ? 'save' : 'shield'
}
