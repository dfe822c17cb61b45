import type { ReactiveController, ReactiveControllerHost } from 'lit'

interface Kept {
  element: HTMLElement
  row: string
  keep: string | undefined
}

/**
 * Keeps the focus where somebody put it while rows move, change groups or lose the button that was pressed: on the same
 * button of the same row, else on that row's name. Rows carry `data-row`, what may keep the focus carries `data-keep`.
 */
export class FocusKeeper implements ReactiveController {
  #kept: Kept | undefined

  constructor(private readonly host: ReactiveControllerHost & HTMLElement) {
    host.addController(this)
  }

  hostUpdate(): void {
    const element = document.activeElement
    if (!(element instanceof HTMLElement) || !this.host.contains(element)) return
    const row = element.closest<HTMLElement>('[data-row]')?.dataset['row']
    if (row !== undefined) this.#kept = { element, row, keep: element.dataset['keep'] }
  }

  hostUpdated(): void {
    // The rows render after their list does.
    if (this.#kept) requestAnimationFrame(() => this.#restore())
  }

  #restore(): void {
    const kept = this.#kept
    this.#kept = undefined
    const lost = document.activeElement === null || document.activeElement === document.body
    if (!kept || !lost) return
    const row = this.host.querySelector<HTMLElement>(`[data-row="${CSS.escape(kept.row)}"]`)
    const same = kept.element.isConnected ? kept.element : row?.querySelector<HTMLElement>(`[data-keep="${kept.keep}"]`)
    const target = same ?? row?.querySelector<HTMLElement>('[data-keep]')
    target?.focus({ preventScroll: true })
  }
}
