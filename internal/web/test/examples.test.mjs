// The examples in docs/clients.md and docs/examples work as described, against the real server.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, test } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { createElement } from 'react'
import TestRenderer, { act } from 'react-test-renderer'
import WebSocket from 'ws'
import { ChatMe } from '../static/chatme.js'
import { FakeStorage } from './fake.mjs'
import { DEADLINE_MS, LIMIT } from './pace.mjs'
import { Server } from './server.mjs'
import { launch } from './tab.mjs'
import { until } from './until.mjs'

const web = fileURLToPath(new URL('..', import.meta.url))
const docs = fileURLToPath(new URL('../../../docs', import.meta.url))

const REACT_NATIVE = `
const listeners = new Set()
export const AppState = {
  addEventListener(type, listener) {
    listeners.add(listener)
    return { remove: () => listeners.delete(listener) }
  },
  becomes(state) {
    for (const listener of listeners) listener(state)
  },
}
`

// The examples as in an application: with the library and their other dependencies installed by npm.
let examples
before(async () => {
  examples = await mkdtemp(join(tmpdir(), 'chatme-examples-'))
  await cp(join(docs, 'examples'), examples, { recursive: true, filter: (path) => !path.includes('node_modules') })
  const installed = (name) => join(examples, 'node_modules', name)
  await mkdir(installed('react-native'), { recursive: true })
  await symlink(web, installed('chatme-client'))
  for (const name of ['react', 'ws']) await symlink(join(web, 'node_modules', name), installed(name))
  await writeFile(join(installed('react-native'), 'package.json'), '{"type":"module","main":"index.js"}')
  await writeFile(join(installed('react-native'), 'index.js'), REACT_NATIVE)
  globalThis.IS_REACT_ACT_ENVIRONMENT = true
  globalThis.WebSocket = WebSocket // Node before 22 has none
})
after(() => rm(examples, { recursive: true, force: true }))

/** Runs run(server, open, t) with a server; open() returns a library client of it. */
const served = (name, run) =>
  test(name, LIMIT, async (t) => {
    const server = await Server.start()
    const chats = []
    t.after(async () => {
      for (const chat of chats) chat.close()
      await server.close()
    })
    const open = () => {
      chats.push(clientOf(server))
      return chats.at(-1)
    }
    await run(server, open, t)
  })
const socketOf = (server) => server.url.replace('http', 'ws')
const clientOf = (server) => new ChatMe({ url: socketOf(server), apiKey: server.key, storage: null, WebSocket })
const heard = (chat) => chat.messages.filter((m) => !m.mine).map((m) => m.text)

test('the documentation shows the current hooks', async () => {
  const text = await readFile(join(docs, 'clients.md'), 'utf8')
  const shown = [...text.matchAll(/<!-- docs\/(\S+) -->\n```js\n([^]*?)```/g)]
  assert.deepEqual(shown.map(([, path]) => path), ['examples/react/useChat.js', 'examples/react-native/useChat.js'])
  for (const [, path, code] of shown) assert.equal(code, await readFile(join(docs, path), 'utf8'), path)
})

test('the page chats, and continues after a reload', LIMIT, async (t) => {
  let html
  const site = createServer((_, answer) => answer.setHeader('Content-Type', 'text/html').end(html))
  await new Promise((done) => site.listen(0, '127.0.0.1', done))
  const address = `http://127.0.0.1:${site.address().port}`
  const server = await Server.start({ ALLOWED_ORIGINS: address })
  const chat = clientOf(server)
  const browser = await launch()
  t.after(async () => {
    await browser.close()
    chat.close()
    await server.close()
    site.close()
  })
  html = (await readFile(join(examples, 'page/index.html'), 'utf8'))
    .replaceAll('http://localhost:8787/', server.url)
    .replaceAll('ws://localhost:8787/', socketOf(server))
    .replaceAll('YOUR_KEY', server.key)
  const page = await browser.newPage()
  page.setDefaultTimeout(DEADLINE_MS)
  const faults = []
  page.on('pageerror', (error) => faults.push(String(error)))
  page.on('console', (m) => m.type() === 'error' && !m.text().includes('404') && faults.push(m.text()))

  const found = chat.search()
  await page.goto(address)
  await until(() => chat.state === 'chatting' || faults.length > 0)
  assert.deepEqual(faults, [])
  await found
  const line = (text) => page.locator('li', { hasText: new RegExp(`^${text}$`) }).waitFor()
  await page.locator('#text').fill('hello')
  await page.locator('#text').press('Enter')
  await line('me: hello \\(delivered\\)')
  assert.deepEqual(heard(chat), ['hello'])
  await page.reload()
  chat.send('<b>still here</b>')
  await line('stranger: <b>still here</b>')
  await line('me: hello \\(delivered\\)')
  assert.deepEqual(faults, [])
})

/** Starts the terminal example. say() types, says() waits for a printed line. */
function terminal(t, ...args) {
  const child = spawn(process.execPath, [join(examples, 'node/chat.mjs'), ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  const lines = []
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line))
  const exit = new Promise((done) => child.once('exit', (code, signal) => done(signal ?? code)))
  return {
    lines,
    say: (text) => child.stdin.write(`${text}\n`),
    says: (line) => until(() => lines.includes(line)),
    kill: () => (child.kill('SIGKILL'), exit),
    leave: () => (child.stdin.end(), exit),
  }
}

served('the terminal chats, and continues after it was killed', async (server, open, t) => {
  const args = [socketOf(server), server.key, join(examples, 'chat.json')]
  const chat = open()
  const first = terminal(t, ...args)
  await chat.search()
  await first.says('* chatting')
  first.say('hello')
  await first.says('* delivered: hello')
  assert.deepEqual(heard(chat), ['hello'])
  chat.send('hi')
  await first.says('> hi')

  assert.equal(await first.kill(), 'SIGKILL')
  chat.send('are you there?')
  await until(() => !chat.partner.here)
  const second = terminal(t, ...args)
  await second.says('> are you there?')
  second.say('I am')
  await until(() => heard(chat).includes('I am'))
  assert.deepEqual(second.lines.filter((line) => line === '> are you there?').length, 1)
  second.say('/end')
  await until(() => chat.ended === 'partner')
  assert.equal(await second.leave(), 0)
})

/** Renders a hook of an example. now() returns its latest result; render() is for changes to it. */
async function rendered(t, path, ...args) {
  const { useChat } = await import(pathToFileURL(join(examples, path)))
  let latest
  const Component = () => ((latest = useChat(...args)), null)
  let root
  await act(async () => (root = TestRenderer.create(createElement(Component))))
  const unmount = () => act(async () => root.unmount())
  t.after(unmount)
  return {
    now: () => latest,
    unmount,
    /** Does not await the result of change: a search ends only when another client arrives. */
    do: (change) =>
      act(async () => {
        change(latest)
      }),
    async until(condition) {
      const end = Date.now() + DEADLINE_MS
      while (!condition(latest)) {
        assert.ok(Date.now() < end, `not in time: ${condition}`)
        await act(() => new Promise((done) => setTimeout(done, 5)))
      }
    },
  }
}

served('the web hook chats, and continues after a remount', async (server, open, t) => {
  const storage = new FakeStorage()
  const args = ['react/useChat.js', socketOf(server), server.key, { storage }]
  const chat = open()
  const hook = await rendered(t, ...args)
  assert.equal(hook.now().status, 'idle')
  await hook.do((h) => h.findPartner())
  assert.equal(hook.now().status, 'searching')
  chat.search()
  await hook.until((h) => h.status === 'chatting' && h.isConnected)
  await hook.do((h) => h.sendMessage('hello'))
  await hook.until((h) => h.messages[0].status === 'delivered')
  chat.typing()
  await hook.until((h) => h.isTyping)
  chat.close()
  await hook.until((h) => h.isAway)
  chat.connect()
  await hook.until((h) => !h.isAway)

  await hook.unmount()
  chat.send('meanwhile')
  const again = await rendered(t, ...args)
  await again.until((h) => h.messages.length === 2)
  assert.deepEqual(again.now().messages.map((m) => [m.text, m.status]), [['hello', 'delivered'], ['meanwhile', undefined]])
  await again.do((h) => h.endChat())
  await until(() => chat.ended === 'partner')
  assert.equal(again.now().status, 'idle')
})

served('the mobile hook sleeps in the background, and wakes with the held messages', async (server, open, t) => {
  const { AppState } = await import(pathToFileURL(join(examples, 'node_modules/react-native/index.js')))
  const chat = open()
  const hook = await rendered(t, 'react-native/useChat.js', socketOf(server), server.key, new FakeStorage())
  await hook.do((h) => h.findPartner())
  chat.search()
  await hook.until((h) => h.status === 'chatting')
  const asleep = Date.now()
  await hook.do(() => AppState.becomes('background'))
  await hook.until(() => !chat.partner.here)
  assert.ok(chat.partner.awayUntil - asleep > 500_000, 'the partner expires before the promised ten minutes')
  assert.equal(hook.now().isConnected, false)
  chat.send('good night')
  await hook.do(() => AppState.becomes('active'))
  await hook.until((h) => h.messages.some((m) => m.text === 'good night'))
  await until(() => chat.partner.here && chat.statusOf(chat.messages[0]) === 'delivered')
})
