// The storage may hold data of another version or program, or be damaged: then it is ignored.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ChatMe } from '../static/chatme.js'
import { chatting, FakeSocket, FakeStorage, frozen as still, HELLO, newChat, texts, tick } from './fake.mjs'
import { scene } from './scene.mjs'

const CHAT = { partnerId: 'P', ended: '', got: 1, sent: 1, acked: 1, delivered: 1, messages: [{ n: 1, mine: true, text: 'hi', ts: 1 }, { n: 1, text: 'ho', ts: 2 }] }
const STATE = { v: 1, sessionId: 'cm1_S', epoch: 'E', maxBytes: 9, phase: 'chatting', wanted: false, ending: false, chat: CHAT }

const inChat = (more) => ({ ...STATE, chat: { ...CHAT, ...more } })
const inMessage = (more) => inChat({ messages: [CHAT.messages[0], { ...CHAT.messages[1], ...more }] })

/** Serialized states that no version of this library writes. */
const WRONG = [
  '', 'null', 'true', '5', '"text"', '[]', '{}', '{', 'undefined', '[{"v":1}]', '{"v":1',
  ...[
    { ...STATE, v: 0 }, { ...STATE, v: 2 }, { ...STATE, v: '1' }, { ...STATE, v: undefined },
    ...[5, null, {}, ['cm1_S'], true].map((sessionId) => ({ ...STATE, sessionId })),
    ...[5, null, {}].map((epoch) => ({ ...STATE, epoch })),
    ...['no', null, true, 5].map((lasts) => ({ ...STATE, lasts })),
    ...['9', null, {}].map((maxBytes) => ({ ...STATE, maxBytes })),
    ...['matched', '', null, 5, 'toString'].map((phase) => ({ ...STATE, phase })),
    ...['true', 1, null, {}].flatMap((flag) => [{ ...STATE, wanted: flag }, { ...STATE, ending: flag }]),
    ...[null, undefined, 5, 'chat', [], {}, true].map((chat) => ({ ...STATE, chat })),
    ...[5, true, 'chat', []].map((chat) => ({ ...STATE, phase: 'idle', chat })),
    ...[5, null, {}, undefined, ''].map((partnerId) => inChat({ partnerId })),
    ...['me', null, true, undefined].map((ended) => inChat({ ended })),
    ...['got', 'sent', 'acked', 'delivered'].flatMap((name) => [null, undefined, '1', -1, 0.5, {}].map((n) => inChat({ [name]: n }))),
    ...[null, undefined, {}, 'text', 5, [null], [5], ['text'], [[]], [{}]].map((messages) => inChat({ messages })),
    ...[null, undefined, '1', 0.5, -1].map((n) => inMessage({ n })),
    ...[5, {}, [], null, true].flatMap((value) => [{ text: value }, { imageUrl: value }, { failed: value }].map(inMessage)),
    ...['yes', 5, {}, null].flatMap((value) => [{ mine: value }, { gap: value }, { lost: value }].map(inMessage)),
    ...['now', {}, null].map((ts) => inMessage({ ts })),
  ].map((state) => JSON.stringify(state)),
]

test('a stored state of another shape is ignored', () => {
  assert.ok(WRONG.length > 100)
  for (const text of WRONG) {
    still(() => {
      const storage = new FakeStorage()
      storage.setItem('chatme', text)
      const chat = newChat(storage)
      assert.deepEqual([chat.state, chat.ended, chat.partner, chat.messages], ['idle', '', null, []], text)
      // Everything works as if it had never been stored.
      chat.search()
      assert.deepEqual(FakeSocket.last.open().resume, { v: 1 }, text)
      FakeSocket.last.says({ type: 'session_id', sessionId: 'cm1_T', ...HELLO }, { type: 'matched', partnerId: 'Q' }, { type: 'message', from: 'Q', n: 1, text: 'new' })
      assert.deepEqual(texts(newChat(storage)), ['new'], text)
    })
  }
})

test('a stored state of this shape is used, with and without optional members', () => {
  for (const state of [STATE, { ...STATE, more: 5 }, { ...STATE, phase: 'idle', chat: null }, inChat({ ended: 'partner' }), inMessage({ gap: true, text: undefined }), inMessage({ lost: true, failed: 'bad_image' })]) {
    still(() => {
      const storage = new FakeStorage()
      storage.setItem('chatme', JSON.stringify(state))
      const chat = newChat(storage)
      chat.connect()
      assert.equal(FakeSocket.last.open().resume.sessionId, 'cm1_S')
      assert.equal(chat.messages.length, state.chat?.messages.length ?? 0)
    })
  }
})

test('frames with members of the wrong type do not corrupt the stored state', () => {
  still(() => {
    const chat = chatting()
    FakeSocket.last.says({ type: 'message', from: 'P', n: 1, text: 5, imageUrl: {}, ts: 'now' }, { type: 'message', from: 'P', n: 2, text: 'fine', ts: null })
    chat.send('mine')
    FakeSocket.last.says({ type: 'error', code: 5, n: 1 })
    assert.deepEqual(texts(newChat(chat.storage)), [undefined, 'fine', 'mine'])
  })
})

const STORAGES = {
  'that is not readable': { getItem() { throw new Error('SecurityError') }, setItem() { throw new Error('SecurityError') } },
  'that is full': { getItem: () => null, setItem() { throw new Error('QuotaExceededError') } },
  'that forgets': { getItem: () => null, setItem() {} },
  'that is asynchronous': { getItem: async () => JSON.stringify(STATE), setItem: async () => {} },
  'without its methods': {},
}

for (const [name, storage] of Object.entries(STORAGES)) {
  test(`with a storage ${name} a chat lasts as long as the page`, () => {
    still(() => {
      const chat = newChat(storage)
      assert.equal(chat.state, 'idle')
      chat.search()
      FakeSocket.last.open()
      FakeSocket.last.says({ type: 'session_id', sessionId: 'cm1_S', ...HELLO }, { type: 'matched', partnerId: 'P' }, { type: 'message', from: 'P', n: 1, text: 'hi' })
      chat.send('ho')
      tick(1_000)
      assert.deepEqual(texts(chat), ['hi', 'ho'])
    })
  })
}

test('the default storage is that of the page, and none outside of a page', () => {
  const found = ['document', 'sessionStorage'].map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)])
  const storage = new FakeStorage()
  try {
    // Deno and Node have one per process.
    Object.defineProperty(globalThis, 'sessionStorage', { configurable: true, value: storage })
    const options = { url: 'ws://server.test/', apiKey: 'KEY', WebSocket: FakeSocket }
    const begin = () => still(() => {
      const chat = new ChatMe(options)
      chat.search()
      FakeSocket.last.open()
      FakeSocket.last.says({ type: 'session_id', sessionId: 'cm1_S', ...HELLO })
      chat.close()
    })
    begin()
    assert.equal(storage.getItem('chatme'), null)
    Object.defineProperty(globalThis, 'document', { configurable: true, value: {} })
    begin()
    assert.match(storage.getItem('chatme'), /cm1_S/)
  } finally {
    for (const [name, property] of found) {
      if (property) Object.defineProperty(globalThis, name, property)
      else delete globalThis[name]
    }
  }
})

scene('the page starts normally with data of another version, and without storage', async (s) => {
  const a = await s.open()
  const sample = WRONG.filter((_, i) => i % 25 === 0)
  for (const text of [...sample, '{"v":1,"sessionId":"abc","phase":"chatting","chat":null}', JSON.stringify(inChat({ messages: [null] }))]) {
    await a.page.evaluate((text) => {
      for (const name of ['chatme', 'chatme-place', 'chatme-draft']) sessionStorage.setItem(name, text)
      for (const name of ['chatme-language', 'chatme-sound']) localStorage.setItem(name, text)
    }, text)
    await a.page.reload()
    await a.sees('start')
    assert.equal(await a.page.locator('#notice').textContent(), '', text)
  }
  const off = () => {
    for (const name of ['sessionStorage', 'localStorage']) {
      Object.defineProperty(globalThis, name, { get: () => { throw new DOMException('denied', 'SecurityError') } })
    }
  }
  const full = () => {
    Storage.prototype.setItem = () => {
      throw new DOMException('full', 'QuotaExceededError')
    }
  }
  const [b, c] = await Promise.all([s.open({ script: off }), s.open({ script: full })])
  await b.start()
  await b.sees('searching')
  await c.start()
  await Promise.all([b.sees('chat'), c.sees('chat')])
  await b.say('hello')
  await c.hears('hello')
  await c.say('hi')
  await b.hears('hi')
})
