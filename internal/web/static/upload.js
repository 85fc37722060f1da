// Upload progress of a large message.

let present = null

/** The browser's WebSocket; the page remembers the latest. */
export class UploadSocket extends WebSocket {
  constructor(url) {
    super(url)
    present = this
  }
}

/** Returns how much of the last message, of size bytes, has been sent, in percent; null without a connection. */
export function percentSent(size) {
  if (present?.readyState !== WebSocket.OPEN) return null
  return Math.max(0, Math.floor(100 - (100 * present.bufferedAmount) / size))
}
