// Message numbers end at 2^32. The server closes a client that claims a higher one with 4400, so the library never
// stores, accepts or sends one.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chatting, FakeSocket, FakeStorage, frozen as still, matched, newChat, numbers, resume, texts, tick } from './fake.mjs'

const frozen = (name, act) => test(name, () => still(act))
const LAST = 2 ** 32
const stored = (chat) => JSON.parse(chat.storage.getItem('chatme')).chat
const message = (n) => ({ type: 'message', text: `m${n}`, from: 'P', n })

/** Loses the connection of chat and resumes with the server state. Returns the resume member of the auth frame. */
function lose(state) {
  FakeSocket.last.ends()
  tick(300)
  return resume(state).resume
}

for (const frame of [
  message(LAST + 1), message(2 ** 53), message(1.5), message(-1), message('1'),
  { type: 'gap', n: LAST + 1 },
  { type: 'ack', recv: LAST + 1, delivered: 0 },
  { type: 'ack', recv: 0, delivered: 1e300 },
  { type: 'error', code: 'gap', n: 1, expect: LAST + 1 },
  { type: 'error', code: 'bad_image', n: LAST + 1 },
]) {
  frozen(`an invalid number is not accepted: ${JSON.stringify(frame)}`, () => {
    const chat = chatting()
    chat.send('hello')
    const before = stored(chat)
    FakeSocket.last.take()
    FakeSocket.last.says(frame)
    tick(1_000)
    assert.deepEqual(stored(chat), before)
    assert.deepEqual(FakeSocket.last.take(), [])
  })
}

frozen('a resumed frame with an invalid number is not an answer', () => {
  const chat = chatting()
  chat.send('hello')
  lose(matched({ recv: LAST + 1, delivered: 0, last: LAST + 1 }))
  assert.deepEqual([chat.online, stored(chat).acked, stored(chat).sent], [false, 0, 1])
})

frozen('the last number arrives and is confirmed, and no number beyond it is invented', () => {
  const chat = chatting()
  const socket = FakeSocket.last
  socket.says({ type: 'gap', n: LAST - 1 }, message(LAST), { type: 'message', text: 'without a number', from: 'P' })
  tick(250)
  assert.deepEqual(texts(chat), [`gap ${LAST - 1}`, `m${LAST}`])
  assert.deepEqual(socket.take(), [{ type: 'ack', partnerId: 'P', got: LAST }])
  assert.equal(lose(matched()).got, LAST)
})

frozen('the last number can be sent, the one after it cannot', () => {
  const chat = chatting()
  lose(matched({ recv: LAST - 1, delivered: LAST - 1, last: LAST - 1 }))
  chat.send('last')
  assert.deepEqual(numbers(FakeSocket.last.take()), [LAST])
  assert.throws(() => chat.send('one more'), RangeError)
  assert.deepEqual([FakeSocket.last.take(), texts(chat)], [[], ['last']])
  FakeSocket.last.says({ type: 'ack', recv: LAST, delivered: LAST })
  assert.equal(lose(matched({ recv: LAST, delivered: LAST, last: LAST })).acked, LAST)
})

for (const name of ['got', 'sent', 'acked', 'delivered', 'messages']) {
  for (const [n, believed] of [[LAST, true], [LAST + 1, false], [2 ** 53, false], [-1, false], ['7', false]]) {
    frozen(`a stored state with ${JSON.stringify(n)} in ${name} is ${believed ? 'used' : 'ignored'}`, () => {
      const before = chatting()
      before.send('hello')
      const s = JSON.parse(before.storage.getItem('chatme'))
      if (name === 'messages') s.chat.messages[0].n = n
      else s.chat[name] = n
      const storage = new FakeStorage()
      storage.setItem('chatme', JSON.stringify(s))
      const chat = newChat(storage)
      assert.deepEqual([chat.state, ...texts(chat)], believed ? ['chatting', 'hello'] : ['idle'])
      chat.connect()
      const asked = FakeSocket.last.open().resume
      assert.equal(asked.sessionId, believed ? 'cm1_S' : undefined)
      for (const claim of ['got', 'acked']) assert.ok(!(asked[claim] > LAST))
    })
  }
}
