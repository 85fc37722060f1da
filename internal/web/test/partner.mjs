// A partner for a tab without a tab of its own: a legacy client.

import WebSocket from 'ws'
import { until } from './until.mjs'

/** Matches a partner with the search in tab. Returns { say(message), heard }, with the received texts in heard. */
export async function partnerOf(s, tab) {
  const socket = new WebSocket(s.server.url.replace('http', 'ws'))
  s.others.push({ close: () => socket.terminate() })
  await new Promise((open) => socket.once('open', open))
  let matched = false
  const heard = []
  socket.on('message', (data) => {
    const message = JSON.parse(data)
    matched ||= message.type === 'matched'
    if (message.type === 'message') heard.push(message.text)
  })
  const tell = (frame) => socket.send(JSON.stringify(frame))
  tell({ type: 'auth', apiKey: s.server.key })
  tell({ type: 'search' })
  await until(() => matched)
  await tab.sees('chat')
  return { say: (message) => tell({ type: 'message', ...message }), heard }
}
