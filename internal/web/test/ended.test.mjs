// Chats that end, in the client library: which chat it names, the last messages of an ended chat, and Next.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeSocket, HELLO, chatting, frozen as still, matched, newChat, over, resume, texts, tick } from './fake.mjs'

const frozen = (name, act) => test(name, () => still(act))
const message = (n, from = 'P') => ({ type: 'message', text: `m${n}`, from, n })
const ack = (got, partnerId = 'P') => ({ type: 'ack', partnerId, got })
const BACK = { type: 'partner_disconnected' }

/** Loses the connection and resumes with the server state. Returns how the client names its chat. */
function lose(state) {
  FakeSocket.last.ends()
  tick(300)
  return claim(resume(state))
}
const claim = ({ resume: { partnerId, got } }) => (partnerId === undefined ? 'none' : `${partnerId} ${got}`)

/** Returns a client that searches and knows of no chat yet. */
function searching() {
  const chat = newChat()
  chat.search()
  FakeSocket.last.open()
  FakeSocket.last.says({ type: 'session_id', sessionId: 'cm1_S', ...HELLO }, { type: 'searching' })
  FakeSocket.last.take()
  return chat
}

frozen('a chat that the partner ended is named until the next one begins', () => {
  const chat = chatting()
  FakeSocket.last.says(message(1), BACK)
  assert.deepEqual([chat.state, chat.ended], ['searching', 'partner'])
  assert.equal(lose(over()), 'P 1')
  FakeSocket.last.says(BACK, { type: 'searching' })
  assert.equal(lose(over()), 'P 1')
  const again = newChat(chat.storage) // by another page too
  again.connect()
  assert.equal(claim(resume(over())), 'P 1')
  FakeSocket.last.says(BACK, { type: 'searching' }, { type: 'matched', partnerId: 'Q' })
  assert.equal(lose(matched({ partnerId: 'Q' })), 'Q 0')
})

for (const [what, ...frames] of [
  ['that could not be resumed', { type: 'resume_failed', code: 'unknown' }, { type: 'session_id', sessionId: 'cm1_T', ...HELLO }],
  ['that the server has replaced with another', { type: 'session_id', sessionId: 'cm1_T', ...HELLO }],
]) {
  frozen(`the chat of a session ${what} is not named`, () => {
    const chat = chatting()
    FakeSocket.last.says(message(1), BACK)
    FakeSocket.last.ends()
    tick(300)
    FakeSocket.last.open()
    FakeSocket.last.says({ type: 'auth_success' }, ...frames)
    chat.search()
    FakeSocket.last.ends()
    tick(300)
    assert.deepEqual(FakeSocket.last.open().resume, { v: 1, sessionId: 'cm1_T', epoch: 'E' })
    assert.deepEqual(texts(chat), ['m1'])
  })
}

frozen('the last messages of a chat that ended meanwhile are shown, and confirmed before its end', () => {
  const chat = chatting()
  lose(over())
  const socket = FakeSocket.last
  socket.says(message(1), BACK)
  assert.deepEqual(socket.take(), [ack(1)])
  assert.deepEqual(texts(chat), ['m1'])
  assert.equal(chat.ended, 'partner')
})

frozen('the ack of the last messages names their chat, even after searching', () => {
  const chat = chatting()
  FakeSocket.last.says(message(1), BACK)
  lose(over({ replay: 2 }))
  const socket = FakeSocket.last
  socket.says(BACK, { type: 'searching' }, message(2), { type: 'gap', n: 3 })
  assert.deepEqual(socket.take().filter((f) => f.got > 1), [])
  tick(250)
  assert.deepEqual(socket.take(), [ack(3)])
  socket.says(message(2))
  tick(250)
  assert.deepEqual(socket.take(), [ack(3)])
  assert.deepEqual(texts(chat), ['m1', 'm2', 'gap 3'])
  assert.equal(chat.state, 'searching')
})

frozen('the resume claim confirms the last messages if the connection was lost before the ack', () => {
  const chat = chatting()
  lose(over({ replay: 2 }))
  FakeSocket.last.says(message(1), message(2))
  assert.equal(lose(over()), 'P 2')
  FakeSocket.last.says(BACK, { type: 'searching' })
  assert.deepEqual(texts(chat), ['m1', 'm2'])
})

frozen('the last messages of an unknown chat are shown and confirmed, and the chat is named from then on', () => {
  const chat = searching()
  assert.equal(lose({ state: 'searching', replay: 2 }), 'none')
  const socket = FakeSocket.last
  socket.says({ type: 'matched', partnerId: 'P' }, message(1), message(2), BACK)
  assert.deepEqual(socket.take(), [ack(2)])
  socket.says({ type: 'searching' })
  assert.deepEqual([chat.state, chat.ended, ...texts(chat)], ['searching', 'partner', 'm1', 'm2'])
  assert.equal(lose(over()), 'P 2')
})

frozen('a client that returns with an older chat is moved to the current one, from its first message', () => {
  const chat = chatting()
  FakeSocket.last.says(message(1))
  assert.equal(lose(over()), 'P 1')
  const socket = FakeSocket.last
  socket.says(BACK, { type: 'matched', partnerId: 'Q' }, message(1, 'Q'), message(2, 'Q'))
  assert.deepEqual([chat.state, chat.ended, ...texts(chat)], ['chatting', '', 'm1', 'm2'])
  tick(250)
  assert.deepEqual(socket.take(), [ack(2, 'Q')])
  assert.equal(chat.send('hi').n, 1)
})

frozen('after a restore lost messages show as a gap, and held ones arrive', () => {
  const chat = chatting()
  FakeSocket.last.says(message(1))
  lose(over({ gap: true, replay: 1, epoch: 'E2' }))
  FakeSocket.last.says(message(2), BACK)
  assert.deepEqual(texts(chat), ['m1', 'gap 1', 'm2'])
  FakeSocket.last.ends()
  tick(300)
  assert.equal(FakeSocket.last.open().resume.epoch, 'E2')
})

frozen('nothing is sent in an ended chat', () => {
  const chat = chatting()
  const m = chat.send('too late')
  FakeSocket.last.take()
  FakeSocket.last.says({ type: 'error', code: 'mailbox_full', n: 1 }, BACK)
  tick(60_000)
  assert.equal(chat.statusOf(m), 'failed')
  FakeSocket.last.says({ type: 'ack', recv: 1, delivered: 1 }) // for another chat, if any
  assert.equal(chat.statusOf(m), 'failed')
  assert.deepEqual(FakeSocket.last.take(), [])
  lose(over())
  FakeSocket.last.says(BACK, { type: 'searching' })
  tick(60_000)
  assert.deepEqual(FakeSocket.last.take(), [])
  assert.throws(() => chat.send('anyone?'))
})

frozen('Next names the chat it leaves, is resent until it took effect, and then forgets the chat', () => {
  const chat = chatting()
  chat.search()
  assert.equal(chat.state, 'searching')
  assert.deepEqual(FakeSocket.last.take(), [{ type: 'search', partnerId: 'P' }])
  assert.equal(lose(matched()), 'P 0')
  assert.deepEqual(FakeSocket.last.take(), [{ type: 'search', partnerId: 'P' }])
  FakeSocket.last.says({ type: 'searching' })
  assert.equal(chat.ended, 'you')
  FakeSocket.last.says(message(1))
  tick(250)
  assert.deepEqual([FakeSocket.last.take(), texts(chat)], [[], []])
  assert.equal(lose({ state: 'searching' }), 'none')
  FakeSocket.last.says({ type: 'matched', partnerId: 'Q' })
  assert.deepEqual(FakeSocket.last.take(), [])
  assert.equal(chat.state, 'chatting')
})

frozen('Next is not resent if only its answer was lost', () => {
  const chat = chatting()
  chat.search()
  assert.equal(lose(over()), 'P 0')
  FakeSocket.last.says(BACK, { type: 'searching' })
  tick(60_000)
  assert.deepEqual(FakeSocket.last.take(), [])
  assert.deepEqual([chat.state, chat.ended], ['searching', 'you'])
})

frozen('a partner leaves during Next: the chat ended and was not left, and its last messages are confirmed', () => {
  const chat = chatting()
  const socket = FakeSocket.last
  chat.search()
  socket.take()
  socket.says(message(1), BACK)
  assert.deepEqual(socket.take(), [ack(1)])
  assert.deepEqual([chat.state, chat.ended, ...texts(chat)], ['searching', 'partner', 'm1'])
  assert.equal(lose(over()), 'P 1')
  FakeSocket.last.says(BACK, { type: 'searching' })
  tick(60_000)
  assert.deepEqual(FakeSocket.last.take(), []) // it is in the queue
})

frozen('a partner leaves during Next: the next partner is not left', () => {
  const chat = chatting()
  chat.search()
  FakeSocket.last.says(BACK, { type: 'matched', partnerId: 'Q' })
  assert.equal(chat.state, 'chatting')
  FakeSocket.last.take()
  assert.equal(lose(matched({ partnerId: 'Q' })), 'Q 0')
  assert.deepEqual(FakeSocket.last.take(), [])
})

frozen('close 4400 ends the session, and the client opens a new one', () => {
  const chat = chatting()
  chat.send('hello')
  FakeSocket.last.ends(4400)
  assert.doesNotMatch(chat.storage.getItem('chatme'), /cm1_|"P"/)
  assert.deepEqual([chat.state, chat.stopped, chat.ended, ...texts(chat)], ['idle', '', 'lost', 'hello'])
  assert.equal(chat.statusOf(chat.messages[0]), 'failed')
  tick(300)
  assert.deepEqual(FakeSocket.last.open().resume, { v: 1 })
  FakeSocket.last.says({ type: 'session_id', sessionId: 'cm1_T', ...HELLO })
  assert.deepEqual(FakeSocket.last.take(), []) // no search was requested
  assert.equal(chat.online, true)
})

frozen('close 4409 removes the session from this client, which does not dial again', () => {
  const chat = chatting()
  chat.send('hello')
  FakeSocket.last.ends(4409)
  tick(600_000)
  assert.equal(FakeSocket.all.length, 1)
  assert.doesNotMatch(chat.storage.getItem('chatme'), /cm1_|"P"|hello/)
  assert.deepEqual([chat.state, chat.stopped, ...texts(chat)], ['idle', 'replaced'])
})
