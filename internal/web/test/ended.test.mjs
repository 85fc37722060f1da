// Chats that end, in the client library: which chat it names, what is left of one that is over, and Next.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeSocket, HELLO, chatting, frozen as still, matched, newChat, over, resume, texts, tick } from './fake.mjs'

const frozen = (name, act) => test(name, () => still(act))
const message = (n, from = 'P') => ({ type: 'message', text: `m${n}`, from, n })
const ack = (got, partnerId = 'P') => ({ type: 'ack', partnerId, got })
const BACK = { type: 'partner_disconnected' }

/** The connection is lost and comes back to what the server knows. Returns what the client says of its chat. */
function lose(state) {
  FakeSocket.last.ends()
  tick(300)
  return claim(resume(state))
}
const claim = ({ resume: { partnerId, got } }) => (partnerId === undefined ? 'none' : `${partnerId} ${got}`)

/** A client that searches and has heard of no chat yet. */
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
  const again = newChat(chat.storage) // also by another page
  again.connect()
  assert.equal(claim(resume(over())), 'P 1')
  FakeSocket.last.says(BACK, { type: 'searching' }, { type: 'matched', partnerId: 'Q' })
  assert.equal(lose(matched({ partnerId: 'Q' })), 'Q 0')
})

for (const [what, ...frames] of [
  ['that could not be resumed', { type: 'resume_failed', code: 'unknown' }, { type: 'session_id', sessionId: 'cm1_T', ...HELLO }],
  ['in whose place the server has opened another', { type: 'session_id', sessionId: 'cm1_T', ...HELLO }],
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

frozen('the tail of a chat that ended meanwhile is shown, and confirmed before its end', () => {
  const chat = chatting()
  lose(over())
  const socket = FakeSocket.last
  socket.says(message(1), BACK)
  assert.deepEqual(socket.take(), [ack(1)])
  assert.deepEqual(texts(chat), ['m1'])
  assert.equal(chat.ended, 'partner')
})

frozen('what confirms a tail names its chat, although searching has come', () => {
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

frozen('a tail is confirmed by the claim, if the connection was lost before the ack', () => {
  const chat = chatting()
  lose(over({ replay: 2 }))
  FakeSocket.last.says(message(1), message(2))
  assert.equal(lose(over()), 'P 2')
  FakeSocket.last.says(BACK, { type: 'searching' })
  assert.deepEqual(texts(chat), ['m1', 'm2'])
})

frozen('the tail of a chat not heard of is shown and confirmed, and the chat named from then on', () => {
  const chat = searching()
  assert.equal(lose({ state: 'searching', replay: 2 }), 'none')
  const socket = FakeSocket.last
  socket.says({ type: 'matched', partnerId: 'P' }, message(1), message(2), BACK)
  assert.deepEqual(socket.take(), [ack(2)])
  socket.says({ type: 'searching' })
  assert.deepEqual([chat.state, chat.ended, ...texts(chat)], ['searching', 'partner', 'm1', 'm2'])
  assert.equal(lose(over()), 'P 2')
})

frozen('who comes back with an older chat is taken to the present one, from its first message', () => {
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

frozen('after a restore what is lost shows, and what was held of the chat comes', () => {
  const chat = chatting()
  FakeSocket.last.says(message(1))
  lose(over({ gap: true, replay: 1, epoch: 'E2' }))
  FakeSocket.last.says(message(2), BACK)
  assert.deepEqual(texts(chat), ['m1', 'gap 1', 'm2'])
  FakeSocket.last.ends()
  tick(300)
  assert.equal(FakeSocket.last.open().resume.epoch, 'E2')
})

frozen('nothing is sent in a chat that is over', () => {
  const chat = chatting()
  const m = chat.send('too late')
  FakeSocket.last.take()
  FakeSocket.last.says({ type: 'error', code: 'mailbox_full', n: 1 }, BACK)
  tick(60_000)
  assert.equal(chat.statusOf(m), 'failed')
  FakeSocket.last.says({ type: 'ack', recv: 1, delivered: 1 }) // of another chat, if of any
  assert.equal(chat.statusOf(m), 'failed')
  assert.deepEqual(FakeSocket.last.take(), [])
  lose(over())
  FakeSocket.last.says(BACK, { type: 'searching' })
  tick(60_000)
  assert.deepEqual(FakeSocket.last.take(), [])
  assert.throws(() => chat.send('anyone?'))
})

frozen('Next names the chat it leaves, is sent again until it has happened, and forgets the chat then', () => {
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

frozen('Next that was heard, but its answer not, is not said again', () => {
  const chat = chatting()
  chat.search()
  assert.equal(lose(over()), 'P 0')
  FakeSocket.last.says(BACK, { type: 'searching' })
  tick(60_000)
  assert.deepEqual(FakeSocket.last.take(), [])
  assert.deepEqual([chat.state, chat.ended], ['searching', 'you'])
})

frozen('a partner that leaves during Next: the chat is over and not left, what it said last is confirmed', () => {
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

frozen('a partner that leaves during Next is no reason to leave the next one', () => {
  const chat = chatting()
  chat.search()
  FakeSocket.last.says(BACK, { type: 'matched', partnerId: 'Q' })
  assert.equal(chat.state, 'chatting')
  FakeSocket.last.take()
  assert.equal(lose(matched({ partnerId: 'Q' })), 'Q 0')
  assert.deepEqual(FakeSocket.last.take(), [])
})

frozen('close 4400 ends the session, and a fresh one is opened', () => {
  const chat = chatting()
  chat.send('hello')
  FakeSocket.last.ends(4400)
  assert.doesNotMatch(chat.storage.getItem('chatme'), /cm1_|"P"/)
  assert.deepEqual([chat.state, chat.stopped, chat.ended, ...texts(chat)], ['idle', '', 'lost', 'hello'])
  assert.equal(chat.statusOf(chat.messages[0]), 'failed')
  tick(300)
  assert.deepEqual(FakeSocket.last.open().resume, { v: 1 })
  FakeSocket.last.says({ type: 'session_id', sessionId: 'cm1_T', ...HELLO })
  assert.deepEqual(FakeSocket.last.take(), []) // nobody has asked for a partner
  assert.equal(chat.online, true)
})

frozen('close 4409 leaves nothing of the session here, and nothing is dialled', () => {
  const chat = chatting()
  chat.send('hello')
  FakeSocket.last.ends(4409)
  tick(600_000)
  assert.equal(FakeSocket.all.length, 1)
  assert.doesNotMatch(chat.storage.getItem('chatme'), /cm1_|"P"|hello/)
  assert.deepEqual([chat.state, chat.stopped, ...texts(chat)], ['idle', 'replaced'])
})
