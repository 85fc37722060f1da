// How much of a large message has left.

let present = null

/** The browser's WebSocket, of which the page knows the latest. */
export class UploadSocket extends WebSocket {
  constructor(url) {
    super(url)
    present = this
  }
}

/** The percentage that has left of a message of so many bytes, the last one sent; null while there is no connection. */
export function percentSent(size) {
  if (present?.readyState !== WebSocket.OPEN) return null
  return Math.max(0, Math.floor(100 - (100 * present.bufferedAmount) / size))
}
