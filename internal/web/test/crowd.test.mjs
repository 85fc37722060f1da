// Messages that arrive faster than a person reads: they are stored in one write and reported together, and each still
// follows the protocol.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chatting, FakeSocket, FakeStorage, frozen as still, matched, newChat, numbers, resume, texts, tick } from './fake.mjs'

const frozen = (name, act) => test(name, () => still(act))
const message = (n, more) => ({ type: 'message', text: `m${n}`, from: 'P', n, ...more })
const upTo = (last, first = 1) => Array.from({ length: last - first + 1 }, (_, i) => first + i)
const stored = (chat) => JSON.parse(chat.storage.getItem('chatme')).chat
const acks = () => FakeSocket.last.take().filter((frame) => frame.type === 'ack').map((frame) => frame.got)

/** Counts the writes to the storage of chat. */
function counting(chat) {
  const { storage } = chat
  const set = storage.setItem
  storage.writes = 0
  storage.setItem = (...item) => {
    storage.writes++
    return set.apply(storage, item)
  }
  return storage
}

frozen('a hundred messages a second are stored ten times a second', () => {
  const chat = chatting()
  const storage = counting(chat)
  const heard = []
  chat.on('message', (m) => heard.push(m.n))
  for (const n of upTo(2_000)) {
    FakeSocket.last.says(message(n))
    tick(10)
  }
  tick(100)
  assert.deepEqual(heard, upTo(2_000))
  assert.ok(storage.writes <= 32 + 200 + 1, `${storage.writes} writes`)
})

frozen('20,000 messages at once take a few writes, with one event each', () => {
  const chat = chatting()
  const storage = counting(chat)
  const heard = []
  let changes = 0
  chat.on('message', (m) => heard.push(m.n))
  chat.on('change', () => changes++)
  FakeSocket.last.says(...upTo(20_000).map((n) => message(n)))
  tick(100)
  assert.deepEqual(heard, upTo(20_000))
  assert.ok(storage.writes <= 40 && changes <= 40, `${storage.writes} writes, ${changes} changes`)
  assert.deepEqual(texts(chat), upTo(20_000, 19_701).map((n) => `m${n}`))
})

frozen('messages at human speed are reported as they arrive', () => {
  const chat = chatting()
  for (const n of upTo(100)) {
    FakeSocket.last.says(message(n))
    assert.equal(texts(chat).at(-1), `m${n}`)
    tick(120)
  }
})

frozen('in a crowd too, nothing is shown or confirmed before it is stored', () => {
  const chat = chatting()
  const check = () => assert.equal(stored(chat).got, chat.messages.at(-1).n)
  chat.on('message', (m) => assert.ok(stored(chat).messages.some((copy) => copy.n === m.n)))
  chat.on('change', check)
  for (const n of upTo(200)) {
    FakeSocket.last.says(message(n))
    check()
    for (const got of acks()) assert.ok(got <= stored(chat).got)
  }
  tick(100)
  assert.deepEqual([texts(chat).length, stored(chat).got], [200, 200])
})

frozen('a crowd is confirmed within 250 ms, and duplicates are reported once', () => {
  const chat = chatting()
  const heard = []
  chat.on('message', (m) => heard.push(m.n))
  for (const n of upTo(100)) FakeSocket.last.says(message(n), message(n))
  tick(249)
  assert.equal(acks().at(-1), 100)
  assert.deepEqual(heard, upTo(100))
  for (const n of [99, 100]) FakeSocket.last.says(message(n)) // the ack was lost
  tick(249)
  assert.deepEqual([acks(), heard.length], [[100], 100])
})

frozen('gaps keep their position in a crowd', () => {
  const chat = chatting()
  FakeSocket.last.says(...upTo(60).map((n) => message(n)))
  FakeSocket.last.says({ type: 'gap', n: 62 }, message(63), { type: 'gap', n: 64 }, { type: 'gap', n: 65 }, message(68))
  tick(100)
  assert.deepEqual(texts(chat).slice(59), ['m60', 'gap 62', 'm63', 'gap 67', 'm68'])
  assert.deepEqual(stored(chat).messages.slice(59).map((m) => m.n), [60, 62, 63, 67, 68])
})

for (const [name, frames, after] of [
  ['the partner leaves', [{ type: 'partner_disconnected' }], 'searching'],
  ['another chat begins', [{ type: 'partner_disconnected' }, { type: 'matched', partnerId: 'Q' }], 'chatting'],
]) {
  frozen(`when ${name}, earlier messages are reported first`, () => {
    const chat = chatting()
    const heard = []
    chat.on('message', (m) => heard.push(m.n))
    chat.on('partner_disconnected', () => heard.push('left'))
    FakeSocket.last.says(...upTo(100).map((n) => message(n)), ...frames)
    assert.deepEqual(heard, [...upTo(100), 'left'])
    assert.equal(chat.state, after)
  })
}

for (const name of ['close', 'sleep', 'search', 'wait']) {
  frozen(`nothing of a crowd is lost when ${name} intervenes`, () => {
    const chat = chatting()
    FakeSocket.last.says(...upTo(100).map((n) => message(n)))
    if (name === 'wait') FakeSocket.last.ends()
    else chat[name]()
    assert.deepEqual(texts(chat), upTo(100).map((n) => `m${n}`))
    assert.equal(stored(chat).got, 100)
  })
}

frozen('a sent message comes after those received before it', () => {
  const chat = chatting()
  FakeSocket.last.says(...upTo(40).map((n) => message(n)))
  chat.send('mine')
  FakeSocket.last.says(message(41))
  tick(100)
  assert.deepEqual(texts(chat).slice(38), ['m39', 'm40', 'mine', 'm41'])
})

frozen('typing between messages does not cause one write per message', () => {
  const chat = chatting()
  const storage = counting(chat)
  for (const n of upTo(1_000)) FakeSocket.last.says({ type: 'typing_start' }, message(n), { type: 'typing_stop' })
  tick(100)
  assert.equal(texts(chat).at(-1), 'm1000')
  assert.ok(storage.writes <= 40, `${storage.writes} writes`)
})

frozen('a page too busy for its timers makes progress', () => {
  const chat = chatting()
  FakeSocket.last.says(...upTo(40).map((n) => message(n)))
  const { setTimeout } = globalThis
  try {
    globalThis.setTimeout = () => 0 // none fires
    let now = Date.now()
    Date.now = () => (now += 20)
    FakeSocket.last.says(...upTo(60, 41).map((n) => message(n)))
  } finally {
    globalThis.setTimeout = setTimeout
  }
  assert.ok(chat.messages.length > 50, `${chat.messages.length} messages`)
})

frozen('a partner that confirms nothing does not fill the memory, and its latest messages are kept', () => {
  const chat = chatting()
  chat.send('never delivered')
  FakeSocket.last.says(...upTo(5_000).map((n) => message(n)))
  tick(100)
  assert.deepEqual(texts(chat), ['never delivered', ...upTo(5_000, 4_701).map((n) => `m${n}`)])
  assert.equal(stored(chat).messages.length, 301)
})

frozen('long texts are stored while there is room, latest first; copies always', () => {
  const storage = new FakeStorage()
  storage.quota = 5 << 20
  const chat = newChat(storage)
  chat.search()
  FakeSocket.last.open()
  FakeSocket.last.says({ type: 'session_id', sessionId: 'cm1_S', epoch: 'E', maxBytes: 16_842_752 }, { type: 'matched', partnerId: 'P' })
  const errors = []
  chat.on('error', (error) => errors.push(error.code))
  chat.send('copy')
  const text = 'x'.repeat(64 << 10)
  FakeSocket.last.says(...upTo(300).map((n) => message(n, { text })))
  tick(100)
  assert.deepEqual([errors, chat.messages.length], [[], 301])
  const kept = stored(chat).messages
  assert.deepEqual([kept[0].text, kept.at(-1).n, kept.length > 50], ['copy', 300, true])
  assert.deepEqual(kept.slice(1).map((m) => m.n), upTo(300, 302 - kept.length))
})

frozen('a message that changed after it was stored is stored again', () => {
  const chat = chatting()
  chat.send('refused')
  assert.equal(stored(chat).messages[0].failed, undefined)
  FakeSocket.last.says({ type: 'error', code: 'bad_message', n: 1 })
  assert.equal(stored(chat).messages[0].failed, 'bad_message')
})

frozen('in the base protocol a crowd without numbers is reported in order', () => {
  const chat = newChat(null, { resume: false })
  chat.search()
  FakeSocket.last.open()
  FakeSocket.last.says({ type: 'auth_success' }, { type: 'searching' }, { type: 'matched', partnerId: 'P' })
  FakeSocket.last.says(...upTo(100).map((n) => ({ type: 'message', text: `m${n}`, from: 'P' })))
  tick(100)
  assert.deepEqual(texts(chat), upTo(100).map((n) => `m${n}`))
  assert.deepEqual(numbers(FakeSocket.last.take()), [])
})

frozen('after a lost connection the client requests the rest of a crowd after the last stored message', () => {
  const chat = chatting()
  FakeSocket.last.says(...upTo(100).map((n) => message(n)))
  FakeSocket.last.ends()
  tick(300)
  assert.equal(resume(matched()).resume.got, 100)
  assert.equal(chat.messages.length, 100)
})
