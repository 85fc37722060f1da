// The page in a frame of another site, and an operator's custom page.

import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { scene } from './scene.mjs'

/** Serves a site on another host than the server's that frames the page. */
async function startSite(s) {
  const site = createServer((_, answer) => {
    answer.setHeader('Content-Type', 'text/html')
    answer.end(`<!doctype html><title>a site</title><link rel="icon" href="data:,"><iframe src="${s.server.url}" width="500" height="500"></iframe>`)
  })
  await new Promise((done) => site.listen(0, 'localhost', done))
  s.others.push({ close: () => new Promise((done) => site.close(done)) })
  return `http://localhost:${site.address().port}`
}

scene('an allowed site frames a working page; another site cannot frame it', async (s) => {
  const b = await s.open()
  const origin = await startSite(s)
  s.address = origin
  const refused = await s.open()
  await refused.fails((fault) => fault.includes('frame-ancestors'))
  refused.faults = []
  assert.equal(await refused.page.frameLocator('iframe').getByRole('button', { name: 'Start chatting' }).count(), 0)

  await s.server.crash()
  s.server.settings = { ALLOWED_ORIGINS: origin }
  await s.server.restart()
  const a = await s.open()
  const frame = a.page.frameLocator('iframe')
  await frame.getByRole('button', { name: 'Start chatting' }).click()
  await b.start()
  await b.sees('chat')
  await frame.getByLabel('Your message').fill('from the frame')
  await frame.getByLabel('Your message').press('Enter')
  await b.hears('from the frame')
  a.forgive(new URL(s.server.url).host) // for the site the frame is another host
})

scene('a custom page replaces the built-in one, with the library and the key', async (s) => {
  const directory = await mkdtemp(join(tmpdir(), 'chatme-own-'))
  s.others.push({ close: () => rm(directory, { recursive: true }) })
  await writeFile(join(directory, 'index.html'), '<!doctype html><title>mine</title><link rel="icon" href="data:,"><meta name="chatme-key" content="CHATME-KEY"><script type="module" src="-/own.js"></script><p></p>')
  await writeFile(join(directory, 'own.js'), `
    import { ChatMe } from '../chatme.js'
    const chat = new ChatMe({ url: location.href.replace('http', 'ws'), apiKey: document.querySelector('meta').content })
    chat.on('change', () => (document.querySelector('p').textContent = chat.state))
    chat.search()`)
  await s.server.crash()
  s.server.settings = { CHATME_WEB_DIR: directory }
  await s.server.restart()
  const [a, b] = await Promise.all([s.open(), s.open()])
  for (const tab of [a, b]) await tab.page.getByText('chatting').waitFor()
  assert.equal(await a.page.title(), 'mine')
})

scene('with the page disabled there is no page, but the socket works', async (s) => {
  const page = () => fetch(s.server.url, { headers: { Accept: 'text/html' } })
  assert.equal((await page()).status, 200)
  await s.server.crash()
  s.server.settings = { CHATME_WEB: 'off' }
  await s.server.restart()
  const answer = await page()
  assert.equal(answer.status, 426)
  assert.equal(answer.headers.get('upgrade'), 'websocket')
})
