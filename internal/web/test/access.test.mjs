// Accessibility: dark mode, small screens, the keyboard, screen readers, another language, and a page without focus.

import assert from 'node:assert/strict'
import axe from 'axe-core'
import { GERMAN, GERMAN_TOPICS } from '../static/german.js'
import { photoWithPlace } from './photo.mjs'
import { scene } from './scene.mjs'

const LOOKS = {
  'on a desktop': { viewport: { width: 1000, height: 700 } },
  'on a phone': { viewport: { width: 320, height: 568 }, hasTouch: true, isMobile: true },
}

const TOPICS = Object.keys(GERMAN_TOPICS).length // the default ones

/** Asserts that axe finds no violations, contrast included, in light and dark mode, and that nothing is wider than the screen. */
async function isAccessible(tab, screen) {
  for (const [colorScheme, rules] of [['light', {}], ['dark', { runOnly: ['color-contrast'] }]]) {
    await tab.page.emulateMedia({ colorScheme })
    const { violations, passes } = await tab.page.evaluate((rules) => globalThis.axe.run(document, rules), rules)
    const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.html} ${node.failureSummary}`).join('\n')}`)
    assert.deepEqual(found, [], `${screen}, ${colorScheme}`)
    assert.ok(passes.some((rule) => rule.id === 'color-contrast'), `${screen}, ${colorScheme}: the contrast was not checked`)
  }
  const [wide, screenWide] = await tab.page.evaluate(() => [document.documentElement.scrollWidth, innerWidth])
  assert.equal(wide, screenWide, screen)
}

for (const [look, options] of Object.entries(LOOKS)) {
  scene(`every screen is accessible ${look}`, async (s) => {
    const a = await s.open({ script: axe.source, ...options })
    assert.equal(await a.page.evaluate(() => getComputedStyle(document.body).colorScheme || getComputedStyle(document.documentElement).colorScheme), 'light dark')
    for (const name of ['music', 'technology']) await a.page.getByRole('checkbox', { name }).click()
    await a.page.getByLabel('Prefer people').check()
    await isAccessible(a, 'start')
    await a.start()
    await a.sees('searching')
    await isAccessible(a, 'searching')
    const b = await s.open()
    await b.page.getByRole('checkbox', { name: 'technology' }).click()
    await b.start()
    await Promise.all([a.sees('chat'), b.sees('chat')])
    await a.say('Hello, see https://chatme.example/somewhere/a/little/longer/than/usual')
    await b.say('A picture:')
    await b.page.locator('#file').setInputFiles({ name: 'p.jpg', mimeType: 'image/jpeg', buffer: await photoWithPlace(b.page, 300, 200) })
    await a.seesImage()
    await a.say('and what was marked')
    await a.marked('and what was marked', 'Delivered')
    await b.page.getByLabel('Your message').pressSequentially('x')
    await a.page.locator('#typing').waitFor({ state: 'visible' })
    await isAccessible(a, 'chat')
    await a.page.getByRole('button', { name: 'Emoji' }).click()
    await a.page.getByRole('button', { name: '🎉' }).waitFor()
    await isAccessible(a, 'emoji')
    await a.page.keyboard.press('Escape')
    await a.page.evaluate(async () => {
      const transfer = new DataTransfer()
      const blob = await new Promise((done) => Object.assign(document.createElement('canvas'), { width: 2000, height: 900 }).toBlob(done))
      for (const name of ['1.png', '2.png']) transfer.items.add(new File([blob], name, { type: 'image/png' }))
      document.getElementById('text').dispatchEvent(new ClipboardEvent('paste', { clipboardData: transfer, bubbles: true, cancelable: true }))
    })
    await a.page.getByRole('dialog').getByRole('img').nth(1).waitFor()
    await isAccessible(a, 'question')
    await a.page.keyboard.press('Escape')
    await b.shut()
    await a.status('The stranger is away')
    await isAccessible(a, 'away')
    await b.reopen()
    await a.status('With a stranger')
    await b.next()
    await a.sees('ended')
    await isAccessible(a, 'ended')
    await a.page.getByRole('button', { name: 'Stop' }).click()
    await a.sees('start')
    await isAccessible(a, 'start, after a chat')
  }, { CHATME_LANGUAGES: 'en,de,fr,ja' })
}

scene('dark mode is dark, and light mode is light', async (s) => {
  const brightness = (tab) => tab.page.evaluate(() => getComputedStyle(document.body).backgroundColor.match(/\d+/g).reduce((sum, c) => sum + Number(c), 0) / 765)
  const light = await s.open({ colorScheme: 'light' })
  const dark = await s.open({ colorScheme: 'dark' })
  assert.ok((await brightness(light)) > 0.9)
  assert.ok((await brightness(dark)) < 0.2)
})

scene('a whole chat by keyboard: start, write, emoji, Esc for Next', async (s) => {
  const a = await s.open()
  const focused = () => a.page.evaluate(() => document.activeElement.id)
  const music = a.page.getByRole('checkbox', { name: 'music' })
  await a.page.keyboard.press('Tab')
  assert.equal(await music.evaluate((e) => e === document.activeElement), true)
  await a.page.keyboard.press('Space')
  assert.equal(await music.getAttribute('aria-checked'), 'true')
  await a.page.keyboard.press('Space')
  assert.equal(await music.getAttribute('aria-checked'), 'false')
  for (let i = 0; i < TOPICS; i++) await a.page.keyboard.press('Tab')
  assert.equal(await focused(), 'start')
  await a.page.keyboard.press('Enter')
  await a.sees('searching')
  assert.equal(await focused(), 'main')
  const b = await s.open()
  await b.start()
  await Promise.all([a.sees('chat'), b.sees('chat')])
  assert.equal(await focused(), 'text')

  await a.page.keyboard.type('one')
  await a.page.keyboard.press('Shift+Enter')
  await a.page.keyboard.type('two ')
  await a.page.keyboard.press('Shift+Tab')
  assert.equal(await focused(), 'emoji')
  await a.page.keyboard.press('Enter')
  await a.page.getByRole('button', { name: '😀' }).waitFor()
  await a.page.keyboard.press('Escape') // closes the panel and is not Next
  await a.page.getByRole('button', { name: '😀' }).waitFor({ state: 'hidden' })
  await a.sees('chat')
  await a.page.keyboard.press('Enter')
  await a.page.keyboard.press('Tab')
  await a.page.keyboard.press('Tab')
  await a.page.keyboard.press('Enter')
  assert.equal(await focused(), 'text')
  await a.page.keyboard.press('Enter')
  await b.hears('one\ntwo 😂')

  await a.page.keyboard.press('Escape')
  await a.sees('searching')
  await b.sees('ended')
})

scene('Esc right after an emoji was chosen is Next', async (s) => {
  const [a, b] = await s.openPair()
  await a.page.getByRole('button', { name: 'Emoji' }).click()
  const face = a.page.getByRole('button', { name: '😂' })
  await face.waitFor()
  // In one task, so that no event of the panel comes in between.
  await face.evaluate((e) => {
    e.click()
    document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true, cancelable: true }))
  })
  await a.sees('searching')
  await b.sees('searching')
})

scene('a screen reader announces the state of the chat and every new message', async (s) => {
  const [a, b] = await s.openPair()
  assert.equal(await a.page.getByRole('status').first().textContent(), 'With a stranger')
  const log = a.page.getByRole('log')
  assert.equal(await log.getAttribute('aria-live'), 'polite')
  await b.say('hello')
  await log.getByText('Stranger: hello').waitFor()
  await a.say('hi')
  await a.marked('hi', 'Delivered')
  assert.equal(await log.locator('.mark').last().getAttribute('aria-live'), 'off') // only the text is announced
  await a.page.locator('#status').evaluate((e) => {
    globalThis.spoken = []
    new MutationObserver(() => globalThis.spoken.push(e.textContent)).observe(e, { childList: true, characterData: true, subtree: true })
  })
  for (const text of ['one', 'two', 'three']) await b.say(text)
  await a.hears('three')
  await b.shut()
  await a.status('The stranger is away')
  assert.deepEqual(await a.page.evaluate(() => globalThis.spoken), ['The stranger is away']) // once, not at every message
})

scene('a page without focus shows the number of new messages, and plays a sound if enabled', async (s) => {
  const script = () => {
    globalThis.tones = 0
    const start = OscillatorNode.prototype.start
    OscillatorNode.prototype.start = function (...at) {
      globalThis.tones++
      return start.apply(this, at)
    }
    let away = false
    Object.defineProperty(document, 'hidden', { get: () => away })
    globalThis.goAway = (on) => {
      away = on
      document.dispatchEvent(new Event('visibilitychange'))
    }
  }
  const [a, b] = await s.openPair({ script })
  const tones = () => a.page.evaluate(() => globalThis.tones)
  await b.say('seen')
  await a.hears('seen')
  assert.equal(await a.page.title(), 'chatme')
  await a.page.evaluate(() => globalThis.goAway(true))
  await b.say('one')
  await b.say('two')
  await a.hears('two')
  assert.equal(await a.page.title(), '(2) chatme')
  assert.equal(await tones(), 0) // off by default
  await a.page.evaluate(() => globalThis.goAway(false))
  assert.equal(await a.page.title(), 'chatme')

  const sound = a.page.getByRole('button', { name: 'Sound' })
  await sound.click()
  assert.equal(await sound.getAttribute('aria-pressed'), 'true')
  assert.equal(await tones(), 1)
  await a.page.evaluate(() => globalThis.goAway(true))
  await b.say('three')
  await a.hears('three')
  assert.equal(await tones(), 2)
  await a.page.evaluate(() => globalThis.goAway(false))
  await b.say('four')
  await a.hears('four')
  assert.equal(await tones(), 2) // no sound with focus
  await a.page.reload()
  assert.equal(await sound.getAttribute('aria-pressed'), 'true') // the choice is stored
})

scene('in German every text is German, and the choice is stored', async (s) => {
  const a = await s.open({ locale: 'de-AT' })
  assert.equal(await a.page.evaluate(() => document.documentElement.lang), 'de')
  const texts = await a.page.evaluate(() => {
    const found = [...document.body.querySelectorAll(':not(noscript)')].flatMap((e) => [
      ...['aria-label', 'placeholder', 'title'].map((name) => e.getAttribute(name) ?? ''),
      ...[...e.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE).map((node) => node.data.trim()),
    ])
    return [...new Set(found)].filter((text) => /\p{L}{2}/u.test(text))
  })
  assert.ok(texts.length > 15, `only ${texts}`)
  const german = [...Object.values(GERMAN), ...Object.values(GERMAN_TOPICS), 'chatme', 'English']
  assert.deepEqual(texts.filter((text) => !german.includes(text)), [])

  await a.page.getByRole('button', { name: 'Chat starten' }).click()
  const b = await s.open()
  await b.start()
  await Promise.all([a.sees('chat'), b.sees('chat')])
  await b.say('hello')
  await a.page.getByText('Gegenüber: hello').waitFor()
  await a.page.getByRole('button', { name: 'Beenden' }).click()
  await a.page.getByRole('button', { name: 'English' }).click()
  await a.page.getByRole('button', { name: 'Start chatting' }).waitFor()
  await a.page.reload()
  await a.page.getByRole('button', { name: 'Start chatting' }).waitFor()
})
