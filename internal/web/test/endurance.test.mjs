// A chat survives a reload, an outage, and a server that is killed while both type.

import assert from 'node:assert/strict'
import { pace } from './pace.mjs'
import { startProxy } from './proxy.mjs'
import { scene } from './scene.mjs'

const OUTAGE_MS = 20_000

/** Everything that who said, as the other must show it. */
const all = (prefix, said) => Array.from({ length: said }, (_, i) => `${prefix}: ${i + 1}`)

/** Asserts that both sides show all messages once, in order, and delivered. */
async function bothShowAll(a, b, saidA, saidB) {
  await Promise.all([a.hears(String(saidB)), b.hears(String(saidA))])
  await Promise.all([a.marked(String(saidA), 'Delivered'), b.marked(String(saidB), 'Delivered')])
  for (const [tab, mine, theirs] of [[a, saidA, saidB], [b, saidB, saidA]]) {
    const shown = await tab.conversation()
    assert.deepEqual(shown.filter((line) => line.startsWith('me: ')), all('me', mine))
    assert.deepEqual(shown.filter((line) => !line.startsWith('me: ')), all('they', theirs))
    assert.equal(await tab.page.locator('.failed').count(), 0)
  }
}

scene('after the server is killed while both type, every message is shown once, in order, delivered', async (s) => {
  const [a, b] = await s.openPair()
  const COUNT = 12
  const typeAll = async (tab) => {
    for (let i = 1; i <= COUNT; i++) {
      await tab.page.getByLabel('Your message').pressSequentially(String(i), { delay: 20 })
      await tab.page.getByLabel('Your message').press('Enter')
    }
  }
  const crash = async () => {
    await a.hears('3')
    await s.server.crash()
    await s.server.restart()
  }
  await Promise.all([typeAll(a), typeAll(b), crash()])
  await bothShowAll(a, b, COUNT, COUNT)
  for (const tab of [a, b]) {
    await tab.status('With a stranger')
    tab.forgiveOutage()
  }
})

scene('a 20-second outage is shown, messages written in it arrive, and it ends at once', async (s) => {
  const proxy = await startProxy(s.server.url, '/')
  s.others.push(proxy)
  s.address = proxy.url
  const a = await s.open()
  s.address = ''
  const b = await s.open()
  await a.start()
  await a.sees('searching')
  await b.start()
  await Promise.all([a.sees('chat'), b.sees('chat')])

  const began = Date.now()
  await a.context.setOffline(true)
  proxy.cutAll()
  await a.status('No connection')
  await b.status('The stranger is away')
  await b.page.getByText('Your messages are kept for them').waitFor()
  let said = 0
  while (Date.now() - began < OUTAGE_MS) {
    said++
    await Promise.all([a.say(String(said)), b.say(String(said))])
    await b.marked(String(said), 'Sent') // on the server's disk
    await a.page.waitForTimeout(OUTAGE_MS / 8)
  }
  assert.ok(said >= 4, `only ${said} messages in the outage`)
  await a.context.setOffline(false)
  const online = Date.now()
  await a.status('With a stranger')
  assert.ok(Date.now() - online < Math.min(pace(2_000), 8_000), 'the page did not reconnect at once when the browser was online again')
  await bothShowAll(a, b, said, said)
  a.forgive('ERR_INTERNET_DISCONNECTED')
})

scene('a reload keeps the messages and the scroll position', async (s) => {
  const [a, b] = await s.openPair({ viewport: { width: 360, height: 480 } })
  for (let i = 1; i <= 14; i++) await b.say(String(i))
  await a.hears('14')
  const scroller = a.page.locator('#scroller')
  await scroller.evaluate((e) => {
    e.scrollTop = 90
    return new Promise((done) => e.addEventListener('scroll', done, { once: true }))
  })
  await a.page.reload()
  await a.status('With a stranger')
  await a.shows(all('they', 14))
  assert.equal(await scroller.evaluate((e) => e.scrollTop), 90)

  await a.say('1') // sending scrolls to the end, and it stays there
  await a.marked('1', 'Delivered')
  await a.page.reload()
  await a.marked('1', 'Delivered')
  await a.page.waitForFunction(() => {
    const e = document.getElementById('scroller')
    return e.scrollHeight - e.scrollTop - e.clientHeight < 1
  })
})

scene('a reload keeps the draft for its partner', async (s) => {
  const [a, b] = await s.openPair()
  const field = a.page.locator('#text')
  await field.fill('half a sent')
  await a.page.reload()
  await a.status('With a stranger')
  assert.equal(await field.inputValue(), 'half a sent')
  await field.press('Enter')
  await b.hears('half a sent')

  await field.fill('for you alone')
  await b.next()
  await a.sees('ended')
  await a.page.reload()
  await a.sees('ended')
  assert.equal(await field.inputValue(), '')
})
