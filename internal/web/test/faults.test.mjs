// The promise of the library and the server together: connections are cut, the server is killed, one side is away or
// reloads its page, and every message arrives once and in order.

import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { DEADLINE_MS } from './pace.mjs'
import { startProxy } from './proxy.mjs'
import { scene } from './scene.mjs'

const MAILBOX = 200 // messages; the server's default
const DEADLINE = { timeout: DEADLINE_MS }

/** Two library clients in one page, each with its own storage, and the messages that each has shown. */
class Pair {
  said = { a: 0, b: 0 }

  static async open(s) {
    const proxy = await startProxy(s.server.url, '/')
    s.others.push(proxy)
    s.address = proxy.url
    const { page } = await s.open()
    await page.evaluate(openClients)
    const pair = Object.assign(new Pair(), { page, proxy })
    await pair.until(() => clients.a.state === 'chatting' && clients.b.state === 'chatting')
    return pair
  }

  /** Sends the next count messages from one side. */
  say(who, count) {
    const from = this.said[who] + 1
    this.said[who] += count
    return this.page.evaluate(({ who, from, count }) => {
      for (let i = from; i < from + count; i++) clients[who].send(`${who} ${i}`)
    }, { who, from, count })
  }

  /** Disconnects one side and waits until the other knows. */
  async leave(who) {
    await this.page.evaluate((who) => clients[who].close(), who)
    await this.until((who) => clients[who === 'a' ? 'b' : 'a'].partner?.here === false, who)
  }

  /** Reconnects one side, in the same page or a reloaded one. */
  comeBack(who, anew) {
    return this.page.evaluate(({ who, anew }) => (anew ? loadAnew(who) : clients[who].connect()), { who, anew })
  }

  until(condition, argument) {
    return this.page.waitForFunction(condition, argument, DEADLINE)
  }

  /** Waits until all messages are confirmed, and compares them with the ones shown. */
  async check() {
    const finished = ({ a, b }) => clients.a.count('delivered') === a && clients.b.count('delivered') === b
    await this.until(finished, this.said).catch(() => {}) // the assertions below say more
    const all = (who) => Array.from({ length: this.said[who] }, (_, i) => `${who} ${i + 1}`)
    assert.deepEqual(await this.page.evaluate(() => shown), { a: all('b'), b: all('a') })
    const delivered = await this.page.evaluate(() => ({ a: clients.a.count('delivered'), b: clients.b.count('delivered') }))
    assert.deepEqual(delivered, this.said)
  }
}

/** Runs in the page. */
async function openClients() {
  const { ChatMe } = await import(new URL('chatme.js', location.href))
  class Client extends ChatMe {
    constructor(who) {
      const apiKey = document.querySelector('meta[name="chatme-key"]').content
      super({ url: location.href.replace('http', 'ws'), apiKey, storageKey: who, keep: Infinity })
      this.on('message', (m) => m.mine || shown[who].push(m.gap ? `gap ${m.n}` : m.text))
    }
    /** Returns how many of its messages have this status. */
    count(status) {
      return this.messages.filter((m) => m.mine && this.statusOf(m) === status).length
    }
  }
  window.shown = { a: [], b: [] }
  window.clients = { a: new Client('a'), b: new Client('b') }
  window.loadAnew = (who) => {
    clients[who].close()
    clients[who] = new Client(who)
    clients[who].connect()
  }
  clients.a.search()
  clients.b.search()
}

/** Runs act with a pair; forgives the page errors of cut connections. */
function faulty(name, act) {
  scene(name, async (s) => {
    await act(await Pair.open(s), s)
    s.tabs[0].forgive('WebSocket connection to')
  })
}

faulty('nothing is lost, duplicated or reordered when connections are cut and the server is killed', async (pair, s) => {
  const faults = {
    none: () => {},
    cut: () => pair.proxy.cutAll(),
    kill: async () => {
      await s.server.crash()
      await pair.say('a', 3)
      await s.server.restart()
    },
    reload: () => pair.comeBack('a', true),
  }
  const rounds = ['none', 'cut', 'kill', 'reload', 'kill', 'cut', 'reload', 'cut', 'kill', 'cut']
  for (const fault of rounds) {
    pair.proxy.cutAfter(randomInt(1, 60))
    const saying = [pair.say('a', randomInt(10, 30)), pair.say('b', randomInt(10, 30))] // not awaited: the fault happens meanwhile
    await faults[fault]()
    await Promise.all(saying)
  }
  await pair.check()
})

faulty('nothing is lost, duplicated or reordered when one side is away and the server is killed', async (pair, s) => {
  const absences = [
    { who: 'a', other: 'b', anew: true, held: true },
    { who: 'b', other: 'a', anew: false, held: false },
    { who: 'b', other: 'a', anew: true, held: true },
    { who: 'a', other: 'b', anew: false, held: false },
  ]
  for (const { who, other, anew, held } of absences) {
    pair.proxy.cutAfter(randomInt(1, 40))
    await Promise.all([pair.say(who, 10), pair.say(other, 10)])
    await pair.leave(who)
    pair.proxy.cutAfter(randomInt(1, 10))
    const saying = pair.say(other, 25)
    await s.server.crash() // some are held, some not
    await pair.say(other, 5)
    await s.server.restart()
    await saying
    if (held) await pair.until((other) => clients[other].count('sending') === 0, other)
    pair.proxy.cutAfter(randomInt(1, 10)) // possibly in the replay
    await pair.comeBack(who, anew)
    await pair.say(who, 10)
  }
  await pair.check()
})

faulty('messages beyond the mailbox limit are sent when the partner is back', async (pair) => {
  await pair.leave('a')
  await pair.say('b', MAILBOX + 50)
  await pair.until((held) => clients.b.count('sent') === held, MAILBOX)
  await pair.comeBack('a', true)
  await pair.check()
})
