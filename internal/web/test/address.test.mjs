// An address or a key that cannot be used is said to be so, and nothing is tried again and again with it.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import WebSocket from 'ws'
import { ChatMe } from '../static/chatme.js'
import { chatting, FakeSocket, FakeStorage, frozen as still, newChat, tick } from './fake.mjs'

const dialed = []

/** A socket that judges an address as a browser does, and counts. */
class Judge extends FakeSocket {
  constructor(url) {
    dialed.push(url)
    if (!/^wss?:$/.test(new URL(url).protocol) || url.includes('#')) throw new SyntaxError(`The URL '${url}' is invalid.`)
    super(url)
  }
}

const WRONG = {
  'no address': { url: undefined }, 'an empty one': { url: '' }, 'a name': { url: 'chat.example' }, 'a path': { url: '/chat' },
  'that of a page': { url: 'https://chat.example/' }, 'a script': { url: 'javascript:alert(1)' }, 'one without a host': { url: 'ws://' },
  'a host that is none': { url: 'ws://[::1/' }, 'a port that is none': { url: 'ws://chat.example:99999/' }, 'one with a fragment': { url: 'wss://chat.example/#x' },
  'an object': { url: {} }, 'null': { url: null },
  'no key': { apiKey: undefined }, 'a key that is a number': { apiKey: 5 }, 'a key that is an object': { apiKey: {} }, 'an empty key': { apiKey: '' },
  'no WebSocket': { WebSocket: null }, 'a WebSocket that is none': { WebSocket: {} },
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
      await assert.rejects(chat[call](), TypeError) // it can be asked again
    })
  }
}

test('whoever does not wait for the promise hears of it as an error event, and no rejection is left over', async () => {
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

/** A socket that cannot be made now and then. */
class Moody extends FakeSocket {
  static works
  constructor(url) {
    if (!Moody.works) throw new Error('not now')
    super(url)
  }
}

test('after a call that could not begin the next one can', () => {
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

test('a chat that is stored stays, and can be ended, where the address cannot be used any more', () => {
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

test('an address that could be dialed once is tried until it can be again', () => {
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

test('an address is taken with spaces around it, in capitals, and as a URL', () => {
  still(() => {
    for (const url of [' ws://server.test/ ', 'WS://server.test/', new URL('wss://server.test/chat?x=1')]) {
      const chat = newChat(new FakeStorage(), { url, WebSocket: Judge })
      chat.search()
      assert.equal(chat.state, 'searching', String(url))
      chat.close()
    }
  })
})
