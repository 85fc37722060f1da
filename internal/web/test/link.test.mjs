// When the library takes a connection for dead, and what in a browser makes it look at once. The server says what the
// test wants.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chatting, FakeSocket, frozen as still, HELLO, matched, newChat, resume, tick } from './fake.mjs'

const frozen = (name, act) => test(name, () => still(act))

frozen('a socket that says nothing for pingMs is asked, and given up after a minute without an answer', () => {
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

frozen('a link that is slow with an image is believed longer each time', () => {
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

frozen('a socket through which an image still leaves is alive', () => {
  chatting()
  const socket = FakeSocket.last
  socket.dead = true
  socket.bufferedAmount = 3
  tick(25_000)
  for (; socket.bufferedAmount > 0; socket.bufferedAmount--) tick(59_000)
  assert.equal(FakeSocket.all.length, 1)
  tick(62_999) // when it was asked, and a minute
  assert.equal(FakeSocket.all.length, 1)
  tick(1)
  assert.equal(FakeSocket.all.length, 2)
})

/** Runs act with the globals of a browser that the library listens to; events are told through it. */
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
  frozen(`at ${type} it dials at once instead of waiting`, () =>
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

  frozen(`at ${type} a socket that has died is noticed within 4 s`, () =>
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

frozen('a client that is closed or over listens to nothing of the browser', () =>
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

frozen('search connects again after close, and keeps its place', () => {
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
