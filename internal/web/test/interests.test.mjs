// Topics and languages on the page: choosing them, what a search says, and whom it finds.

import assert from 'node:assert/strict'
import { scene } from './scene.mjs'

// Long waits pass quickly, so that a test that waits for one is short; none passes while a test is looking for a partner.
const SOON = { CHATME_OPEN_AFTER: '1s', CHATME_LATE_AFTER: '2s' }
const NEVER = { CHATME_OPEN_AFTER: '1h', CHATME_LATE_AFTER: '1h' }

const chip = (tab, name) => tab.page.getByRole('checkbox', { name, exact: true })
const choose = async (tab, ...names) => {
  for (const name of names) await chip(tab, name).click()
}
/** Waits until the search says text. */
const looksFor = (tab, text) => tab.page.locator('#looking', { hasText: text }).waitFor()
/** Returns the line about what both like; '' if there is none. */
const common = (tab) => tab.page.locator('#common').evaluate((e) => (e.hidden ? '' : e.textContent))
/** Returns the names of the chips that are on. */
const chosen = (tab) => tab.page.locator('.chips [aria-checked="true"]').allTextContents()

scene('two who share topics meet, past one who shares none, and see only what they share', async (s) => {
  const [a, b, c] = await Promise.all([s.open(), s.open(), s.open()])
  await choose(a, 'music', 'books', 'art')
  await a.start()
  await looksFor(a, 'Looking for someone who likes music, books, or art…')
  await choose(b, 'food')
  await b.start()
  await looksFor(b, 'Looking for someone who likes food…')
  await choose(c, 'art', 'music', 'travel', 'nature')
  await c.start()
  await Promise.all([a.sees('chat'), c.sees('chat')])
  for (const tab of [a, c]) assert.equal(await common(tab), 'You both like music and art.')
  assert.equal(await a.page.getByRole('log').getByText('You both like').count(), 1) // a screen reader announces it

  await a.page.reload()
  await a.sees('chat')
  await a.status('With a stranger')
  assert.equal(await common(a), 'You both like music and art.')
  assert.equal(await b.page.evaluate(() => document.body.dataset.view), 'searching')
  await a.end()
  await a.sees('start')
  assert.deepEqual(await chosen(a), ['music', 'books', 'art'])
}, NEVER)

scene('two who share no topic meet once both have waited, and read nothing about it', async (s) => {
  const [a, b] = await Promise.all([s.open(), s.open()])
  await choose(a, 'music')
  await choose(b, 'food', 'games', 'films', 'animals')
  await a.start()
  await looksFor(a, 'Looking for someone who likes music…')
  await looksFor(a, 'Looking for anyone…')
  await b.start()
  await looksFor(b, 'Looking for someone with a topic in common…')
  await Promise.all([a.sees('chat'), b.sees('chat')])
  for (const tab of [a, b]) assert.equal(await common(tab), '')
  await a.next()
  await looksFor(a, 'Looking for someone who likes music…') // the wait starts over
}, SOON)

scene('the choice is kept by the browser, also for other tabs, and a topic that is no longer offered is not', async (s) => {
  const a = await s.open()
  assert.deepEqual(await chosen(a), [])
  await choose(a, 'music', 'food', 'games', 'games')
  await a.page.reload()
  await a.page.waitForFunction(() => document.body.dataset.view === 'start')
  assert.deepEqual(await chosen(a), ['music', 'food'])
  const stored = () => a.page.evaluate(() => ({ ...localStorage }))
  assert.deepEqual(await stored(), { 'chatme-topics': '["music","food"]' })

  s.server.settings = { CHATME_TOPICS: 'food,chess & more,<b>go</b>,constructor' }
  await s.server.crash()
  await s.server.restart()
  await a.page.reload()
  await chip(a, '<b>go</b>').waitFor()
  assert.deepEqual(await a.page.locator('.chips button').allTextContents(), ['food', 'chess & more', '<b>go</b>', 'constructor'])
  assert.deepEqual(await chosen(a), ['food'])

  for (const wrong of ['{', '"food"', '[1,null]', '[["food"]]']) {
    await a.page.evaluate((wrong) => localStorage.setItem('chatme-topics', wrong), wrong)
    await a.page.reload()
    await chip(a, 'food').waitFor()
    assert.deepEqual(await chosen(a), [], wrong)
  }
  a.forgiveOutage()
})

scene('languages are preset to those of the browser, and count once they are turned on', async (s) => {
  const languages = s.open({ locale: 'en-US', script: () => Object.defineProperty(navigator, 'languages', { value: ['en-US', 'fr-CA', 'nl'] }) })
  const [a, b, c] = [await languages, await s.open({ locale: 'de-AT' }), await s.open()]
  const mine = a.page.getByLabel('Prefer people who speak my languages')
  assert.equal(await mine.isChecked(), false)
  assert.equal(await chip(a, 'Deutsch').isVisible(), false)
  await mine.press('Space')
  assert.deepEqual(await chosen(a), ['English', 'français'])
  assert.deepEqual(await a.page.locator('#tongues button').allTextContents(), ['English', 'français', 'Deutsch', '日本語']) // the reader's own first
  await choose(a, 'English')
  await a.page.reload()
  assert.deepEqual([await mine.isChecked(), await chosen(a)], [true, ['français']])

  await a.start()
  await a.sees('searching')
  await b.page.getByLabel('Am liebsten in meinen Sprachen').check()
  assert.deepEqual(await chosen(b), ['Deutsch'])
  await b.page.getByRole('button', { name: 'Chat starten' }).click()
  await b.sees('searching')
  await c.start() // speaks to anyone, so it meets the first
  await Promise.all([a.sees('chat'), c.sees('chat')])
  assert.equal(await b.page.evaluate(() => document.body.dataset.view), 'searching')

  await a.end()
  await mine.uncheck()
  assert.deepEqual(await a.page.evaluate(() => Object.keys(localStorage)), ['chatme-topics'])
}, { ...NEVER, CHATME_LANGUAGES: 'de,en,ja,fr' })

scene('in German the topics and the texts about them are German', async (s) => {
  const [a, b] = await Promise.all([s.open({ locale: 'de-DE' }), s.open()])
  await choose(a, 'Musik', 'Bücher')
  await a.page.getByRole('button', { name: 'Chat starten' }).click()
  await looksFor(a, 'Suche jemanden, der Musik oder Bücher mag …')
  await choose(b, 'music', 'books')
  await b.start()
  await Promise.all([a.sees('chat'), b.sees('chat')])
  assert.equal(await common(a), 'Ihr mögt beide Musik und Bücher.')
  assert.equal(await common(b), 'You both like music and books.')
}, NEVER)

scene('a server that offers nothing shows no choice', async (s) => {
  const [a, b] = await Promise.all([s.open(), s.open()])
  for (const id of ['#interests', '#tongues']) assert.equal(await a.page.locator(id).isVisible(), false)
  await a.start()
  await looksFor(a, 'Looking for someone…')
  await b.start()
  await a.sees('chat')
}, { CHATME_TOPICS: '' })
