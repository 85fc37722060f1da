// A partner sends far faster than a person reads: the page shows the latest messages and stays responsive. The tests
// count work; time limits are longer on a busy machine.

import assert from 'node:assert/strict'
import { LIMIT, pace } from './pace.mjs'
import { partnerOf } from './partner.mjs'
import { scene } from './scene.mjs'

const SLOWER = 4 // than this machine, like a phone
const FRAME = 16 // messages that one frame may add to the page
const NODES = 300
const FEWER = 240 // messages left when there would be more
const ANSWER_MS = pace(200)

/** Runs in the page before its scripts: counts storage writes and the messages shown at a time. */
function count() {
  globalThis.counted = { writes: 0, most: 0, nodes: 0, late: [] }
  const set = Storage.prototype.setItem
  Storage.prototype.setItem = function (...item) {
    globalThis.counted.writes++
    return set.apply(this, item)
  }
  addEventListener('DOMContentLoaded', () => {
    const list = document.getElementById('messages')
    new MutationObserver((changes) => {
      // One call per rendering.
      const added = changes.reduce((sum, change) => sum + change.addedNodes.length, 0)
      globalThis.counted.most = Math.max(globalThis.counted.most, added)
      globalThis.counted.nodes = Math.max(globalThis.counted.nodes, list.childElementCount)
    }).observe(list, { childList: true })
    let due = performance.now() + 50
    setInterval(() => {
      const now = performance.now()
      globalThis.counted.late.push(now - due)
      due = now + 50
    }, 50)
  })
}

/** Returns the counts since the last call, with the lateness of timers in the page in milliseconds. */
const counted = (tab) =>
  tab.page.evaluate(() => {
    const { late, ...rest } = globalThis.counted
    globalThis.counted = { writes: 0, most: 0, nodes: 0, late: [] }
    late.sort((a, b) => a - b)
    return { ...rest, typical: late[late.length >> 1] ?? 0, worst: late[late.length - 1] ?? 0 }
  })

/** Returns a tab of a slow device in a chat, its partner's say, and the counts at rest. */
async function slowTab(s) {
  const tab = await s.open({ script: count })
  await tab.start()
  await tab.sees('searching')
  const { say } = await partnerOf(s, tab)
  const cdp = await tab.context.newCDPSession(tab.page)
  await cdp.send('Emulation.setCPUThrottlingRate', { rate: SLOWER })
  await counted(tab)
  await tab.page.waitForTimeout(2_000)
  return { tab, say, rest: await counted(tab) }
}

function isBounded(t, name, messages, got, rest) {
  t.diagnostic(`${name}: ${got.writes} writes for ${messages} messages, ${got.most} shown at a time, ${got.nodes} in the list; ` +
    `late by ${got.typical.toFixed(0)} ms, at worst ${got.worst.toFixed(0)}; at rest ${rest.typical.toFixed(0)} and ${rest.worst.toFixed(0)}`)
  assert.ok(got.most <= FRAME, `${got.most} messages were shown at a time`)
  assert.ok(got.nodes <= NODES, `${got.nodes} messages are in the page`)
  assert.ok(got.typical <= ANSWER_MS, `the page is late by ${got.typical} ms`)
}

scene('a slow page stays responsive at a hundred messages a second, and Next works at once', async (s, t) => {
  const { tab, say, rest } = await slowTab(s)
  const began = Date.now()
  let said = 0
  while (Date.now() - began < 20_000) {
    for (const due = (Date.now() - began) / 10; said < due; ) say({ text: `line ${++said}, see https://chatme.example/${said} for more of it` })
    await tab.page.waitForTimeout(20)
  }
  const got = await counted(tab)
  isBounded(t, '100 a second', said, got, rest)
  assert.ok(got.writes < said / 4, `${got.writes} writes for ${said} messages`)
  await tab.page.getByText('Earlier messages are no longer shown').waitFor()
  const pressed = Date.now()
  await tab.next()
  await tab.sees('searching')
  t.diagnostic(`Next after ${Date.now() - pressed} ms`)
})

scene('a slow page stays responsive after 20,000 messages at once, and shows the last of them', async (s, t) => {
  const { tab, say, rest } = await slowTab(s)
  const TOTAL = 20_000
  for (let n = 1; n <= TOTAL; n++) say({ text: String(n) })
  await tab.page.locator('.message', { hasText: new RegExp(`: ${TOTAL}$`) }).waitFor(LIMIT)
  const got = await counted(tab)
  isBounded(t, '20,000 at once', TOTAL, got, rest)
  assert.ok(got.writes < TOTAL / 40, `${got.writes} writes`)
  const shown = await tab.conversation()
  assert.ok(shown.length >= FEWER, `only ${shown.length} are shown`)
  assert.deepEqual(shown, Array.from(shown, (_, i) => `they: ${TOTAL - shown.length + i + 1}`))
})
