// The client library alone, protocol rule by rule, with a server that the test controls.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeSocket, HELLO, chatting, frozen as still, matched, newChat, resume, texts, tick } from './fake.mjs'

const frozen = (name, act) => test(name, () => still(act))

frozen('the client requests a new session and searches in it', () => {
  const chat = newChat()
  assert.equal(chat.state, 'idle')
  chat.search()
  assert.equal(chat.state, 'searching')
  const socket = FakeSocket.last
  assert.deepEqual(socket.open(), { type: 'auth', apiKey: 'KEY', resume: { v: 1 } })
  socket.says({ type: 'auth_success' })
  assert.deepEqual(socket.take(), [])
  socket.says({ type: 'session_id', sessionId: 'cm1_S', ...HELLO })
  assert.deepEqual(socket.take(), [{ type: 'search' }])
  socket.says({ type: 'searching' }, { type: 'matched', partnerId: 'P' })
  assert.equal(chat.state, 'chatting')
})

frozen('a reload resumes with its state and its messages', () => {
  const chat = chatting()
  chat.send('hello')
  FakeSocket.last.says({ type: 'ack', recv: 1, delivered: 1 }, { type: 'message', text: 'hi', from: 'P', n: 1, ts: 1 })
  const again = newChat(chat.storage)
  assert.equal(again.state, 'chatting')
  assert.deepEqual(texts(again), ['hello', 'hi'])
  again.connect()
  assert.deepEqual(resume(matched({ recv: 1, delivered: 1, last: 1 })).resume, {
    v: 1, sessionId: 'cm1_S', epoch: 'E', partnerId: 'P', got: 1, acked: 1,
  })
  assert.deepEqual(FakeSocket.last.take(), [])
  assert.equal(again.statusOf(again.messages[0]), 'delivered')
})

frozen('every 16 messages are confirmed at once, fewer within 250 ms', () => {
  chatting()
  const socket = FakeSocket.last
  for (let n = 1; n <= 17; n++) socket.says({ type: 'message', text: 'x', from: 'P', n })
  assert.deepEqual(socket.take(), [{ type: 'ack', partnerId: 'P', got: 16 }])
  tick(249)
  assert.deepEqual(socket.take(), [{ type: 'ack', partnerId: 'P', got: 17 }])
})

frozen('messages of another chat are ignored', () => {
  const chat = chatting()
  FakeSocket.last.says({ type: 'message', text: 'x', from: 'Q', n: 1 }, { type: 'partner_disconnected' }, { type: 'message', text: 'y', n: 1 })
  assert.deepEqual(texts(chat), [])
  assert.equal(chat.state, 'searching')
  assert.equal(chat.ended, 'partner')
})

frozen('a message that is too large is refused before it takes a number', () => {
  const chat = chatting()
  assert.throws(() => chat.send('é'.repeat(40_000)), RangeError)
  assert.throws(() => chat.send({ imageUrl: 'x'.repeat(HELLO.maxBytes) }), RangeError)
  assert.throws(() => chat.send(''), RangeError)
  assert.equal(chat.send('fine').n, 1)
})

frozen('after resumed the client does not search', () => {
  const chat = newChat()
  chat.search()
  FakeSocket.last.open()
  FakeSocket.last.says({ type: 'session_id', sessionId: 'cm1_S', ...HELLO }, { type: 'searching' })
  FakeSocket.last.ends()
  tick(300)
  resume({ state: 'idle' })
  assert.deepEqual(FakeSocket.last.take(), [])
  assert.equal(chat.state, 'idle')
})

frozen('the client joins a chat that began while it was away', () => {
  const chat = newChat()
  chat.search()
  FakeSocket.last.open()
  FakeSocket.last.says({ type: 'session_id', sessionId: 'cm1_S', ...HELLO })
  FakeSocket.last.ends()
  tick(300)
  resume(matched({ partner: 'away' }))
  assert.deepEqual([chat.state, chat.partner.here], ['chatting', false])
  assert.deepEqual(FakeSocket.last.take(), [])
})

frozen('a session that cannot be resumed is forgotten, and its messages stay readable', () => {
  const chat = chatting()
  chat.send('hello')
  FakeSocket.last.ends()
  tick(300)
  FakeSocket.last.open()
  FakeSocket.last.says({ type: 'auth_success' }, { type: 'resume_failed', code: 'expired' }, { type: 'session_id', sessionId: 'cm1_T', ...HELLO })
  assert.deepEqual([chat.state, chat.ended, ...texts(chat)], ['idle', 'lost', 'hello'])
  assert.equal(chat.statusOf(chat.messages[0]), 'failed')
  chat.search()
  assert.deepEqual(FakeSocket.last.take(), [{ type: 'search' }])
  FakeSocket.last.ends()
  tick(300)
  assert.deepEqual(FakeSocket.last.open().resume, { v: 1, sessionId: 'cm1_T', epoch: 'E' })
})

frozen('end leaves for good', () => {
  const chat = chatting()
  chat.end()
  assert.deepEqual(FakeSocket.last.take(), [{ type: 'end_chat' }])
  assert.deepEqual([chat.state, chat.messages.length], ['idle', 0])
  FakeSocket.last.says({ type: 'chat_ended' })
  FakeSocket.last.ends(1000, 'Chat ended')
  assert.doesNotMatch(chat.storage.getItem('chatme'), /cm1_/)
  tick(60_000)
  assert.equal(FakeSocket.all.length, 1)
})

frozen('end while offline is sent once the server is back, and a later search opens a new session', () => {
  const chat = chatting()
  FakeSocket.last.ends()
  chat.end()
  assert.equal(chat.state, 'idle')
  chat.search()
  resume(matched())
  assert.deepEqual(FakeSocket.last.take(), [{ type: 'end_chat' }])
  FakeSocket.last.says({ type: 'message', text: 'x', from: 'P', n: 1 }, { type: 'chat_ended' })
  tick(300)
  assert.deepEqual(FakeSocket.last.open().resume, { v: 1 })
  FakeSocket.last.says({ type: 'session_id', sessionId: 'cm1_T', ...HELLO })
  assert.deepEqual(FakeSocket.last.take(), [{ type: 'search' }])
})

for (const [code, why] of [[4001, 'key'], [4409, 'replaced'], [4410, 'banned'], [1009, 'too_large']]) {
  frozen(`close ${code} stops reconnecting`, () => {
    const chat = chatting()
    FakeSocket.last.ends(code)
    tick(600_000)
    assert.equal(FakeSocket.all.length, 1)
    assert.equal(chat.stopped, why)
    assert.equal(/cm1_S/.test(chat.storage.getItem('chatme')), code !== 4409)
  })
}

frozen('reconnects back off', () => {
  chatting()
  const waits = []
  for (let i = 0; i < 8; i++) {
    const dialled = FakeSocket.all.length
    FakeSocket.last.ends()
    let waited = 0
    for (; FakeSocket.all.length === dialled; waited += 100) tick(100)
    waits.push(waited)
  }
  assert.deepEqual(waits, [300, 600, 1200, 2400, 4800, 9600, 15_000, 15_000])
})

frozen('close 4429 waits for the given time', () => {
  chatting()
  FakeSocket.last.ends(4429, '7.5')
  tick(7499)
  assert.equal(FakeSocket.all.length, 1)
  tick(301)
  assert.equal(FakeSocket.all.length, 2)
})

frozen('a server that does not answer is dialed again; its socket is not closed with 1000, and its events are ignored', () => {
  const chat = chatting()
  FakeSocket.last.ends()
  tick(300)
  const silent = FakeSocket.last
  silent.open()
  tick(10_000)
  assert.deepEqual(silent.closedWith, [4000])
  tick(600)
  assert.equal(FakeSocket.all.length, 3)
  silent.says({ type: 'resumed', state: 'idle', ...HELLO })
  silent.ends(1000)
  assert.equal(chat.state, 'chatting')
})

frozen('close and sleep keep the session', () => {
  const chat = chatting()
  const socket = FakeSocket.last
  chat.sleep(5000)
  assert.deepEqual(socket.take(), [{ type: 'sleep', forMs: 5000 }])
  assert.deepEqual(socket.closedWith, [4000])
  tick(60_000)
  assert.equal(FakeSocket.all.length, 1)
  chat.connect()
  assert.equal(resume(matched()).resume.sessionId, 'cm1_S')
  assert.equal(chat.state, 'chatting')
})

frozen('typing_start is sent once, then typing_stop', () => {
  const chat = chatting()
  const socket = FakeSocket.last
  chat.typing()
  tick(2000)
  chat.typing()
  assert.deepEqual(socket.take(), [{ type: 'typing_start' }])
  tick(3000)
  assert.deepEqual(socket.take(), [{ type: 'typing_stop' }])
  chat.typing()
  chat.send('x')
  assert.deepEqual(socket.take().map((f) => f.type), ['typing_start', 'typing_stop', 'message'])
})

frozen('old messages are forgotten, copies are not', () => {
  const chat = chatting({ keep: 3 })
  for (let n = 1; n <= 5; n++) FakeSocket.last.says({ type: 'message', text: `m${n}`, from: 'P', n })
  assert.deepEqual(texts(chat), ['m3', 'm4', 'm5'])
  for (let n = 1; n <= 5; n++) chat.send(`c${n}`)
  assert.deepEqual(texts(chat), ['c1', 'c2', 'c3', 'c4', 'c5'])
})

frozen('without a storage a chat lasts as long as the page', () => {
  const chat = newChat(null)
  chat.search()
  FakeSocket.last.open()
  FakeSocket.last.says({ type: 'session_id', sessionId: 'cm1_S', ...HELLO }, { type: 'matched', partnerId: 'P' })
  chat.send('x')
  assert.equal(FakeSocket.last.take().at(-1).text, 'x')
})

frozen('data that is not a message is ignored', () => {
  const chat = chatting()
  for (const data of ['', '{', 'null', '1', '[]', '{}', '{"type":5}', '{"type":"constructor"}']) FakeSocket.last.onmessage({ data })
  FakeSocket.last.says({ type: 'message', text: {}, imageUrl: 5, from: 'P', n: 1 })
  assert.deepEqual(texts(chat), [undefined])
})
