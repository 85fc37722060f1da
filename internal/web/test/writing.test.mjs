// Writing, pasting and dropping: input methods, text and pictures on the clipboard, drops without files, and
// right-to-left text.

import assert from 'node:assert/strict'
import { apng, largeGif, movingWebp } from './moving.mjs'
import { gifWithPlace, photoWithPlace } from './photo.mjs'
import { scene } from './scene.mjs'

/** Runs in the page: dispatches keys and input method compositions to the field, in order. */
function type(events) {
  const field = document.getElementById('text')
  field.focus()
  for (const [type, init] of events) {
    const Kind = type.startsWith('composition') ? CompositionEvent : KeyboardEvent
    field.dispatchEvent(new Kind(type, { bubbles: true, cancelable: true, ...init }))
  }
}

/** Runs in the page: dispatches a paste or a drop with files and texts. */
function handOver({ how, files = [], texts = {} }) {
  const transfer = new DataTransfer()
  for (const [type, text] of Object.entries(texts)) transfer.setData(type, text)
  for (const { name, type, base64 } of files) transfer.items.add(new File([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], name, { type }))
  const init = { bubbles: true, cancelable: true, clipboardData: transfer, dataTransfer: transfer }
  const [target, event] = how === 'paste' ? ['text', new ClipboardEvent('paste', init)] : ['scroller', new DragEvent('drop', init)]
  document.getElementById(target).focus()
  return !document.getElementById(target).dispatchEvent(event)
}

const file = (name, type, content) => ({ name, type, base64: Buffer.from(content).toString('base64') })
const remark = (tab) => tab.page.locator('#remark')
const ask = (tab) => tab.page.getByRole('dialog', { name: 'Send this image?' })

const START = ['compositionstart', {}]
const END = ['compositionend', { data: 'か' }]
const key = (name, more) => ['keydown', { key: name, keyCode: 229, ...more }]

scene('keys of an input method neither send nor trigger Next', async (s) => {
  const [a, b] = await s.openPair()
  const field = a.page.getByLabel('Your message')
  await field.fill('nihongo')
  for (const name of ['Enter', 'Escape']) {
    for (const events of [
      [START, key(name, { isComposing: true }), END], // Chrome
      [START, END, key(name)], // Safari
      [START, key(name)], // a composition that never ends
      [key(name)], // Android, for every key
      [key(name), ['keyup', { key: name, keyCode: 229 }]],
    ]) {
      await a.page.evaluate(type, events)
    }
  }
  await a.sees('chat')
  assert.equal(await field.inputValue(), 'nihongo')
  await field.press('Enter') // a composition without an end has no lasting effect
  await b.hears('nihongo')
  await b.shows(['they: nihongo'])
  await field.press('Escape')
  await a.sees('searching')
})

scene('text on the clipboard is pasted as text, whatever else it holds', async (s) => {
  const [a, b] = await s.openPair()
  const picture = file('image.png', 'image/png', await photoWithPlace(a.page, 40, 30))
  for (const texts of [
    { 'text/plain': 'one\ttwo\n', 'text/html': '<table><tr><td>one<td>two</table>' },
    { 'text/plain': 'Word', 'text/html': '<p>Word</p>', 'text/rtf': '{}' },
    { 'text/plain': '\t' },
  ]) {
    assert.equal(await a.page.evaluate(handOver, { how: 'paste', files: [picture], texts }), false) // left to the browser
    assert.equal(await ask(a).count(), 0)
  }
  await a.say('that is all')
  await b.hears('that is all')
  await b.shows(['they: that is all'])
})

scene('a pasted image is shown, and sent after confirmation', async (s) => {
  const [a, b] = await s.openPair()
  const picture = file('image.png', 'image/png', await photoWithPlace(a.page, 400, 300))
  const copied = { 'text/html': '<img src="https://chatme.example/a.png">' } // as browsers copy an image
  const paste = async () => {
    assert.equal(await a.page.evaluate(handOver, { how: 'paste', files: [picture], texts: copied }), true)
    await ask(a).getByRole('img', { name: 'Preview' }).last().waitFor()
  }
  const focused = () => a.page.evaluate(() => document.activeElement.id)

  await a.page.getByLabel('Your message').fill('look')
  await paste()
  assert.equal(await focused(), 'agree')
  await a.page.keyboard.press('Shift+Tab')
  assert.equal(await focused(), 'cancel')
  await a.page.keyboard.press('Enter')
  await ask(a).waitFor({ state: 'hidden' })
  assert.equal(await focused(), 'text')

  await paste()
  await a.page.keyboard.press('Escape') // is not Next
  await ask(a).waitFor({ state: 'hidden' })
  await a.sees('chat')
  await paste()
  await a.page.getByLabel('Your message').focus()
  await a.page.keyboard.press('Escape') // nor from elsewhere
  await ask(a).waitFor({ state: 'hidden' })
  await a.sees('chat')

  await paste()
  await a.page.getByLabel('Your message').press('Enter') // only the text is sent
  await b.hears('look')
  assert.equal(await b.page.locator('#messages img').count(), 0)
  await ask(a).getByRole('button', { name: 'Send' }).click()
  assert.deepEqual([(await b.seesImage()).width, await focused()], [300, 'text'])
  assert.equal(await b.page.locator('#messages img').count(), 1)

  await paste()
  await paste() // one after the other: one question for both
  await ask(a).getByRole('img').nth(1).waitFor()
  await a.page.keyboard.press('Enter')
  await b.seesImage(2)
})

scene('an unconfirmed pasted image is not sent to the next stranger', async (s) => {
  const [a, b] = await s.openPair()
  const c = await s.open()
  const picture = file('image.png', 'image/png', await photoWithPlace(a.page, 40, 30))
  await a.page.evaluate(handOver, { how: 'paste', files: [picture] })
  await ask(a).getByRole('img').waitFor()
  await b.next()
  await a.sees('searching')
  await c.start()
  await Promise.all([a.sees('chat'), c.sees('chat')])
  assert.equal(await ask(a).count(), 0)
  await a.page.keyboard.press('Enter')
  await a.say('hello')
  await c.hears('hello')
  await c.shows(['they: hello'])
})

scene('a file that is not an image is reported, and the images beside it are sent', async (s) => {
  const [a, b] = await s.openPair()
  const photo = file('photo.jpg', 'image/jpeg', await photoWithPlace(a.page, 40, 30))
  const pdf = file('a.pdf', 'application/pdf', '%PDF')
  const ONLY = 'Only images can be sent.'
  const UNREADABLE = 'This browser cannot read this image.'
  let images = 0
  for (const [files, said] of [
    [[pdf], ONLY], [[file('a.txt', 'text/plain', 'x'), file('b.mp4', 'video/mp4', 'x')], ONLY],
    [[file('IMG_1.HEIC', '', 'ftypheic')], UNREADABLE], [[file('IMG_2.HEIC', 'image/heic', 'ftypheic')], UNREADABLE],
    [[file('a folder', '', '')], UNREADABLE], [[file('a.png', 'image/png', '')], UNREADABLE],
    [[pdf, photo], ONLY], [[photo, pdf], ONLY], [[pdf, photo, file('x', '', 'x')], `${ONLY} ${UNREADABLE}`], [[], ONLY],
  ]) {
    for (const how of ['drop', 'choose', 'paste']) {
      if (how !== 'drop' && (files.length === 0 || files.includes(photo))) continue
      if (how === 'choose' && files.some(({ type }) => type === '')) continue // the test browser would guess a type
      await remark(a).evaluate((e) => (e.textContent = ''))
      if (how === 'choose') await a.page.locator('#file').setInputFiles(files.map(({ name, type, base64 }) => ({ name, mimeType: type, buffer: Buffer.from(base64, 'base64') })))
      else if (files.length === 0) await a.page.evaluate(dropOfNothing)
      else await a.page.evaluate(handOver, { how, files })
      if (files.includes(photo)) await b.seesImage(images++)
      await a.page.waitForFunction((said) => document.getElementById('remark').textContent === said, said)
      assert.equal(await ask(a).count(), 0)
    }
  }
  assert.equal(await b.page.locator('#messages img').count(), 3)
  await a.page.getByLabel('Your message').pressSequentially('x')
  assert.equal(await remark(a).textContent(), '')
})

/** Runs in the page: drops something that claims to be files but has none, like a folder in some browsers. */
function dropOfNothing() {
  const event = new DragEvent('drop', { bubbles: true, cancelable: true })
  Object.defineProperty(event, 'dataTransfer', { value: { types: ['Files'], files: [] } })
  document.getElementById('scroller').dispatchEvent(event)
}

scene('the page says when an animation is sent as a still image', async (s) => {
  const [a, b] = await s.openPair()
  const base = Buffer.from((await a.page.evaluate(() => document.createElement('canvas').toDataURL('image/png'))).split(',')[1], 'base64')
  const webp = Buffer.from((await a.page.evaluate(() => document.createElement('canvas').toDataURL('image/webp'))).split(',')[1], 'base64')
  const gif = gifWithPlace(2)
  const zeros = Buffer.concat([gif.subarray(0, 13 + 6), Buffer.alloc(2), gif.subarray(13 + 6)])
  const STILL = 'The animation is sent as a still image.'
  let nth = 0
  for (const [name, type, content, moves, said] of [
    ['a.gif', 'image/gif', gif, true, ''], ['without a trailer.gif', 'image/gif', gif.subarray(0, -1), true, ''],
    ['zeros.gif', 'image/gif', zeros, true, ''], ['large.gif', 'image/gif', largeGif(), false, STILL],
    ['still.gif', 'image/gif', gifWithPlace(1), false, ''], ['a.png', 'image/png', apng(base), false, STILL],
    ['still.png', 'image/png', base, false, ''], ['a.webp', 'image/webp', movingWebp(webp), false, STILL], ['still.webp', 'image/webp', webp, false, ''],
  ]) {
    await a.page.evaluate(handOver, { how: 'drop', files: [file(name, type, content)] })
    const { uri } = await b.seesImage(nth++)
    assert.equal(uri.startsWith('data:image/gif'), moves, name)
    await a.page.waitForFunction((said) => document.getElementById('remark').textContent === said, said)
  }
  // Before a pasted animation is sent.
  await a.page.evaluate(handOver, { how: 'paste', files: [file('a.png', 'image/png', apng(base))] })
  await ask(a).getByRole('img').waitFor()
  await a.page.getByText(STILL).waitFor()
})

scene('a text has the direction of its first strong letter', async (s) => {
  const [a, b] = await s.openPair()
  const HEBREW = 'שלום, מה שלומך?'
  const lines = { [HEBREW]: 'rtl', 'Hello, שלום': 'ltr', '123 … مرحبا hello': 'rtl', '(1) hello': 'ltr', '42': 'ltr' }
  await a.page.getByLabel('Your message').fill(HEBREW)
  assert.equal(await a.page.getByLabel('Your message').evaluate((e) => getComputedStyle(e).direction), 'rtl')
  for (const text of Object.keys(lines)) await a.say(text)
  await b.hears('42')
  for (const [tab, side] of [[a, 'me'], [b, 'they']]) {
    await tab.page.waitForFunction((n) => document.querySelectorAll('.bubble').length === n, Object.keys(lines).length)
    const found = await tab.page.locator('.bubble').evaluateAll((all) => all.map((bubble) => {
      const { direction, borderBottomLeftRadius: left, borderBottomRightRadius: right } = getComputedStyle(bubble)
      return { direction, corner: parseFloat(left) < parseFloat(right) ? 'left' : 'right' }
    }))
    // The corner and position of a bubble depend on its sender, not on its language.
    assert.deepEqual(found.map((bubble) => bubble.direction), Object.values(lines), side)
    assert.deepEqual([...new Set(found.map((bubble) => bubble.corner))], [side === 'me' ? 'right' : 'left'])
    const aligned = await tab.page.locator('.bubble').evaluateAll((all) => all.map((bubble) => {
      const [list, own] = [document.getElementById('messages'), bubble].map((e) => e.getBoundingClientRect())
      return Math.abs(list.right - own.right) < 1 ? 'right' : Math.abs(list.left - own.left) < 1 ? 'left' : 'between'
    }))
    assert.deepEqual([...new Set(aligned)], [side === 'me' ? 'right' : 'left'])
  }
})
