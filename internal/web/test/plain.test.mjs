// The library and a server without sessions: the base protocol, in which a lost socket ends the chat.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import WebSocket from 'ws'
import { ChatMe } from '../static/chatme.js'
import { FakeSocket, FakeStorage, HELLO, frozen as still, newChat, texts, tick } from './fake.mjs'
import { LIMIT } from './pace.mjs'
import { Server } from './server.mjs'
import { until } from './until.mjs'

const frozen = (name, act) => test(name, () => still(act))

/** Returns a client that has detected the legacy server and searches. */
function searching(options) {
  const chat = newChat(new FakeStorage(), options)
  chat.search()
  admit()
  FakeSocket.last.says({ type: 'searching' })
  return chat
}
/** The legacy server accepts the latest socket. Returns the auth frame and the frames after it. */
function admit() {
  const auth = FakeSocket.last.open()
  FakeSocket.last.says({ type: 'auth_success' })
  tick(1500)
  return [auth, ...FakeSocket.last.take()]
}
function chatting(options) {
  const chat = searching(options)
  FakeSocket.last.says({ type: 'matched', partnerId: 'P' })
  return chat
}
const disconnect = () => {
  FakeSocket.last.ends()
  tick(300)
}

frozen('a server that sends only auth_success is taken for a legacy server', () => {
  const chat = newChat()
  chat.search()
  FakeSocket.last.open()
  FakeSocket.last.says({ type: 'auth_success' })
  tick(1499)
  assert.deepEqual([FakeSocket.last.take(), chat.online], [[], false])
  tick(1)
  assert.deepEqual([FakeSocket.last.take(), chat.online, chat.plain], [[{ type: 'search' }], true, true])
})

frozen('a slow server is asked once, and is no longer taken for a legacy server', () => {
  const chat = newChat()
  chat.search()
  assert.deepEqual(admit().at(-1), { type: 'search' })
  FakeSocket.last.says({ type: 'session_id', sessionId: 'cm1_S', ...HELLO }, { type: 'searching' }, { type: 'matched', partnerId: 'P' })
  assert.deepEqual([chat.plain, chat.state, FakeSocket.last.take()], [false, 'chatting', []])
  chat.send('hi')
  assert.deepEqual(FakeSocket.last.take(), [{ type: 'message', partnerId: 'P', n: 1, text: 'hi' }])
})

frozen('a legacy server receives only frames that it knows', () => {
  const chat = chatting()
  const socket = FakeSocket.last
  chat.send('hi')
  chat.typing()
  chat.send({ text: 'look', imageUrl: 'data:image/png;base64,AAAA' })
  for (let n = 0; n < 20; n++) socket.says({ type: 'message', text: `m${n}`, from: 'P' })
  socket.says({ type: 'typing_start' }, { type: 'typing_stop' })
  tick(1000)
  chat.search()
  socket.says({ type: 'searching' }, { type: 'matched', partnerId: 'Q' }, { type: 'partner_disconnected' })
  chat.sleep()
  assert.deepEqual(socket.take(), [
    { type: 'message', text: 'hi' },
    { type: 'typing_start' },
    { type: 'typing_stop' },
    { type: 'message', text: 'look', imageUrl: 'data:image/png;base64,AAAA' },
    { type: 'search' },
  ])
})

frozen('with resume: false the client neither requests a session nor waits for one', () => {
  const chat = newChat(new FakeStorage(), { resume: false })
  chat.search()
  assert.deepEqual(FakeSocket.last.open(), { type: 'auth', apiKey: 'KEY' })
  FakeSocket.last.says({ type: 'auth_success' })
  assert.deepEqual(FakeSocket.last.take(), [{ type: 'search' }])
})

frozen('a message counts as sent once it has left, with a status event', () => {
  const chat = chatting()
  const heard = []
  chat.on('status', (m) => heard.push(`${m.text} ${chat.statusOf(m)}`))
  assert.equal(chat.statusOf(chat.send('hi')), 'sent')
  assert.deepEqual(heard, ['hi sent'])
})

frozen('every message is shown, including repeated texts', () => {
  const chat = chatting()
  for (const text of ['a', 'a', 'b']) FakeSocket.last.says({ type: 'message', text, from: 'P' })
  assert.deepEqual(texts(chat), ['a', 'a', 'b'])
})

frozen('a lost socket ends the chat, and no new search starts by itself', () => {
  const chat = chatting()
  chat.send('hi')
  disconnect()
  assert.deepEqual([chat.state, chat.ended, ...texts(chat)], ['idle', 'lost', 'hi'])
  assert.equal(FakeSocket.all.length, 1)
  chat.search()
  assert.deepEqual(admit(), [{ type: 'auth', apiKey: 'KEY', resume: { v: 1 } }, { type: 'search' }])
})

frozen('a lost socket does not end the search', () => {
  const chat = searching()
  disconnect()
  assert.equal(chat.state, 'searching')
  assert.deepEqual(admit().at(-1), { type: 'search' })
})

frozen('a reloaded page searches again, or says that the chat is lost', () => {
  const reloaded = (chat) => newChat(chat.storage)
  assert.equal(reloaded(searching()).state, 'searching')
  const chat = chatting()
  FakeSocket.last.says({ type: 'message', text: 'hi', from: 'P' })
  const again = reloaded(chat)
  assert.deepEqual([again.state, again.ended, ...texts(again)], ['idle', 'lost', 'hi'])
})

frozen('end tells the server and forgets the chat', () => {
  const chat = chatting()
  chat.send('hi')
  FakeSocket.last.take()
  chat.end()
  assert.deepEqual(FakeSocket.last.take(), [{ type: 'end_chat' }])
  assert.deepEqual([chat.state, chat.ended, chat.messages.length], ['idle', 'you', 0])
  assert.doesNotMatch(chat.storage.getItem('chatme'), /hi/)
  tick(60_000)
  assert.equal(FakeSocket.all.length, 1)
})

frozen('a session that the server does not answer for is named for two minutes, then given up', () => {
  const chat = newChat()
  chat.search()
  FakeSocket.last.open()
  FakeSocket.last.says({ type: 'session_id', sessionId: 'cm1_S', ...HELLO }, { type: 'matched', partnerId: 'P' })
  FakeSocket.last.ends()
  const named = []
  for (let dialled = 1; !chat.plain && dialled < 50; ) {
    tick(100)
    if (FakeSocket.all.length === dialled) continue
    dialled = FakeSocket.all.length
    named.push(FakeSocket.last.open().resume.sessionId)
    FakeSocket.last.says({ type: 'auth_success' })
    tick(1500)
  }
  assert.deepEqual(named, [...Array(12).fill('cm1_S'), undefined])
  assert.deepEqual([chat.plain, chat.state, chat.ended], [true, 'idle', 'lost'])
})

// ---- the real server, which takes a client that requests no session for a legacy client

async function inServer(t, act) {
  const server = await Server.start()
  const clients = []
  t.after(async () => {
    for (const chat of clients) chat.close()
    await server.close()
  })
  const open = (options) => {
    const chat = new ChatMe({ url: server.url.replace('http', 'ws'), apiKey: server.key, storage: null, WebSocket, ...options })
    clients.push(chat)
    return chat
  }
  await act(server, open)
}

test('two legacy clients chat, press Next and end', LIMIT, (t) =>
  inServer(t, async (server, open) => {
    const [a, b] = [open({ resume: false, keep: 600 }), open({ resume: false })]
    await Promise.all([a.search(), b.search()])
    assert.deepEqual([a.plain, b.plain], [true, true])
    a.send('hello')
    b.typing()
    await until(() => texts(b).includes('hello') && a.partner.typing)
    for (let i = 0; i < 500; i++) b.send(`b ${i}`)
    await until(() => texts(a).length === 501)
    assert.deepEqual(texts(a).slice(1), Array.from({ length: 500 }, (_, i) => `b ${i}`))
    const c = open({ resume: false })
    a.search()
    await Promise.all([c.search(), until(() => b.ended === 'partner' || b.state === 'chatting')])
    c.end()
    await until(() => [a, b].every((chat) => chat.state === 'searching' || chat.state === 'chatting'))
  }),
)

test('a legacy client and a resuming client chat', LIMIT, (t) =>
  inServer(t, async (server, open) => {
    const [a, b] = [open({ resume: false }), open()]
    await Promise.all([a.search(), b.search()])
    assert.deepEqual([a.plain, b.plain], [true, false])
    a.send('from the old one')
    const m = b.send('from the new one')
    await until(() => texts(a).length === 2 && texts(b).length === 2 && b.statusOf(m) === 'delivered')
    a.close() // without a session this ends the chat
    await until(() => b.state === 'searching' && b.ended === 'partner')
    assert.deepEqual([a.state, a.ended], ['idle', 'lost'])
  }),
)

test('a killed server ends a legacy chat, but not a legacy search', LIMIT, (t) =>
  inServer(t, async (server, open) => {
    const [a, b] = [open({ resume: false }), open({ resume: false })]
    await Promise.all([a.search(), b.search()])
    const c = open({ resume: false })
    c.search()
    await until(() => c.online && c.state === 'searching')
    await server.crash()
    await until(() => a.ended === 'lost' && b.ended === 'lost' && !c.online)
    await server.restart()
    await a.search()
    await until(() => c.state === 'chatting')
    a.send('again')
    await until(() => texts(c).includes('again'))
  }),
)
