// Supported browsers: the client needs nothing that the oldest of them do not have.

import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { test } from 'node:test'
import { MISSING, SYNTAX, makeOld } from './old.mjs'
import { photoWithPlace } from './photo.mjs'
import { scene } from './scene.mjs'

const directory = new URL('../static/', import.meta.url)

/** Returns the lines of all client files with this ending: [file:line, text], without comment lines. */
function lines(ending) {
  return readdirSync(directory)
    .filter((name) => name.endsWith(ending) && !name.endsWith('.d.ts'))
    .flatMap((name) => readFileSync(new URL(name, directory), 'utf8').split('\n').map((text, i) => [`${name}:${i + 1}`, text]))
    .filter(([, text]) => !/^\s*(\/\/|\*|\/\*)/.test(text))
}

scene('in the oldest browsers a chat works, through a reload and on to the next stranger', async (s) => {
  const old = `(${makeOld})(${JSON.stringify(MISSING)})`
  const a = await s.open({ script: old, viewport: { width: 360, height: 640 } })
  assert.ok((await a.page.evaluate(() => globalThis.deleted)) > 80)
  assert.deepEqual(await a.page.evaluate(() => [[].at, [].findLast, Object.hasOwn, URL.canParse, globalThis.structuredClone, globalThis.HTMLDialogElement]), Array(6).fill(undefined))
  const b = await s.open()
  await a.start()
  await a.sees('searching')
  await b.start()
  await Promise.all([a.sees('chat'), b.sees('chat')])
  for (const text of ['one', 'see https://example.org/x', 'three']) {
    await b.say(text)
    await a.hears(text)
  }
  await a.say(`mine, https://example.org/${'y'.repeat(300)}`)
  await a.marked(`mine, https://example.org/${'y'.repeat(300)}`, 'Delivered')
  assert.equal(await a.page.locator('.bubble a').count(), 2)
  assert.equal(await a.page.evaluate(() => document.documentElement.scrollWidth), 360)
  assert.equal(await a.page.locator('#emoji').isVisible(), false) // its panel could not be closed

  const buffer = await photoWithPlace(b.page, 300, 200)
  await a.page.locator('#file').setInputFiles({ name: 'p.jpg', mimeType: 'image/jpeg', buffer })
  await b.seesImage()
  await b.page.locator('#file').setInputFiles({ name: 'p.jpg', mimeType: 'image/jpeg', buffer })
  await a.seesImage()
  await a.page.evaluate((base64) => {
    const transfer = new DataTransfer()
    transfer.items.add(new File([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], 'p.jpg', { type: 'image/jpeg' }))
    document.getElementById('text').dispatchEvent(new ClipboardEvent('paste', { clipboardData: transfer, bubbles: true, cancelable: true }))
  }, buffer.toString('base64'))
  await a.page.getByRole('dialog').getByRole('img').waitFor()
  await a.page.keyboard.press('Enter')
  await b.seesImage(1)

  await a.page.reload()
  await a.status('With a stranger')
  assert.equal((await a.conversation()).length, 7)
  await b.say('still there?')
  await a.hears('still there?')
  const c = await s.open() // already waiting: on a slow machine the other two would be matched again before it opens
  await c.start()
  await c.sees('searching')
  await a.next()
  await c.sees('chat') // with either of them
  await c.end()
  await Promise.all([a.sees('chat'), b.sees('chat')])
  await b.say('again')
  await a.hears('again')
  await a.page.getByRole('button', { name: 'End', exact: true }).click()
  await a.page.getByRole('button', { name: 'Deutsch' }).click()
  await a.page.getByRole('button', { name: 'Chat starten' }).waitFor()
})

// Features that one of them does not have, used only after a check.
const ASKED_FOR = {
  reportError: 'globalThis.document && globalThis.reportError', // otherwise the console
  hidePopover: 'panel.hidePopover()', // emoji.js has no panel without popover
  reason: 'signal.reason ??',
}
const OLDER = ['JSON.parse', 'event.reason', 'bytes.subarray'] // older ones of the same name

test('no code uses a feature that one of the oldest browsers does not have', () => {
  const found = lines('.js').flatMap(([where, text]) => {
    const own = OLDER.reduce((rest, name) => rest.replaceAll(name, ''), text)
    return Object.entries(MISSING).flatMap(([object, names]) =>
      names
        .filter((name) => new RegExp(object === 'globalThis' ? `\\b${name}\\b` : `\\.${name}\\b`).test(own))
        .filter((name) => !text.includes(ASKED_FOR[name] ?? '\n'))
        .map((name) => `${where}: ${object}.${name}`),
    )
  })
  assert.deepEqual(found, [])
  for (const text of Object.values(ASKED_FOR)) assert.ok(lines('.js').some(([, line]) => line.includes(text)), `${text} is no longer used`)
})

test('no script uses syntax that one of the oldest browsers cannot parse', () => {
  const samples = ['/(?<=a)b/', '/(?<!a)b/', 'static {', '/[a--b]/v.test(c)', 'f(/a/gv)', '/(?i:a)/', "import a from './a.json' with { type: 'json' }", 'using a = b', '@sealed', 'accessor a = 1', "new Error('a', { cause: b })"]
  const faults = (text) => Object.entries(SYNTAX).filter(([, pattern]) => pattern.test(text)).map(([name]) => name)
  for (const sample of samples) assert.equal(faults(sample).length, 1, sample)
  for (const fine of ['/(?<name>a)/', 'static all = []', '/a/g.test(v)', "'image/vnd'", 'a / b / v']) assert.deepEqual(faults(fine), [], fine)
  assert.deepEqual(lines('.js').flatMap(([where, text]) => faults(text).map((name) => `${where}: ${name}`)), [])
})

// One of the browsers ignores such a declaration, so one that all support must precede it.
const LATE_VALUES = /\d(?:dvh|svh|lvh|dvw|cqw|lh)\b|overflow-wrap: anywhere|color-mix\(|light-dark\(|oklch\(|oklab\(|\blch\(|\bsubgrid\b|linear\(/
// These make a browser ignore a whole rule, or the page is worse without them.
const LATE_RULES = /@layer|@container|@scope|@starting-style|@property|@position-try|:has\(|&|^\s*(?:position-area|anchor-name|aspect-ratio-auto)\s*:|\b(?:translate|rotate|scale)\s*:/

test('no style is lost where one of the oldest browsers does not support a value', () => {
  const found = []
  const css = readFileSync(new URL('app.css', directory), 'utf8').replace(/\/\*[^]*?\*\//g, '')
  let late = 0
  for (const [, selector, body] of css.matchAll(/([^{}]+)\{([^{}]*)\}/g)) {
    if (LATE_RULES.test(selector) || LATE_RULES.test(body)) found.push(selector.trim())
    // An unsupported selector invalidates the whole list.
    if (/:(?:popover-open|focus-visible)/.test(selector) && selector.includes(',')) found.push(selector.trim())
    const before = new Set()
    for (const declaration of body.split(';').map((text) => text.trim()).filter(Boolean)) {
      const [property] = declaration.split(':')
      if (LATE_VALUES.test(declaration)) {
        late++
        if (!before.has(property)) found.push(`${selector.trim()}: ${declaration}`)
      } else {
        before.add(property)
      }
    }
  }
  assert.deepEqual(found, [])
  assert.ok(late >= 4, `${late} declarations checked`)
})
