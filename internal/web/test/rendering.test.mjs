// A message that cannot be rendered does not hide others: whatever a browser does not support, or an extension broke,
// every message is shown, at least its text.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chatting, FakeSocket, frozen as still, texts } from './fake.mjs'
import { partnerOf } from './partner.mjs'
import { DOT } from './photo.mjs'
import { scene } from './scene.mjs'
import { until } from './until.mjs'

/** Possible breakages, each a script that runs before the page. */
const BROKEN = {
  'URL.canParse is missing': () => delete URL.canParse,
  'no address can be read': () => {
    const { URL } = globalThis
    globalThis.URL = class extends URL {
      constructor(address, base) {
        if (String(address).includes('example.org')) throw new Error('broken')
        super(address, base)
      }
    }
  },
  'no address can be found': () => {
    const { matchAll } = String.prototype
    String.prototype.matchAll = function (pattern) {
      if (this.includes('example.org')) throw new Error('broken')
      return matchAll.call(this, pattern)
    }
  },
  'no link can be made': () => Object.defineProperty(HTMLAnchorElement.prototype, 'href', { set() { throw new Error('broken') } }),
  'no image can be shown': () => Object.defineProperty(HTMLImageElement.prototype, 'src', { set() { throw new Error('broken') } }),
  'text has no direction': () => Object.defineProperty(HTMLElement.prototype, 'dir', { set() { throw new Error('broken') } }),
  'nothing can be marked': () => {
    const { toggle } = DOMTokenList.prototype
    DOMTokenList.prototype.toggle = function (...all) {
      if (all[0] === 'failed') throw new Error('broken')
      return toggle.apply(this, all)
    }
  },
  'there is no sound': () => {
    localStorage.setItem('chatme-sound', 'on')
    document.hasFocus = () => false
    globalThis.AudioContext = class {
      constructor() {
        throw new Error('broken')
      }
    }
  },
}

for (const [name, script] of Object.entries(BROKEN)) {
  scene(`where ${name}, every message is shown`, async (s) => {
    const a = await s.open({ script })
    await a.start()
    await a.sees('searching')
    const b = await partnerOf(s, a)
    const lines = ['one', 'see https://example.org/x', 'three']
    for (const text of lines) b.say({ text })
    b.say({ imageUrl: DOT })
    b.say({ text: 'five' })
    await a.page.getByText('five').waitFor()
    await a.say('mine, at https://example.org/y')
    await until(() => b.heard.includes('mine, at https://example.org/y'))
    await a.page.locator('#messages > li').nth(5).waitFor()
    const shown = await a.page.locator('#messages > li').evaluateAll((items) => items.map((item) => item.textContent.replace(/^(You|Stranger): /, '')))
    assert.equal(shown.length, 6)
    for (const [i, line] of [...lines, '', 'five'].entries()) assert.ok(shown[i].startsWith(line), `${shown[i]} for ${line}`)
    assert.ok(shown[5].startsWith('mine, at https://example.org/y'), shown[5])
    a.forgive('broken') // reported on the console
  })
}

// ---- listeners of the library

const frozen = (name, act) => test(name, () => still(act))

/** Returns the errors that act reports on the console. */
function reports(act) {
  const { error } = console
  const all = []
  console.error = (e) => all.push(e.message)
  try {
    act()
  } finally {
    console.error = error
  }
  return all
}

frozen('a listener that throws blocks neither other listeners nor later events', () => {
  const uncaught = []
  const hear = (error) => uncaught.push(error)
  process.on('uncaughtException', hear)
  const chat = chatting()
  const heard = []
  for (const type of ['message', 'frame', 'change', 'status', 'typing_start', 'partner_disconnected']) {
    chat.on(type, () => {
      throw new Error(type)
    })
    chat.on(type, () => heard.push(type))
  }
  const all = reports(() => {
    FakeSocket.last.says({ type: 'message', text: 'one', from: 'P', n: 1 }, { type: 'typing_start' }, { type: 'message', text: 'two', from: 'P', n: 2 })
    chat.send('mine')
    FakeSocket.last.says({ type: 'ack', recv: 1, delivered: 1 }, { type: 'partner_disconnected' })
  })
  assert.deepEqual(texts(chat), ['one', 'two', 'mine'])
  for (const [type, times] of [['message', 3], ['typing_start', 1], ['status', 1], ['partner_disconnected', 1]]) {
    assert.equal(heard.filter((other) => other === type).length, times, type)
    assert.equal(all.filter((other) => other === type).length, times, type)
  }
  process.off('uncaughtException', hear)
  assert.deepEqual(uncaught, [])
})

test('a listener that throws or rejects does not end the process', async () => {
  const faults = []
  const hear = (error) => faults.push(error)
  for (const event of ['uncaughtException', 'unhandledRejection']) process.on(event, hear)
  const { error } = console
  const told = []
  console.error = (e) => told.push(e.message)
  still(() => {
    const chat = chatting()
    chat.on('message', () => {
      throw new Error('at once')
    })
    chat.on('message', async () => {
      throw new Error('later')
    })
    FakeSocket.last.says({ type: 'message', text: 'one', from: 'P', n: 1 })
  })
  await new Promise((done) => setImmediate(done))
  console.error = error
  for (const event of ['uncaughtException', 'unhandledRejection']) process.off(event, hear)
  assert.deepEqual([told, faults], [['at once', 'later'], []])
})

frozen('in a page, the error of a listener is an error event of the page', () => {
  const told = []
  globalThis.document = {}
  globalThis.reportError = (e) => told.push(e.message)
  try {
    const chat = chatting()
    chat.on('pong', () => {
      throw new Error('broken')
    })
    FakeSocket.last.says({ type: 'pong' })
  } finally {
    delete globalThis.document
    delete globalThis.reportError
  }
  assert.deepEqual(told, ['broken'])
})
