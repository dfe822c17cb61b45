/** Keeps the screen awake between `hold` and `release`; the browser drops the lock in the background, so it is taken again. */
export class WakeLock {
  #sentinel: WakeLockSentinel | undefined
  #held = false

  hold(): void {
    this.#held = true
    document.addEventListener('visibilitychange', this.#request)
    void this.#request()
  }

  release(): void {
    this.#held = false
    document.removeEventListener('visibilitychange', this.#request)
    void this.#sentinel?.release()
    this.#sentinel = undefined
  }

  #request = async (): Promise<void> => {
    if (!('wakeLock' in navigator) || document.visibilityState !== 'visible') return
    // Refused on low battery: the call goes on without it.
    const sentinel = await navigator.wakeLock.request('screen').catch(() => undefined)
    if (this.#held) this.#sentinel = sentinel
    else void sentinel?.release()
  }
}
