// The promise of the library and the server on a network that cuts every connection after a few kilobytes: a message
// arrives once, in order, or is not reported as delivered.

import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { test } from 'node:test'
import WebSocket from 'ws'
import { ChatMe } from '../static/chatme.js'
import { FakeStorage } from './fake.mjs'
import { FaultProxy } from './faultproxy.mjs'
import { LIMIT, pace } from './pace.mjs'
import { Server } from './server.mjs'
import { until } from './until.mjs'

const CONVERSE_MS = pace(60_000)
const WINDOW = 100 // undelivered messages of one side: fewer than a mailbox holds

/** One side: sends its numbers in order, and records received messages and the statuses of its own. */
class Side {
  heard = []
  said = 0
  delivered = 0
  failed = []
  reconnects = -1
  #open

  constructor(name, open) {
    this.name = name
    this.#open = open
    this.storage = new FakeStorage()
    this.start()
  }

  /** Starts from the stored state, as a loaded page does. */
  start() {
    this.chat = this.#open(this.storage)
    this.chat.on('message', (m) => m.mine || this.heard.push(m.gap ? `gap ${m.n}` : m.text))
    this.chat.on('status', (m) => {
      const status = this.chat.statusOf(m)
      if (status === 'delivered') this.delivered++
      if (status === 'failed') this.failed.push(`${m.text}: ${m.failed}`)
    })
    this.chat.on('auth_success', () => this.reconnects++)
  }

  /** Sends the next messages while fewer than WINDOW are undelivered. */
  say(total) {
    while (this.said < total && this.said - this.delivered < WINDOW && this.chat.state === 'chatting') {
      this.chat.send(`${this.name} ${++this.said}`)
    }
  }
}

/** Runs act(scene) with a server behind a bad network and a pair in a chat. A failure reports the seed. */
async function torn(t, { longest }, act) {
  const seed = Number(process.env.SEED ?? randomInt(2 ** 31))
  const server = await Server.start()
  const proxy = await FaultProxy.start({ target: Number(new URL(server.url).port), seed, longest })
  const chats = []
  t.after(async () => {
    for (const chat of chats) chat.close()
    await proxy.close()
    await server.close()
  })
  const open = (storage) => {
    const chat = new ChatMe({ url: `ws://127.0.0.1:${proxy.port}/`, apiKey: server.key, storage, WebSocket })
    chats.push(chat)
    return chat
  }
  const sides = ['a', 'b'].map((name) => new Side(name, open))
  try {
    await Promise.all(sides.map((side) => side.chat.search()))
    await act({ server, proxy, sides })
  } catch (error) {
    t.diagnostic(`SEED=${seed} after ${proxy.cuts} cuts; the server's log:\n${server.log.slice(-20).join('\n')}`)
    throw error
  }
  t.diagnostic(`${proxy.cuts} connections cut`)
}

/** Both sides send total messages each; each function in at is called once, when its key is the number delivered. */
async function converse({ proxy, sides }, total, at = {}) {
  const due = Object.entries(at).map(([n, act]) => [Number(n), act])
  const end = Date.now() + CONVERSE_MS
  const progress = () => sides.reduce((sum, side) => sum + side.delivered, 0)
  while (progress() < 2 * total) {
    if (Date.now() > end) break // the assertions below say more
    for (const side of sides) side.say(total)
    while (due.length > 0 && due[0][0] <= progress()) await due.shift()[1]()
    await new Promise((done) => setImmediate(done))
  }
  const all = (name) => Array.from({ length: total }, (_, i) => `${name} ${i + 1}`)
  const [a, b] = sides
  assert.deepEqual(due, [])
  for (const [side, other] of [[a, b], [b, a]]) {
    const firstWrong = side.heard.findIndex((text, i) => text !== `${other.name} ${i + 1}`)
    assert.equal(firstWrong, -1, `${side.name} heard ${side.heard.slice(Math.max(0, firstWrong - 2), firstWrong + 3)}`)
    assert.equal(side.heard.length, all(other.name).length, `${side.name} heard`)
    assert.deepEqual([side.failed, side.delivered], [[], total])
  }
}

test('10,000 messages each way through cut connections arrive once and in order', LIMIT, (t) =>
  torn(t, { longest: 120_000 }, async (scene) => {
    const began = Date.now()
    await converse(scene, 10_000)
    const took = Date.now() - began
    t.diagnostic(`20,000 messages in ${(took / 1000).toFixed(1)} s; ${scene.sides.map((side) => side.reconnects)} reconnects`)
    assert.ok(scene.proxy.cuts >= 20, `only ${scene.proxy.cuts} cuts`)
    assert.ok(took < CONVERSE_MS, `${took} ms`)
  }),
)

test('the server is killed three times during the chat while connections are cut', LIMIT, (t) =>
  torn(t, { longest: 60_000 }, async (scene) => {
    const { server } = scene
    const kill = async () => {
      const crashed = server.crash()
      for (const side of scene.sides) side.say(side.said + 5) // messages written meanwhile are sent later
      await crashed
      await server.restart()
    }
    await converse(scene, 1500, { 500: kill, 1200: kill, 2300: kill })
    for (const side of scene.sides) assert.ok(side.reconnects >= 3, `${side.reconnects} reconnects`)
  }),
)

test('a page is reloaded during the chat, again and again', LIMIT, (t) =>
  torn(t, { longest: 60_000 }, async (scene) => {
    const reload = (side) => () => {
      side.chat.close()
      side.start()
      side.chat.connect()
    }
    const [a, b] = scene.sides
    await converse(scene, 1500, { 200: reload(a), 600: reload(b), 1000: reload(a), 1001: reload(b), 2000: reload(b), 2800: reload(a) })
  }),
)
