/** A tab for a call: opened within the press, because browsers block what opens later; told where to go when it is known. */
export interface CallTab {
  /** It was open before: the call goes on in it. */
  known: boolean
  go(url: string): void
  cancel(): void
}

/** The tabs in which this console has opened calls: entering again shows the one that is there. */
export class CallTabs {
  #tabs = new Map<string, Window>()

  open(sessionId: string): CallTab {
    const before = this.#tabs.get(sessionId)
    if (before && !before.closed) {
      before.focus()
      // Only the fragment differs from its address: the page stays and hears of it.
      return { known: true, go: (url) => before.location.replace(url), cancel: () => undefined }
    }
    const tab = window.open('', '_blank')
    if (!tab) return { known: false, go: (url) => location.assign(url), cancel: () => undefined }
    this.#tabs.set(sessionId, tab)
    return {
      known: false,
      go: (url) => tab.location.replace(url),
      cancel: () => {
        tab.close()
        this.#tabs.delete(sessionId)
      },
    }
  }
}
