import type { NewPeerConnection } from './media-connection'

/** What a consultation needs of the browser. */
export interface Ports {
  newPeerConnection: NewPeerConnection
  newSocket: (url: string) => WebSocket
}

export const BROWSER: Ports = {
  newPeerConnection: (configuration) => new RTCPeerConnection(configuration),
  newSocket: (url) => new WebSocket(url),
}
