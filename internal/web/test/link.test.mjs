// When the library considers a connection dead, and which browser events make it check at once. The test controls the
// server.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chatting, FakeSocket, freeze, frozen as still, HELLO, matched, newChat, resume, sleep, tick } from './fake.mjs'

const frozen = (name, act) => test(name, () => still(act))

frozen('a socket silent for pingMs is pinged, and given up after a minute without an answer', () => {
  chatting()
  const socket = FakeSocket.last
  tick(24_999)
  assert.equal(socket.pings, 0)
  tick(25_001)
  assert.equal(socket.pings, 2) // the first was answered
  socket.dead = true
  tick(25_000 + 59_999)
  assert.equal(FakeSocket.all.length, 1)
  tick(1)
  assert.equal(FakeSocket.all.length, 2)
})

frozen('nothing is sent on a closing socket; messages written then are sent on the next', () => {
  const chat = chatting()
  FakeSocket.last.readyState = 2
  chat.send('one')
  assert.deepEqual(FakeSocket.last.take(), [])
  FakeSocket.last.ends()
  chat.send('two')
  tick(1000)
  resume(matched())
  assert.deepEqual(FakeSocket.last.take().map((frame) => frame.text), ['one', 'two'])
})

frozen('a link that is slow with an image is given more time at each attempt', () => {
  chatting()
  const given = []
  for (let i = 0; i < 3; i++) {
    const dialled = FakeSocket.all.length
    FakeSocket.last.dead = true
    let waited = 0
    for (; FakeSocket.all.length === dialled; waited += 1000) tick(1000)
    given.push(waited)
    resume(matched())
  }
  assert.deepEqual(given, [85_000, 145_000, 265_000])
})

frozen('a socket that is still sending an image is alive', () => {
  chatting()
  const socket = FakeSocket.last
  socket.dead = true
  socket.bufferedAmount = 3
  tick(25_000)
  for (; socket.bufferedAmount > 0; socket.bufferedAmount--) tick(59_000)
  assert.equal(FakeSocket.all.length, 1)
  tick(62_999) // the ping, and a minute
  assert.equal(FakeSocket.all.length, 1)
  tick(1)
  assert.equal(FakeSocket.all.length, 2)
})

const DEAD_MS = 18_000 // 10 s without an answer, 8 s without a pong
const picture = { imageUrl: `data:image/png;base64,${'A'.repeat(1 << 20)}` } // 32 s at 32 KiB/s

/** Ticks until the library dials again, for at most ms. Returns the time it took. */
function untilDialed(ms = 120_000) {
  const before = FakeSocket.all.length
  let waited = 0
  for (; FakeSocket.all.length === before && waited < ms; waited += 500) tick(500)
  return waited
}

for (const [what, act] of Object.entries({
  'a message': (chat) => chat.send('hello'),
  Next: (chat) => chat.search(),
  'the end': (chat) => chat.end(),
})) {
  frozen(`a dead link is found within 20 s: ${what} without an answer`, () => {
    const chat = chatting()
    const socket = FakeSocket.last
    socket.dead = true
    act(chat)
    tick(9_999)
    assert.equal(socket.pings, 0)
    tick(1)
    assert.equal(socket.pings, 1)
    tick(7_999)
    assert.equal(FakeSocket.all.length, 1)
    tick(1)
    assert.equal(FakeSocket.all.length, 2)
  })
}

frozen('a dead link is found within 20 s while the user keeps writing, and after the ping of a quiet link', () => {
  const chat = chatting()
  FakeSocket.last.dead = true
  tick(30_000) // the quiet link was pinged and has a minute
  for (let i = 0; i < 8; i++) {
    chat.send('hello')
    tick(2_000)
  }
  assert.equal(16_000 + untilDialed(), DEAD_MS)
})

frozen('a dead link is found within 20 s each time', () => {
  const chat = chatting()
  for (let n = 1; n <= 3; n++) {
    FakeSocket.last.dead = true
    chat.send('hello')
    assert.equal(untilDialed(), DEAD_MS)
    resume(matched({ recv: n - 1, delivered: n - 1, last: n - 1 }))
    FakeSocket.last.says({ type: 'ack', recv: n, delivered: n })
  }
})

frozen('a slow receiver is not a dead link', () => {
  const chat = chatting()
  chat.send('hello')
  tick(600_000) // no ack, but the server answers pings
  assert.equal(FakeSocket.all.length, 1)
  assert.ok(FakeSocket.last.pings <= 60, `${FakeSocket.last.pings} pings`)
})

frozen('a link on which anything arrives is not probed', () => {
  const chat = chatting()
  const socket = FakeSocket.last
  socket.dead = true
  chat.send('hello')
  for (let i = 0; i < 20; i++) {
    tick(9_000)
    socket.says({ type: i % 2 ? 'typing_stop' : 'typing_start' })
  }
  assert.deepEqual([socket.pings, FakeSocket.all.length], [0, 1])
})

frozen('a slow link with a large picture is not cut while the picture leaves', () => {
  const chat = chatting()
  const socket = FakeSocket.last
  socket.dead = true
  chat.send(picture)
  for (socket.bufferedAmount = 1 << 20; socket.bufferedAmount > 0; socket.bufferedAmount -= 1 << 14) tick(5_000)
  assert.equal(FakeSocket.all.length, 1) // after 320 s
})

frozen('a slow link with a large picture is not cut while the system holds the picture', () => {
  const chat = chatting()
  chat.send(picture)
  FakeSocket.last.dead = true
  assert.equal(untilDialed(), DEAD_MS + 32_000)
})

frozen('an even slower link is given more time at each attempt', () => {
  const chat = chatting()
  chat.send(picture)
  const given = []
  for (let i = 0; i < 3; i++) {
    FakeSocket.last.dead = true
    given.push(untilDialed(600_000))
    resume(matched()) // the copy is resent
  }
  assert.deepEqual(given, [50_000, 90_000, 170_000])
})

frozen('a picture sent more than a minute ago delays nothing', () => {
  const chat = chatting()
  chat.send(picture)
  FakeSocket.last.says({ type: 'ack', recv: 1, delivered: 1 })
  tick(62_000)
  FakeSocket.last.dead = true
  chat.send('hello')
  assert.equal(untilDialed(), DEAD_MS)
})

frozen('bytes that left in the last minute count, whenever they were given to the socket', () => {
  const chat = chatting()
  const socket = FakeSocket.last
  socket.dead = true
  chat.send(picture)
  for (socket.bufferedAmount = 1 << 20; socket.bufferedAmount > 0; socket.bufferedAmount -= 1 << 13) tick(1_000)
  // The minute before the ping is 50 s at 8 KiB/s and 10 s of silence. The next beat notices that the rest has left.
  assert.equal(untilDialed(), DEAD_MS + 12_000 + 1_000)
})

frozen('a jump of the clock probes the link', () => {
  chatting()
  const socket = FakeSocket.last
  sleep(3_600_000)
  tick(1_000)
  assert.deepEqual([socket.pings, FakeSocket.all.length], [1, 1])
  socket.dead = true
  sleep(3_600_000)
  tick(1_000)
  assert.equal(socket.pings, 2)
  tick(3_999)
  assert.equal(FakeSocket.all.length, 1)
  tick(1)
  assert.equal(FakeSocket.all.length, 2)
})

frozen('a jump of the clock dials at once instead of waiting', () => {
  chatting()
  for (let i = 0; i < 7; i++) {
    FakeSocket.last.ends()
    if (i < 6) tick(15_000)
  }
  const before = FakeSocket.all.length
  tick(2_000)
  assert.equal(FakeSocket.all.length, before)
  sleep(60_000)
  tick(1_000)
  assert.equal(FakeSocket.all.length, before + 1)
})

frozen('a frozen page reads the answer before it gives up the link', () => {
  const chat = chatting()
  const socket = FakeSocket.last
  socket.dead = true
  chat.send('hello')
  tick(11_000)
  freeze(60_000)
  tick(0)
  assert.equal(FakeSocket.all.length, 1)
  socket.says({ type: 'pong' }, { type: 'ack', recv: 1, delivered: 1 })
  tick(20_000)
  assert.equal(FakeSocket.all.length, 1)
})

/** Runs act with the browser globals that the library listens to; tell dispatches events. */
function inBrowser(act) {
  const listeners = new Map()
  const target = {
    addEventListener: (type, listener) => listeners.set(type, listener),
    removeEventListener: (type, listener) => listeners.get(type) === listener && listeners.delete(type),
  }
  const document = { visibilityState: 'visible', ...target }
  Object.assign(globalThis, target, { document })
  try {
    act({ document, listeners, tell: (type) => listeners.get(type)?.() })
  } finally {
    for (const name of [...Object.keys(target), 'document']) delete globalThis[name]
  }
}

for (const type of ['online', 'visibilitychange']) {
  frozen(`on ${type} it dials at once instead of waiting`, () =>
    inBrowser(({ tell, document }) => {
      chatting()
      for (let i = 0; i < 5; i++) {
        FakeSocket.last.ends()
        tick(i < 4 ? 15_000 : 0)
      }
      const dialled = FakeSocket.all.length
      if (type === 'visibilitychange') {
        document.visibilityState = 'hidden'
        tell(type)
        assert.equal(FakeSocket.all.length, dialled)
        document.visibilityState = 'visible'
      } else document.visibilityState = 'hidden' // the network matters to a hidden page too
      tell(type)
      assert.equal(FakeSocket.all.length, dialled + 1)
    }),
  )

  frozen(`on ${type} a dead socket is noticed within 4 s`, () =>
    inBrowser(({ tell }) => {
      chatting()
      FakeSocket.last.dead = true
      tell(type)
      tick(3999)
      assert.equal(FakeSocket.all.length, 1)
      tick(1)
      assert.equal(FakeSocket.all.length, 2)
    }),
  )
}

frozen('a closed or ended client has no browser listeners', () =>
  inBrowser(({ listeners }) => {
    const chat = newChat()
    assert.equal(listeners.size, 0)
    chat.connect()
    assert.equal(listeners.size, 2)
    chat.close()
    assert.equal(listeners.size, 0)
    chat.connect()
    FakeSocket.last.open()
    FakeSocket.last.ends(4410)
    assert.equal(listeners.size, 0)
  }),
)

frozen('search reconnects after close and keeps its place', () => {
  const chat = newChat()
  chat.search()
  FakeSocket.last.open()
  FakeSocket.last.says({ type: 'session_id', sessionId: 'cm1_S', ...HELLO }, { type: 'searching' })
  chat.close()
  chat.search()
  assert.equal(FakeSocket.all.length, 2)
  resume({ state: 'searching' })
  assert.deepEqual([chat.state, FakeSocket.last.take()], ['searching', []])
})
