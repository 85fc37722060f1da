// A dead link and a slow one look the same for a while. Tests of both with real sockets and a real server; the library's
// time runs FAST times as fast.

import assert from 'node:assert/strict'
import { connect, createServer } from 'node:net'
import { test } from 'node:test'
import WebSocket from 'ws'
import { ChatMe } from '../static/chatme.js'
import { LIMIT, pace } from './pace.mjs'
import { large } from './photo.mjs'
import { Server } from './server.mjs'
import { until } from './until.mjs'

const FAST = 5 / Math.min(5, pace(1000) / 1000) // slower on a busy machine
const realTimeout = globalThis.setTimeout

/** A TCP proxy that forwards bytesPerSecond from clients, and whose connections can die silently. */
class Link {
  bytesPerSecond = Infinity
  connections = 0
  #server
  #ends = new Set()

  static async open(target) {
    const link = new Link()
    link.#server = createServer((client) => link.#pass(client, connect(target, '127.0.0.1')))
    await new Promise((done) => link.#server.listen(0, '127.0.0.1', done))
    link.url = `ws://127.0.0.1:${link.#server.address().port}/`
    return link
  }

  /** Silently stops all forwarding on the current connections. */
  die() {
    for (const end of this.#ends) end.removeAllListeners('data').removeAllListeners('close').resume()
  }

  close() {
    for (const end of this.#ends) end.destroy()
    return new Promise((done) => this.#server.close(done))
  }

  #pass(client, server) {
    this.connections++
    for (const [from, to] of [[client, server], [server, client]]) {
      this.#ends.add(from)
      from.on('data', (data) => {
        to.write(data)
        if (from === server || this.bytesPerSecond === Infinity) return
        from.pause()
        realTimeout(() => from.resume(), (1000 * data.length) / this.bytesPerSecond)
      })
      from.on('error', () => {}) // a close follows
      from.on('close', () => to.destroy())
    }
  }
}

/** Runs act({ a, b, link }) in fast library time, with a pair in a chat; a is behind link. */
async function fast(t, act) {
  const server = await Server.start()
  const link = await Link.open(Number(new URL(server.url).port))
  const open = (url) => new ChatMe({ url, apiKey: server.key, storage: null, WebSocket })
  const [a, b] = [open(link.url), open(server.url.replace('http', 'ws'))]
  t.after(async () => {
    globalThis.setTimeout = realTimeout
    for (const chat of [a, b]) chat.close()
    await link.close()
    await server.close()
  })
  await Promise.all([a.search(), b.search()])
  globalThis.setTimeout = (act, ms) => realTimeout(act, ms / FAST)
  await act({ a, b, link })
}

/** Resolves with the library seconds until condition is true. */
async function secondsUntil(condition) {
  const began = performance.now()
  await until(condition)
  return ((performance.now() - began) / 1000) * FAST
}

test('a message on a dead link arrives over a new one', LIMIT, (t) =>
  fast(t, async ({ a, b, link }) => {
    a.send('one')
    await until(() => b.messages.length === 1)
    link.die()
    const two = a.send('two')
    const seconds = await secondsUntil(() => a.statusOf(two) === 'delivered')
    t.diagnostic(`after ${seconds.toFixed(1)} s`)
    assert.deepEqual(b.messages.map((m) => m.text), ['one', 'two'])
    assert.ok(seconds < 18 + pace(22_000) / 1000, `${seconds} s`)
  }),
)

test('a slow link with a large picture is not cut', LIMIT, (t) =>
  fast(t, async ({ a, b, link }) => {
    link.bytesPerSecond = FAST * (40 << 10)
    a.send({ imageUrl: large(1 << 20) })
    const text = a.send('what do you think?')
    const seconds = await secondsUntil(() => a.statusOf(text) === 'delivered')
    t.diagnostic(`${seconds.toFixed(1)} s for the picture`)
    assert.deepEqual([b.messages.length, link.connections], [2, 1])
    assert.ok(seconds > 20, `${seconds} s`)
  }),
)
