// A hostile stranger: nothing they send runs or is fetched.

import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { DOT } from './photo.mjs'
import { scene } from './scene.mjs'

/** Starts a listener that counts connections. */
async function listen(s) {
  let visits = 0
  const server = createServer((socket) => {
    visits++
    socket.destroy()
  })
  await new Promise((done) => server.listen(0, '127.0.0.1', done))
  s.others.push({ close: () => new Promise((done) => server.close(done)) })
  return { address: `127.0.0.1:${server.address().port}`, visits: () => visits }
}

/** Runs in a page: a legacy client that sends these frames, strings unchanged, once it is matched. */
async function attack({ apiKey, frames }) {
  const socket = new WebSocket(location.href.replace('http', 'ws'))
  await new Promise((open) => (socket.onopen = open))
  const say = (frame) => socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame))
  socket.onmessage = (event) => JSON.parse(event.data).type === 'matched' && frames.forEach(say)
  say({ type: 'auth', apiKey })
  say({ type: 'search' })
  window.kept = socket // or the browser may collect and close it
}

scene('nothing from a hostile partner runs or is fetched', async (s) => {
  const listener = await listen(s)
  await fetch(`http://${listener.address}/`).catch(() => {})
  assert.equal(listener.visits(), 1) // the listener works

  const a = await s.open({ viewport: { width: 360, height: 640 } })
  await a.start()
  await a.sees('searching')
  const stranger = await s.open()
  const message = (content) => ({ type: 'message', ...content })
  const markup = `<script>alert(1)</script><img src="http://${listener.address}/a.png" onerror="alert(2)"><svg/onload=alert(3)>`
  const long = 'x'.repeat(5_000)
  const bidi = `\u202egnp.exe\u202c \u2066hidden\u2069 \u202ehttps://${listener.address}/b \u200fand more`
  const piled = `Z${'\u0336\u0488\u0301'.repeat(300)}`
  const frames = [
    { text: markup }, { text: long }, { text: bidi }, { text: piled }, { text: 'javascript:alert(4)' },
    { text: `http://bank.example@${listener.address}/ and (https://${listener.address}/c).` },
    { imageUrl: 'javascript:alert(5)' }, { imageUrl: 'data:text/html,<script>alert(6)</script>' }, { imageUrl: DOT.replace('gif', 'svg+xml') },
    { imageUrl: `http://${listener.address}/d.png` }, { imageUrl: `https://${listener.address}/e.png` }, { imageUrl: DOT },
  ].map(message)
  frames.push('{"type":"message","text":{}}', '{"type":"message","text":["a"],"imageUrl":{}}', message({ text: 'the end' }))
  await stranger.page.evaluate(attack, { apiKey: s.server.key, frames })

  await a.hears('the end')
  for (const text of [markup, long, piled, 'javascript:alert(4)']) await a.hears(text)
  const links = await a.page.locator('.bubble a').evaluateAll((all) => all.map((link) => [link.href, link.rel, link.target, getComputedStyle(link).direction]))
  const safe = ['noopener noreferrer nofollow', '_blank', 'ltr']
  assert.deepEqual(links, [
    [`http://${listener.address}/a.png`, ...safe], // the markup is ordinary text with an address in it
    [`https://${listener.address}/b`, ...safe], [`https://${listener.address}/c`, ...safe], [`https://${listener.address}/e.png`, ...safe],
  ])
  await a.page.getByRole('link', { name: `Image at ${listener.address}` }).waitFor()
  assert.equal(await a.page.locator('.bubble').locator('script, iframe, svg, img').count(), 1)
  assert.equal((await a.seesImage()).uri, DOT)
  assert.equal(await a.page.evaluate(() => document.documentElement.scrollWidth), 360) // nothing widens the page
  const high = await a.page.locator('.bubble', { hasText: 'Z' }).first().evaluate((e) => e.getBoundingClientRect().height)
  assert.ok(high < 60, `the stacked letters are ${high} pixels high`)
  assert.equal(listener.visits(), 1)
}, { CHATME_IMAGES: 'any' })

scene('the page itself refuses content that a server should not have relayed', async (s) => {
  const a = await s.open()
  const listener = await listen(s)
  const from = 'an-alias'
  let n = 0
  const message = (content) => ({ type: 'message', from, n: ++n, ...content })
  const frames = [
    { type: 'auth_success' }, { type: 'session_id', sessionId: 'cm1_x', epoch: 'e', windowMs: 1, pingMs: 1, maxBytes: 1e6 },
    { type: 'searching' }, { type: 'matched', partnerId: from },
    message({ imageUrl: 'javascript:alert(1)' }), message({ imageUrl: 'data:image/svg+xml;base64,PHN2Zy8+' }),
    message({ imageUrl: `http://${listener.address}/a.png` }), message({ imageUrl: `//${listener.address}/b.png` }),
    message({ imageUrl: 'data:image/png;base64,AAAA" onerror="alert(2)' }), message({ text: {}, imageUrl: [] }),
    { ...message({ text: 'of another' }), from: 'someone else' }, message({ text: 'the end' }),
  ]
  await a.page.routeWebSocket(/./, (socket) => {
    socket.onMessage((data) => JSON.parse(data).type === 'auth' && frames.forEach((frame) => socket.send(JSON.stringify(frame))))
  })
  await a.page.reload() // from now on the page's sockets come from there
  await a.start()
  await a.hears('the end')
  const notShown = 'they: Image not shown'
  await a.shows([notShown, notShown, notShown, notShown, notShown, 'they: ', 'Some messages did not arrive', 'they: the end'])
  assert.equal(await a.page.locator('.bubble').locator('img, a').count(), 0)
  assert.equal(listener.visits(), 0)
})
