/** Where the page was opened, and with what. */
export interface Address {
  sessionId: string
  /** A consultation link's. */
  token?: string | undefined
  /** What the host application signed. */
  hostToken?: string | undefined
  /** An invitation's; empty where the page is one but the code is gone. */
  invitation?: string | undefined
  /** The held grant to enter with, where the page that led here knows it. */
  grantId?: string | undefined
  /** Whom to let in once one is in oneself. */
  admit?: string | undefined
  /** Whether the console led here. */
  fromConsole: boolean
}

/** What opens something, kept with this entry of the tab's history once it is out of the address. */
interface Kept {
  invitation?: string
  hostToken?: string
}

const OURS = /\/(consultation\/[^/]*|i(\/[^/]*)?|enter)\/?$/

/**
 * What the page's address says: /consultation/{sessionId}?token=…, /i/{code}, /enter#token=… or
 * /consultation/{sessionId}#as={grantId}&admit={participantId}&from=console
 */
export function addressed(location: Pick<Location, 'pathname' | 'search' | 'hash'>, kept?: Kept | null): Address {
  const [, sessionId = ''] = /\/consultation\/([A-Za-z0-9_-]+)\/?$/.exec(location.pathname) ?? []
  const [isInvitation, code] = /\/i(?:\/([^/]+))?\/?$/.exec(location.pathname) ?? []
  const hints = new URLSearchParams(location.hash.slice(1))
  const isEntrance = /\/enter\/?$/.test(location.pathname)
  return {
    sessionId,
    token: new URLSearchParams(location.search).get('token') ?? undefined,
    hostToken: isEntrance ? (hints.get('token') ?? kept?.hostToken ?? '') : undefined,
    invitation: isInvitation === undefined ? undefined : (code ?? kept?.invitation ?? ''),
    grantId: hints.get('as') ?? undefined,
    admit: hints.get('admit') ?? undefined,
    fromConsole: hints.get('from') === 'console',
  }
}

/**
 * Takes an invitation's code or a host's token out of the address as soon as it was read: a shared screen or a bookmark
 * does not carry it, and a reload still finds it.
 */
export function hideSecret({ invitation, hostToken }: Address): void {
  if (!invitation && !hostToken) return
  const kept: Kept = invitation ? { invitation } : { hostToken: hostToken! }
  history.replaceState(kept, '', location.pathname.replace(/\/i\/[^/]+\/?$/, '/i'))
}

/** The address of the session one has entered, without what opened it; on a page that embeds us, that page's own. */
export function pathOf(sessionId: string, pathname: string): string {
  return pathname.replace(OURS, `/consultation/${sessionId}`)
}

/** Takes the wish to let somebody in out of the address, so that a reload does not do it again. */
export function dropAdmit(): void {
  const hints = new URLSearchParams(location.hash.slice(1))
  hints.delete('admit')
  history.replaceState(history.state, '', `${location.pathname}${location.search}#${hints}`)
}

/** The token that a consultation link carries. */
export function tokenOf(url: string): string {
  return new URL(url).searchParams.get('token') ?? ''
}
