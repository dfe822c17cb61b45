import { LitElement } from 'lit'
import { Localized } from '../i18n'

/**
 * The ground of all our elements: rendered into the page itself, so that one stylesheet, one icon sheet and the labels'
 * ids serve them all; rendered anew when the language changes.
 */
export abstract class Element extends LitElement {
  protected readonly localized = new Localized(this)

  protected override createRenderRoot(): HTMLElement {
    return this
  }

  protected say(name: string, detail?: unknown): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true }))
  }
}
