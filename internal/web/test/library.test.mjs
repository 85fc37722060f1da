// The library's API besides custody: events, statuses, promises, signals, images, and no need for a browser. The test
// controls the server.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeSocket, HELLO, chatting, frozen as still, matched, newChat, resume, texts, tick } from './fake.mjs'

const frozen = (name, act) => test(name, () => still(act))
const IMAGE = 'data:image/png;base64,AAAA'
const SERVER_SAYS = [
  'auth_success', 'auth_error', 'session_id', 'resumed', 'resume_failed', 'searching', 'matched', 'partner_disconnected',
  'partner_away', 'partner_back', 'typing_start', 'typing_stop', 'ack', 'gap', 'chat_ended', 'pong',
]

/** Runs everything that waits for a promise. */
const settled = () => new Promise((done) => setImmediate(done))
/** Returns the outcome of a promise so far: a value, 'rejected: …' or 'pending'. */
async function outcome(promise) {
  await settled()
  return Promise.race([promise.then((v) => v ?? 'done', (e) => `rejected: ${e.message}`), settled().then(() => 'pending')])
}

test('neither the import nor a chat needs a browser', async () => {
  const names = [
    'AbortController', 'AbortSignal', 'BroadcastChannel', 'CustomEvent', 'Event', 'EventTarget', 'FileReader', 'MessageChannel',
    'MessageEvent', 'TextEncoder', 'TextDecoder', 'WebSocket', 'addEventListener', 'crypto', 'document', 'fetch', 'location',
    'navigator', 'performance', 'sessionStorage', 'localStorage', 'structuredClone', 'window',
  ]
  const taken = names.map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)]).filter(([, found]) => found)
  for (const [name] of taken) delete globalThis[name]
  try {
    assert.equal(typeof EventTarget, 'undefined')
    const { ChatMe } = await import('../static/chatme.js?bare')
    still(() => {
      const chat = new ChatMe({ url: 'ws://server.test/', apiKey: 'KEY', WebSocket: FakeSocket })
      chat.search()
      FakeSocket.last.open()
      FakeSocket.last.says({ type: 'auth_success' }, { type: 'session_id', sessionId: 'cm1_S', ...HELLO }, { type: 'matched', partnerId: 'P' })
      chat.send('hé')
      chat.typing()
      FakeSocket.last.says({ type: 'message', text: 'hi', from: 'P', n: 1 })
      assert.deepEqual(texts(chat), ['hé', 'hi'])
      FakeSocket.last.ends()
      tick(300)
      resume(matched({ recv: 1, last: 1 }))
      chat.sleep()
      chat.wake()
    })
  } finally {
    for (const [name, found] of taken) Object.defineProperty(globalThis, name, found)
  }
})

frozen('an unknown frame type is not an event of its own, but is a frame event', () => {
  const chat = chatting()
  const heard = []
  for (const type of ['made_up', 'status', 'constructor']) chat.on(type, () => heard.push(type))
  chat.on('frame', (m) => heard.push(`frame ${m.type}`))
  FakeSocket.last.says({ type: 'made_up' }, { type: 'status' }, { type: 'constructor' })
  assert.deepEqual(heard, ['frame made_up', 'frame status', 'frame constructor'])
})

for (const type of SERVER_SAYS) {
  frozen(`${type} is an event`, () => {
    const chat = chatting()
    const frames = []
    chat.on(type, (m) => frames.push(m))
    const frame = { type, n: 1, partnerId: 'P', ...HELLO }
    FakeSocket.last.says(frame)
    assert.deepEqual(frames, [frame])
  })
}

frozen('a message is an event once, however often it arrives, and so is one sent by this client', () => {
  const chat = chatting()
  const heard = []
  chat.on('message', (m) => heard.push(`${m.mine ? 'me' : 'stranger'} ${m.text}`))
  const message = { type: 'message', text: 'hi', from: 'P', n: 1 }
  FakeSocket.last.says(message, message)
  chat.send('hello')
  assert.deepEqual(heard, ['stranger hi', 'me hello'])
})

frozen('every status change is an event', () => {
  const chat = chatting()
  const heard = []
  chat.on('status', (m) => heard.push(`${m.text ?? 'image'} ${chat.statusOf(m)}`))
  chat.send('1')
  chat.send('2')
  chat.send({ imageUrl: IMAGE })
  FakeSocket.last.says({ type: 'ack', recv: 2, delivered: 0 }, { type: 'ack', recv: 2, delivered: 1 }, { type: 'ack', recv: 2, delivered: 1 })
  assert.deepEqual(heard.splice(0), ['1 sent', '2 sent', '1 delivered'])
  FakeSocket.last.says({ type: 'error', code: 'bad_image', n: 3 }, { type: 'error', code: 'bad_image', n: 3 }, { type: 'ack', recv: 3, delivered: 3 })
  assert.deepEqual(heard, ['image failed', '2 delivered'])
})

frozen('the stored state matches every status event', () => {
  const chat = chatting()
  chat.send('1')
  let again
  chat.on('status', (m) => (again = newChat(chat.storage).statusOf(m)))
  FakeSocket.last.says({ type: 'ack', recv: 1, delivered: 1 })
  assert.equal(again, 'delivered')
})

frozen('a listener can be removed in three ways', () => {
  const chat = chatting()
  const heard = []
  const listeners = ['off', 'undo', 'signal', 'stays'].map((how) => () => heard.push(how))
  const gone = new AbortController()
  chat.on('pong', listeners[0])
  const undo = chat.on('pong', listeners[1])
  chat.on('pong', listeners[2], { signal: gone.signal })
  chat.on('pong', listeners[3])
  FakeSocket.last.says({ type: 'pong' })
  assert.deepEqual(heard.splice(0), ['off', 'undo', 'signal', 'stays'])
  chat.off('pong', listeners[0])
  undo()
  gone.abort()
  chat.on('pong', listeners[2], { signal: gone.signal })
  FakeSocket.last.says({ type: 'pong' })
  assert.deepEqual(heard, ['stays'])
})

frozen('the partner has the name that the server gave it, and is null after the chat', () => {
  const chat = chatting()
  assert.deepEqual(chat.partner, { id: 'P', here: true, typing: false, awayUntil: 0, common: [] })
  FakeSocket.last.says({ type: 'typing_start' })
  assert.equal(chat.partner.typing, true)
  FakeSocket.last.says({ type: 'partner_away', untilMs: 9 })
  assert.deepEqual(chat.partner, { id: 'P', here: false, typing: false, awayUntil: 9, common: [] })
  FakeSocket.last.says({ type: 'partner_disconnected' })
  assert.equal(chat.partner, null)
})

// ---- promises and signals

/** Like still() for asynchronous tests: time stands still until act has ended. */
const waiting = (name, act) => test(name, () => act())

waiting('search resolves with the partner', async () => {
  let chat, found
  still(() => {
    chat = newChat()
    found = chat.search()
    FakeSocket.last.open()
    FakeSocket.last.says({ type: 'session_id', sessionId: 'cm1_S', ...HELLO }, { type: 'searching' })
  })
  assert.equal(await outcome(found), 'pending')
  still(() => chat) // a new set of sockets; the previous one continues
  chat.close()
  assert.equal(await outcome(found), 'rejected: chatme: closed')

  let partner
  still(() => {
    const next = chatting()
    partner = next.search()
    FakeSocket.last.says({ type: 'searching' }, { type: 'matched', partnerId: 'Q' })
    next.close()
  })
  assert.equal((await partner).id, 'Q')
})

waiting('connect resolves when the server has answered, even one without sessions', async () => {
  const [first, second] = [undefined, false].map((resume) =>
    still(() => {
      const chat = newChat(null, { resume })
      const answered = chat.connect()
      FakeSocket.last.open()
      FakeSocket.last.says({ type: 'auth_success' })
      if (resume !== false) FakeSocket.last.says({ type: 'session_id', sessionId: 'cm1_S', ...HELLO })
      chat.close()
      return answered
    }),
  )
  assert.deepEqual(await Promise.all([outcome(first), outcome(second)]), ['done', 'done'])
})

for (const [code, why] of [[4001, 'key'], [4409, 'replaced'], [4410, 'banned']]) {
  waiting(`connect and search reject at close ${code}`, async () => {
    const promises = still(() => {
      const chat = newChat()
      const both = [chat.connect(), chat.search()]
      FakeSocket.last.open()
      FakeSocket.last.ends(code)
      return both
    })
    for (const promise of promises) assert.equal(await outcome(promise), `rejected: chatme: ${why}`)
  })
}

waiting('a promise that is not awaited does not end the process', async () => {
  const unhandled = []
  const hear = (error) => unhandled.push(error)
  process.on('unhandledRejection', hear)
  still(() => {
    const chat = newChat()
    chat.connect()
    chat.search()
    chat.close()
  })
  await settled()
  process.off('unhandledRejection', hear)
  assert.deepEqual(unhandled, [])
})

waiting('an abort ends a running search, and does not affect a chat', async () => {
  const abort = new AbortController()
  const found = still(() => {
    const chat = newChat()
    const found = chat.search({ signal: abort.signal })
    FakeSocket.last.open()
    FakeSocket.last.says({ type: 'session_id', sessionId: 'cm1_S', ...HELLO }, { type: 'searching' })
    FakeSocket.last.take()
    abort.abort(new Error('enough'))
    assert.deepEqual([chat.state, FakeSocket.last.take()], ['idle', [{ type: 'end_chat' }]])
    FakeSocket.last.says({ type: 'chat_ended' })
    return found
  })
  assert.equal(await outcome(found), 'rejected: enough')

  const late = new AbortController()
  still(() => {
    const chat = chatting()
    chat.search({ signal: late.signal })
    FakeSocket.last.says({ type: 'searching' }, { type: 'matched', partnerId: 'Q' })
    late.abort()
    assert.equal(chat.state, 'chatting')
    chat.close()
  })
})

waiting('an aborted signal prevents the call', async () => {
  const signal = AbortSignal.abort(new Error('too late'))
  const promises = still(() => {
    const chat = newChat()
    const both = [chat.connect({ signal }), chat.search({ signal })]
    assert.deepEqual([FakeSocket.all.length, chat.state], [0, 'idle'])
    return both
  })
  for (const promise of promises) assert.equal(await outcome(promise), 'rejected: too late')
})

frozen('an abort of connect closes the socket', () => {
  const abort = new AbortController()
  const chat = newChat()
  chat.connect({ signal: abort.signal })
  abort.abort()
  assert.deepEqual(FakeSocket.last.closedWith, [4000])
  tick(60_000)
  assert.equal(FakeSocket.all.length, 1)
})

frozen('an abort of the client closes the socket, keeps the session, and no event follows', () => {
  const abort = new AbortController()
  const chat = chatting({ signal: abort.signal })
  chat.on('change', () => assert.fail('an event'))
  abort.abort()
  assert.deepEqual(FakeSocket.last.closedWith, [4000])
  tick(60_000)
  assert.equal(FakeSocket.all.length, 1)
  assert.match(chat.storage.getItem('chatme'), /cm1_S/)
})

// ---- images

test('an image is read from a Blob', async () => {
  const chat = still(() => chatting())
  const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => i % 251)
  const m = await chat.sendImage(new Blob([bytes], { type: 'image/png' }), { text: 'look' })
  assert.equal(m.imageUrl, `data:image/png;base64,${Buffer.from(bytes).toString('base64')}`)
  const [frame] = FakeSocket.last.take()
  assert.deepEqual([frame.n, frame.text, frame.imageUrl], [1, 'look', m.imageUrl])
  chat.close()
})

test('an image that the server would refuse is refused before it takes a number', async () => {
  const chat = still(() => chatting())
  for (const image of ['javascript:alert(1)', 'http://a.test/b.png', 'data:image/svg+xml;base64,AAAA', new Blob(['x'], { type: 'text/html' })]) {
    await assert.rejects(chat.sendImage(image), RangeError)
  }
  await assert.rejects(chat.sendImage(IMAGE, { signal: AbortSignal.abort(new Error('no')) }), /^Error: no$/)
  assert.equal((await chat.sendImage('https://a.test/b.png')).n, 1)
  chat.close()
})

test('an image does not go to the next partner when the chat ends while it is read', async () => {
  const chat = still(() => chatting())
  const sending = chat.sendImage(new Blob(['x'], { type: 'image/png' }))
  FakeSocket.last.says({ type: 'partner_disconnected' }, { type: 'matched', partnerId: 'Q' })
  await assert.rejects(sending, /not in a chat/)
  assert.deepEqual(FakeSocket.last.take(), [])
  chat.close()
})

frozen('the length of a text is measured in UTF-8', () => {
  const chat = chatting()
  for (const [letter, length] of [['x', 1], ['é', 2], ['€', 3], ['😀', 4]]) {
    const fits = Math.floor(65_536 / length)
    assert.equal(chat.send(letter.repeat(fits)).mine, true)
    assert.throws(() => chat.send(letter.repeat(fits + 1)), RangeError)
  }
})
