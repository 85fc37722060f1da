// Recreates docs/screens/dashboard.png, and dashboard-top.png, in six minutes: `npm run screenshot-of-dashboard`. The page, the server and its
// load are real.

import { fileURLToPath } from 'node:url'
import WebSocket from 'ws'
import { Dashboard } from './dashboard.mjs'
import { Server } from './server.mjs'
import { Tab, launch } from './tab.mjs'

const MINUTES = 6
const PEOPLE = 60
const picture = (name) => fileURLToPath(new URL(`../../../docs/screens/${name}.png`, import.meta.url))
const pause = (ms) => new Promise((done) => setTimeout(done, ms))

/** Runs a client that searches, chats, presses Next and reconnects, until over is set. */
async function live(server, over) {
  let session
  while (!over.set) {
    const socket = new WebSocket(server.url.replace('http', 'ws'))
    const ended = new Promise((done) => socket.once('close', done).once('error', done))
    let n = 0
    let partner
    const tell = (what) => socket.readyState === WebSocket.OPEN && socket.send(JSON.stringify(what))
    socket.on('open', () => tell({ type: 'auth', apiKey: server.key, resume: { v: 1, ...session } }))
    socket.on('message', (data) => {
      const m = JSON.parse(data)
      if (m.sessionId) session = { sessionId: m.sessionId, epoch: m.epoch }
      if (m.type === 'session_id' || m.type === 'resumed') tell({ type: 'search' })
      if (m.type === 'matched') [partner, n] = [m.partnerId, 0]
      if (m.type === 'partner_disconnected') partner = undefined
      if (m.type === 'message' && m.n) tell({ type: 'ack', partnerId: partner, got: m.n })
    })
    const until = Date.now() + 5000 + Math.random() * 60_000
    while (Date.now() < until && !over.set && socket.readyState <= WebSocket.OPEN) {
      await pause(100 + Math.random() * 1500)
      if (partner && Math.random() < 0.9) tell({ type: 'message', text: 'Hello there', n: ++n })
      else if (partner) tell({ type: 'search' })
    }
    socket.terminate()
    await ended
    await pause(Math.random() * 8000)
  }
}

const server = await Server.start({ CHATME_REMATCH_AFTER: '1s' })
const over = { set: false }
const people = []
const browser = await launch()
try {
  const dashboard = await Dashboard.start(server)
  for (let i = 0; i < PEOPLE; i++) {
    people.push(live(server, over))
    await pause((MINUTES * 60_000 * 0.6) / PEOPLE)
  }
  await pause(MINUTES * 60_000 * 0.4)
  const tab = await Tab.open(browser, dashboard.url, { viewport: { width: 1200, height: 2100 }, colorScheme: 'light' })
  await tab.page.locator('body[data-shown="true"]').waitFor()
  await tab.page.screenshot({ path: picture('dashboard'), animations: 'disabled' })
  await tab.page.screenshot({ path: picture('dashboard-top'), animations: 'disabled', clip: { x: 0, y: 0, width: 1200, height: 640 } })
  await tab.close()
  await dashboard.close()
} finally {
  over.set = true
  await Promise.all(people)
  await browser.close()
  await server.close()
}
