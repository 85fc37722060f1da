// The built-in page in a real browser against the real server.

import assert from 'node:assert/strict'
import { startProxy } from './proxy.mjs'
import { inWholeBrowser, scene } from './scene.mjs'

inWholeBrowser()

scene('two tabs chat, and one resumes its chat after a reload', async (s) => {
  const [a, b] = await s.openPair()

  await a.say('hello')
  await b.hears('hello')
  await b.say('hi there')
  await a.hears('hi there')
  await a.marked('hello', 'Delivered')

  await a.page.reload()
  await a.sees('chat')
  await a.status('With a stranger')
  await a.shows(['me: hello', 'they: hi there'])

  await a.say('back again')
  await b.hears('back again')
  await b.status('With a stranger')
  await b.say('never noticed')
  await a.hears('never noticed')
  await a.shows(['me: hello', 'they: hi there', 'me: back again', 'they: never noticed'])
  await b.shows(['they: hello', 'me: hi there', 'they: back again', 'me: never noticed'])
})

scene('messages to an away partner are held and arrive when it returns', async (s) => {
  const [a, b] = await s.openPair()
  await a.say('one moment')
  await b.hears('one moment')

  await a.shut()
  await b.status('The stranger is away')
  for (const text of ['take your time', 'really', 'no hurry']) await b.say(text)
  await b.marked('no hurry', 'Sent')

  await a.reopen()
  await a.hears('no hurry')
  await b.marked('no hurry', 'Delivered')
  await b.status('With a stranger')
  await a.shows(['me: one moment', 'they: take your time', 'they: really', 'they: no hurry'])
  await a.say('here I am')
  await b.hears('here I am')
})

scene('held messages survive the server, the page that sent them, and the chat', async (s) => {
  const [a, b] = await s.openPair()
  await a.shut()
  await b.status('The stranger is away')
  for (const text of ['one', 'two', 'three']) await b.say(text)
  await b.marked('three', 'Sent')
  await b.next()
  await b.sees('searching')
  await b.close()
  await s.server.crash()
  await s.server.restart()

  await a.reopen()
  await a.sees('ended')
  await a.shows(['they: one', 'they: two', 'they: three'])
  const c = await s.open()
  await c.start()
  await Promise.all([a.sees('chat'), c.sees('chat')]) // a session is matched only after it has confirmed its last messages
  await a.shows([])
})

scene('a chat continues after the server is killed', async (s) => {
  const [a, b] = await s.openPair()
  await a.say('before')
  await b.hears('before')
  await a.marked('before', 'Delivered')

  await s.server.crash()
  await a.say('meanwhile')
  await a.status('No connection')
  await s.server.restart()
  await b.hears('meanwhile')
  await b.say('after')
  await a.hears('after')
  await a.shows(['me: before', 'me: meanwhile', 'they: after'])
  await b.shows(['they: before', 'they: meanwhile', 'me: after'])

  for (const tab of [a, b]) tab.forgiveOutage()
})

scene('Next leaves the partner, which is matched again; End leaves for good', async (s) => {
  const [a, b] = await s.openPair()
  await b.say('still here?')
  await a.hears('still here?')

  const c = await s.open() // early: on a slow machine the other two would be matched again before it opens
  await a.next()
  await a.sees('searching')
  await b.sees('ended') // in the queue ahead of a: the two are not matched again at once
  await b.page.locator('#presence', { hasText: 'The stranger has left' }).waitFor()

  await c.start()
  await Promise.all([b.sees('chat'), c.sees('chat')])
  await b.shows([])
  await c.say('a new one')
  await b.hears('a new one')

  await b.end()
  await b.sees('start')
  await Promise.all([a.sees('chat'), c.sees('chat')])
  await a.say('found you')
  await c.hears('found you')
  await c.shows(['they: found you'])

  // The tab that ended the session keeps nothing of it.
  assert.doesNotMatch(await b.page.evaluate(() => JSON.stringify(sessionStorage)), /cm1_|still here/)
  await b.page.reload()
  await b.sees('start')
})

scene('a search continues after a reload', async (s) => {
  const a = await s.open({ reducedMotion: 'no-preference' })
  await a.start()
  await a.sees('searching')
  await a.page.reload()
  await a.sees('searching')
  const b = await s.open()
  await b.start()
  await Promise.all([a.sees('chat'), b.sees('chat')])
})

scene('typing is shown until the message arrives', async (s) => {
  const [a, b] = await s.openPair({ reducedMotion: 'no-preference' })
  await a.page.getByLabel('Your message').pressSequentially('wai')
  await b.page.locator('#typing').waitFor({ state: 'visible' })
  await a.page.getByLabel('Your message').press('Shift+Enter')
  await a.page.getByLabel('Your message').pressSequentially('ting')
  await a.page.getByLabel('Your message').press('Enter')
  await b.page.locator('#typing').waitFor({ state: 'hidden' })
  await b.hears('wai\nting')
})

scene('a page with an old key says so and stops reconnecting', async (s) => {
  const a = await s.open()
  await s.server.crash()
  s.server.key = 'another key'
  await s.server.restart()
  await a.start()
  await a.page.getByText('no longer accepts this page').waitFor()
  await a.sees('start')
  await a.page.reload() // has the new key
  await a.sees('searching')
  a.forgiveOutage()
})

scene('a reader who scrolled up stays there and is told about new messages', async (s) => {
  const [a, b] = await s.openPair({ viewport: { width: 360, height: 480 } })
  for (let i = 1; i <= 12; i++) await b.say(`line ${i}`)
  await a.hears('line 12')
  const scroller = a.page.locator('#scroller')
  const toEnd = (e) => Math.round(e.scrollHeight - e.scrollTop - e.clientHeight)
  const latest = a.page.getByRole('button', { name: 'New messages' })
  assert.equal(await scroller.evaluate(toEnd), 0)

  await scroller.evaluate((e) => {
    e.scrollTop = 0
    return new Promise((done) => e.addEventListener('scroll', done, { once: true }))
  })
  await b.say('one more')
  await latest.waitFor()
  assert.equal(await scroller.evaluate((e) => e.scrollTop), 0)
  await latest.click()
  await latest.waitFor({ state: 'hidden' })
  assert.equal(await scroller.evaluate(toEnd), 0)

  await b.page.getByLabel('Your message').pressSequentially('x')
  await a.page.locator('#typing').waitFor({ state: 'visible' })
  await a.page.waitForFunction(() => {
    const e = document.getElementById('scroller')
    return e.scrollHeight - e.scrollTop - e.clientHeight < 1
  })
  assert.equal(await a.page.evaluate(() => document.documentElement.scrollWidth), 360)
})

scene('a reader at the end stays there, however much arrives at once', async (s) => {
  const [a] = await s.openPair({ viewport: { width: 360, height: 480 } })
  await a.page.evaluate(() => {
    const scroller = document.getElementById('scroller')
    for (const height of ['900px', '300px']) {
      document.getElementById('messages').append(Object.assign(document.createElement('li'), { style: `height: ${height}` }))
      scroller.dispatchEvent(new Event('scroll')) // late
    }
  })
  await a.page.waitForFunction(() => {
    const e = document.getElementById('scroller')
    return e.scrollTop > 0 && e.scrollHeight - e.scrollTop - e.clientHeight < 1
  })
})

scene('the page works under a path prefix', async (s) => {
  const proxy = await startProxy(s.server.url, '/talk/here/')
  s.others.push(proxy)
  s.address = proxy.url
  const [a, b] = await s.openPair()
  await a.say('hello')
  await b.hears('hello')
})

scene('a second tab takes over the session, and the first says so', async (s) => {
  const [a, b] = await s.openPair()
  await a.say('hello')
  await b.hears('hello')
  const stored = await a.page.evaluate(() => ({ ...sessionStorage }))
  const copy = await s.open()
  await copy.page.evaluate((items) => Object.assign(sessionStorage, items), stored)
  await copy.page.reload()
  await copy.sees('chat')
  await a.page.getByText('This chat continues in another tab.').waitFor()
  assert.doesNotMatch(await a.page.evaluate(() => JSON.stringify(sessionStorage)), /cm1_/)
  await b.say('who is it?')
  await copy.hears('who is it?')
  await copy.shows(['me: hello', 'they: who is it?'])
})
