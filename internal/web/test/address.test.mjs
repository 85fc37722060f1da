// An invalid address or key is reported, and not retried.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import WebSocket from 'ws'
import { ChatMe } from '../static/chatme.js'
import { chatting, FakeSocket, FakeStorage, frozen as still, newChat, tick } from './fake.mjs'

const dialed = []

/** A socket that rejects addresses as a browser does, and records the dialed ones. */
class Judge extends FakeSocket {
  constructor(url) {
    dialed.push(url)
    if (!/^wss?:$/.test(new URL(url).protocol) || url.includes('#')) throw new SyntaxError(`The URL '${url}' is invalid.`)
    super(url)
  }
}

const WRONG = {
  'no address': { url: undefined }, 'an empty address': { url: '' }, 'a name': { url: 'chat.example' }, 'a path': { url: '/chat' },
  'a page address': { url: 'https://chat.example/' }, 'a script URL': { url: 'javascript:alert(1)' }, 'no host': { url: 'ws://' },
  'an invalid host': { url: 'ws://[::1/' }, 'an invalid port': { url: 'ws://chat.example:99999/' }, 'a fragment': { url: 'wss://chat.example/#x' },
  'an object': { url: {} }, 'null': { url: null },
  'no key': { apiKey: undefined }, 'a numeric key': { apiKey: 5 }, 'an object as key': { apiKey: {} }, 'an empty key': { apiKey: '' },
  'no WebSocket': { WebSocket: null }, 'an invalid WebSocket': { WebSocket: {} },
}

for (const [name, wrong] of Object.entries(WRONG)) {
  for (const call of ['search', 'connect']) {
    test(`${call} with ${name} rejects, and the client stays idle`, async () => {
      const [promise, chat, storage] = still(() => {
        const { WebSocket } = globalThis
        if (wrong.WebSocket === null) delete globalThis.WebSocket
        const storage = new FakeStorage()
        const chat = new ChatMe({ url: 'ws://server.test/', apiKey: 'KEY', storage, WebSocket: Judge, ...wrong })
        if (wrong.WebSocket === null && WebSocket) globalThis.WebSocket = WebSocket
        const promise = chat[call]()
        dialed.length = 0
        tick(120_000)
        assert.deepEqual([dialed, chat.state, chat.online, chat.stopped], [[], 'idle', false, ''])
        return [promise, chat, storage]
      })
      await assert.rejects(promise, (error) => error instanceof TypeError && /^chatme: /.test(error.message))
      assert.equal(storage.getItem('chatme'), null)
      await assert.rejects(chat[call](), TypeError) // can be called again
    })
  }
}

test('without an await the error arrives as an event, and no rejection is unhandled', async () => {
  const unhandled = []
  const hear = (error) => unhandled.push(error)
  process.on('unhandledRejection', hear)
  const chat = new ChatMe({ url: 'nowhere', apiKey: 'KEY', WebSocket })
  const errors = []
  chat.on('error', (error) => errors.push(error))
  chat.search()
  await new Promise((done) => setImmediate(done))
  process.off('unhandledRejection', hear)
  assert.deepEqual([unhandled, errors.map((error) => error.code), chat.state], [[], ['address'], 'idle'])
  assert.match(errors[0].message, /must begin with ws:\/\/ or wss:\/\/, not nowhere/)
})

/** A socket whose constructor throws unless works is set. */
class Moody extends FakeSocket {
  static works
  constructor(url) {
    if (!Moody.works) throw new Error('not now')
    super(url)
  }
}

test('a call succeeds after one that could not start', () => {
  still(() => {
    Moody.works = false
    const chat = newChat(new FakeStorage(), { WebSocket: Moody })
    chat.search()
    assert.equal(chat.state, 'idle')
    Moody.works = true
    chat.search()
    assert.equal(chat.state, 'searching')
    FakeSocket.last.open()
    assert.equal(FakeSocket.all.length, 1)
  })
})

test('a stored chat remains, and can be ended, when the address is no longer valid', () => {
  still(() => {
    const { storage } = chatting()
    const chat = newChat(storage, { url: 'nowhere' })
    chat.connect()
    assert.equal(chat.state, 'chatting')
    chat.end()
    assert.equal(chat.state, 'idle')
    assert.doesNotMatch(storage.getItem('chatme'), /cm1_/)
  })
})

test('an address that worked once is retried until it works again', () => {
  still(() => {
    Moody.works = true
    const chat = newChat(new FakeStorage(), { WebSocket: Moody })
    chat.search()
    Moody.works = false
    FakeSocket.last.ends()
    tick(60_000)
    assert.deepEqual([chat.state, FakeSocket.all.length], ['searching', 1])
    Moody.works = true
    tick(15_000)
    assert.equal(FakeSocket.all.length, 2)
  })
})

test('an address may have surrounding spaces, be in capitals, or be a URL', () => {
  still(() => {
    for (const url of [' ws://server.test/ ', 'WS://server.test/', new URL('wss://server.test/chat?x=1')]) {
      const chat = newChat(new FakeStorage(), { url, WebSocket: Judge })
      chat.search()
      assert.equal(chat.state, 'searching', String(url))
      chat.close()
    }
  })
})
