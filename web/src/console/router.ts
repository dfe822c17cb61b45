import { type Day, isDay } from './day'

/** Pages with an address of their own and nothing else in it. */
const PAGES = ['account', 'people', 'keys', 'setup'] as const

export type Route =
  { page: 'day'; day: Day | undefined } | { page: 'session'; sessionId: string } | { page: (typeof PAGES)[number] }

/** What an address of the console shows. */
export function routeOf({ pathname, search }: Pick<Location, 'pathname' | 'search'>): Route {
  const [, sessionId] = /^\/console\/sessions\/([A-Za-z0-9_-]+)\/?$/.exec(pathname) ?? []
  if (sessionId) return { page: 'session', sessionId }
  const page = PAGES.find((name) => pathname.replace(/\/$/, '') === `/console/${name}`)
  if (page) return { page }
  const day = new URLSearchParams(search).get('day') ?? ''
  return { page: 'day', day: isDay(day) ? day : undefined }
}

/** Goes from page to page without loading: the stream stays open and nothing blinks. */
export class Router {
  #root: HTMLElement | undefined

  constructor(private readonly arrive: (route: Route) => void) {}

  start(root: HTMLElement): void {
    this.#root = root
    root.addEventListener('click', this.#clicked)
    addEventListener('popstate', this.#moved)
  }

  stop(): void {
    this.#root?.removeEventListener('click', this.#clicked)
    removeEventListener('popstate', this.#moved)
  }

  go(path: string): void {
    if (path !== location.pathname + location.search) history.pushState(null, '', path)
    scrollTo(0, 0)
    this.arrive(routeOf(location))
  }

  #moved = () => this.arrive(routeOf(location))

  #clicked = (event: MouseEvent) => {
    const link = (event.target as Element).closest<HTMLAnchorElement>('a[href^="/console"]')
    // With a key held it is the browser's: a new tab or window.
    const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey
    if (!link || !plain || event.defaultPrevented) return
    event.preventDefault()
    this.go(link.pathname + link.search)
  }
}
