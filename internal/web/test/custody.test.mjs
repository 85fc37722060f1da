// Custody in the client library: numbers, copies, refusals and statuses. The test controls the server.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeSocket, HELLO, chatting, frozen as still, matched, newChat, numbers, resume, texts, tick } from './fake.mjs'

const frozen = (name, act) => test(name, () => still(act))
const statuses = (chat) => chat.messages.filter((m) => m.mine).map((m) => chat.statusOf(m))
const message = (n) => ({ type: 'message', text: `m${n}`, from: 'P', n })
const ack = (recv, delivered = 0) => ({ type: 'ack', recv, delivered })
const error = (code, n, more) => ({ type: 'error', code, n, ...more })
const stored = (chat) => JSON.parse(chat.storage.getItem('chatme'))

/** Loses the connection of chat and resumes with the server state. Returns the resume member of the auth frame. */
function lose(state) {
  FakeSocket.last.ends()
  tick(300)
  return resume(state).resume
}

frozen('a message is sending until the server has custody, then sent, then delivered', () => {
  const chat = chatting()
  for (const text of ['1', '2', '3']) chat.send(text)
  assert.deepEqual(statuses(chat), ['sending', 'sending', 'sending'])
  FakeSocket.last.says(ack(2))
  assert.deepEqual(statuses(chat), ['sent', 'sent', 'sending'])
  FakeSocket.last.says(ack(3, 1))
  assert.deepEqual(statuses(chat), ['delivered', 'sent', 'sent'])
  lose(matched({ recv: 3, delivered: 2, last: 3 }))
  assert.deepEqual(statuses(chat), ['delivered', 'delivered', 'sent'])
  FakeSocket.last.says(ack(0, 0)) // from a restarted server
  assert.deepEqual(statuses(chat), ['delivered', 'delivered', 'sent'])
})

frozen('unacknowledged copies are resent after a resume, in order', () => {
  const chat = chatting()
  for (const text of ['1', '2', '3']) chat.send(text)
  FakeSocket.last.says(ack(1, 1))
  FakeSocket.last.ends()
  chat.send('4')
  tick(300)
  assert.equal(resume(matched({ recv: 1, delivered: 1, last: 2 })).resume.acked, 1)
  assert.deepEqual(FakeSocket.last.take().map((f) => [f.n, f.text]), [[2, '2'], [3, '3'], [4, '4']])
  FakeSocket.last.says(ack(4, 3))
  assert.deepEqual(statuses(chat), ['delivered', 'delivered', 'delivered', 'sent'])
})

frozen('resumed reports the messages accepted meanwhile; only the rest is resent', () => {
  const chat = chatting()
  for (const text of ['1', '2', '3']) chat.send(text)
  lose(matched({ recv: 2, last: 2 }))
  assert.deepEqual(numbers(FakeSocket.last.take()), [3])
  assert.deepEqual(statuses(chat), ['sent', 'sent', 'sending'])
})

frozen('state and copies are stored in one write, before sending and before showing', () => {
  const chat = chatting()
  const socket = FakeSocket.last
  const steps = []
  const { setItem } = chat.storage
  chat.storage.setItem = (key, value) => {
    const { sent, got, messages } = JSON.parse(value).chat
    steps.push(`store sent ${sent} got ${got}: ${messages.map((m) => m.text ?? `gap ${m.n}`)}`)
    setItem.call(chat.storage, key, value)
  }
  const { send } = socket
  socket.send = (text) => {
    steps.push(`send ${JSON.parse(text).type}`)
    send.call(socket, text)
  }
  chat.on('message', (m) => steps.push(`show ${m.text ?? 'gap'}`))
  chat.send('mine')
  assert.deepEqual(steps.splice(0), ['store sent 1 got 0: mine', 'show mine', 'send message'])
  socket.says(message(1))
  tick(250)
  assert.deepEqual(steps.splice(0), ['store sent 1 got 1: mine,m1', 'show m1', 'send ack'])
  socket.says({ type: 'gap', n: 2 })
  tick(250)
  assert.deepEqual(steps, ['store sent 1 got 2: mine,m1,gap 2', 'show gap', 'send ack'])
})

frozen('duplicates are dropped and confirmed again; missing numbers are a gap', () => {
  const chat = chatting()
  const socket = FakeSocket.last
  socket.says(message(1), message(1), message(4), message(2), { type: 'gap', n: 6 }, { type: 'gap', n: 5 }, { type: 'gap', n: 7 })
  assert.deepEqual(texts(chat), ['m1', 'gap 3', 'm4', 'gap 7'])
  tick(250)
  assert.deepEqual(socket.take(), [{ type: 'ack', partnerId: 'P', got: 7 }])
  for (const again of [message(7), { type: 'gap', n: 6 }]) {
    socket.says(again)
    tick(250)
    assert.deepEqual(socket.take(), [{ type: 'ack', partnerId: 'P', got: 7 }])
  }
})

frozen('a replay continues after the messages already received', () => {
  const chat = chatting()
  FakeSocket.last.says(message(1), message(2))
  assert.equal(lose(matched({ replay: 2 })).got, 2)
  FakeSocket.last.says(message(2), message(3), message(4))
  assert.deepEqual(texts(chat), ['m1', 'm2', 'm3', 'm4'])
  tick(250)
  assert.deepEqual(FakeSocket.last.take(), [{ type: 'ack', partnerId: 'P', got: 4 }])
})

for (const code of ['unavailable', 'mailbox_full', 'rate_limited']) {
  frozen(`a message refused as ${code} stops later ones, and is resent after 2 s`, () => {
    const chat = chatting()
    const socket = FakeSocket.last
    chat.send('1')
    chat.send('2')
    assert.deepEqual(numbers(socket.take()), [1, 2])
    socket.says(error(code, 1), error('gap', 2, { expect: 1 }))
    chat.send('3')
    tick(1999)
    assert.deepEqual(socket.take(), [])
    tick(1)
    assert.deepEqual(numbers(socket.take()), [1, 2, 3])
    assert.deepEqual(statuses(chat), ['sending', 'sending', 'sending'])
    socket.says(error(code, 1))
    assert.deepEqual(socket.take(), []) // not at once
  })

  const signals = {
    'at partner_back': () => FakeSocket.last.says({ type: 'partner_back' }),
    'at an ack that advances': () => FakeSocket.last.says(ack(2)),
    'after a resume': () => lose(matched({ recv: 1, last: 2 })),
  }
  for (const [when, happens] of Object.entries(signals)) {
    frozen(`a message refused as ${code} is resent ${when}`, () => {
      const chat = chatting()
      for (const text of ['1', '2', '3', '4']) chat.send(text)
      FakeSocket.last.says({ type: 'partner_away', untilMs: 9 }, ack(1), error(code, 3), error('gap', 4, { expect: 3 }))
      chat.send('5')
      FakeSocket.last.take()
      FakeSocket.last.says(ack(1)) // does not advance
      assert.deepEqual(FakeSocket.last.take(), [])
      happens()
      assert.deepEqual(FakeSocket.last.take().map((f) => [f.n, f.text]).slice(-3), [[3, '3'], [4, '4'], [5, '5']])
    })
  }
}

frozen('messages that did not fit when the partner went away are refused late, and follow the held ones', () => {
  const chat = chatting()
  const socket = FakeSocket.last
  for (let n = 1; n <= 5; n++) chat.send(`${n}`)
  socket.take()
  socket.says(error('mailbox_full', 4), { type: 'partner_away', untilMs: 9 })
  assert.deepEqual(socket.take(), [])
  socket.says(ack(3))
  assert.deepEqual(numbers(socket.take()), [4, 5])
  socket.says(error('mailbox_full', 4), error('gap', 5, { expect: 4 }))
  assert.deepEqual(socket.take(), [])
  assert.deepEqual(statuses(chat), ['sent', 'sent', 'sent', 'sending', 'sending'])
})

frozen('after an error gap the expected number is sent', () => {
  const chat = chatting()
  const socket = FakeSocket.last
  for (const text of ['1', '2', '3']) chat.send(text)
  socket.take()
  socket.says(error('gap', 3, { expect: 2 }))
  assert.deepEqual(numbers(socket.take()), [2, 3])
})

frozen('an error overtaken by custody resends nothing that may have no copy', () => {
  const chat = chatting({ keep: 1 })
  const socket = FakeSocket.last
  for (const text of ['1', '2', '3']) chat.send(text)
  socket.says(ack(2))
  socket.take()
  socket.says(error('gap', 3, { expect: 1 }))
  assert.deepEqual(socket.take().map((f) => [f.n, f.text]), [[3, '3']])
})

for (const code of ['bad_image', 'bad_message', 'too_large']) {
  frozen(`a message refused as ${code} uses up its number`, () => {
    const chat = chatting()
    const socket = FakeSocket.last
    const image = chat.send({ imageUrl: 'data:image/png;base64,AAAA' })
    chat.send('next')
    assert.deepEqual(numbers(socket.take()), [1, 2])
    socket.says(error(code, 1))
    assert.deepEqual([socket.take(), statuses(chat)], [[], ['failed', 'sending']])
    lose(matched({ last: 0 })) // the server has forgotten it
    assert.deepEqual(FakeSocket.last.take(), [
      { type: 'message', partnerId: 'P', n: 1 },
      { type: 'message', partnerId: 'P', n: 2, text: 'next' },
    ])
    FakeSocket.last.says(ack(2, 2))
    assert.deepEqual([chat.statusOf(image), ...statuses(newChat(chat.storage))], ['failed', 'failed', 'delivered'])
  })
}

frozen('an image too large for the storage is lost in a reload, and its number is used up', () => {
  const chat = chatting()
  chat.storage.quota = 2000
  const image = chat.send({ imageUrl: `data:image/png;base64,${'A'.repeat(4000)}` })
  chat.send('next')
  assert.equal(chat.statusOf(image), 'sending')
  const again = newChat(chat.storage)
  again.connect()
  FakeSocket.last.send = function (text) {
    const frame = JSON.parse(text)
    if (frame.n === 1) assert.equal(stored(chat).chat.messages[0].failed, 'lost') // whatever happens next
    this.sent.push(frame)
  }
  resume(matched())
  assert.deepEqual(FakeSocket.last.take(), [{ type: 'message', partnerId: 'P', n: 1 }, { type: 'message', partnerId: 'P', n: 2, text: 'next' }])
  assert.deepEqual(statuses(again), ['failed', 'sending'])
})

frozen('a copy that is lost after the server has accepted it may still arrive', () => {
  const chat = chatting()
  chat.storage.quota = 2000
  chat.send({ imageUrl: `data:image/png;base64,${'A'.repeat(4000)}` })
  const again = newChat(chat.storage)
  again.connect()
  resume(matched({ last: 1 }))
  assert.deepEqual(statuses(again), ['sending'])
  FakeSocket.last.says(ack(1, 1))
  assert.deepEqual(statuses(again), ['delivered'])
})

frozen('resumed.last above what was ever sent: the copies are unsent, numbers go on from there', () => {
  const chat = chatting()
  chat.send('1')
  FakeSocket.last.says(ack(1))
  chat.send('2')
  chat.send('3')
  assert.equal(lose(matched({ recv: 2, last: 5 })).acked, 1)
  assert.deepEqual(statuses(chat), ['sent', 'failed', 'failed']) // 2 may have been another message's
  assert.deepEqual(FakeSocket.last.take(), [])
  chat.send('new')
  assert.deepEqual(FakeSocket.last.take(), [{ type: 'message', partnerId: 'P', n: 6, text: 'new' }])
  // The claim is what the server reported. What it has forgotten since is not invented.
  assert.equal(lose(matched({ recv: 2, last: 3 })).acked, 2)
  assert.deepEqual(FakeSocket.last.take().map((f) => [f.n, f.text]), [[3, undefined], [4, undefined], [5, undefined], [6, 'new']])
  assert.deepEqual(statuses(newChat(chat.storage)), ['sent', 'failed', 'failed', 'sending'])
})

frozen('a message that is too large is refused before it takes a number', () => {
  const chat = chatting()
  assert.throws(() => chat.send('é'.repeat(40_000)), RangeError)
  assert.throws(() => chat.send({ imageUrl: 'x'.repeat(HELLO.maxBytes) }), RangeError)
  assert.throws(() => chat.send(''), RangeError)
  assert.equal(chat.send('fine').n, 1)
})
