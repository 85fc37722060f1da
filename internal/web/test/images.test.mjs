// Images, from the file on one device to the screen of the other.

import assert from 'node:assert/strict'
import { PLACE, gifWithPlace, photoWithPlace } from './photo.mjs'
import { startProxy } from './proxy.mjs'
import { scene } from './scene.mjs'

const photo = (buffer) => ({ name: 'photo.jpg', mimeType: 'image/jpeg', buffer })

/** Runs in the page: dispatches a paste or drag event with a file. */
function handOver({ type, base64, mimeType }) {
  const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))
  const transfer = new DataTransfer()
  transfer.items.add(new File([bytes], 'file', { type: mimeType }))
  const init = { bubbles: true, cancelable: true, clipboardData: transfer, dataTransfer: transfer }
  const target = type === 'paste' ? document.getElementById('text') : document.getElementById('messages')
  return target.dispatchEvent(type === 'paste' ? new ClipboardEvent(type, init) : new DragEvent(type, init))
}

scene('an image is sent by button, paste and drop: smaller, upright and without its location', async (s) => {
  const [a, b] = await s.openPair()
  const file = await photoWithPlace(a.page, 2400, 1800)
  assert.ok(file.includes(PLACE))

  await a.page.locator('#file').setInputFiles(photo(file))
  const shown = await b.seesImage()
  assert.deepEqual([shown.width, shown.height], [1200, 1600])
  const sent = Buffer.from(shown.uri.replace(/^data:image\/jpeg;base64,/, ''), 'base64')
  assert.ok(!sent.includes(PLACE) && !sent.includes('Exif'), 'the location left the device')
  assert.ok(sent.length < 400_000, `${sent.length} bytes`)
  await a.marked('', 'Delivered')

  const handed = { base64: file.toString('base64'), mimeType: 'image/jpeg' }
  assert.equal(await a.page.evaluate(handOver, { type: 'paste', ...handed }), false) // default prevented
  const ask = a.page.getByRole('dialog', { name: 'Send this image?' })
  await ask.getByRole('img').waitFor()
  await ask.getByRole('button', { name: 'Send' }).click()
  await b.seesImage(1)
  assert.equal(await a.page.evaluate(handOver, { type: 'dragover', ...handed }), false)
  await a.page.locator('body[data-drop]').waitFor()
  assert.equal(await a.page.evaluate(handOver, { type: 'drop', ...handed }), false)
  await b.seesImage(2)
  assert.equal(await a.page.locator('body[data-drop]').count(), 0)

  // A reload shows them again, on both sides.
  await Promise.all([a.page.reload(), b.page.reload()])
  await b.seesImage(2)
  await a.page.locator('.mine img').nth(2).waitFor()
})

scene('an animation stays animated and loses its location', async (s) => {
  const [a, b] = await s.openPair()
  const send = (pictures) => a.page.locator('#file').setInputFiles({ name: 'x.gif', mimeType: 'image/gif', buffer: gifWithPlace(pictures) })
  await send(2)
  const { uri } = await b.seesImage()
  const sent = Buffer.from(uri.replace(/^data:image\/gif;base64,/, ''), 'base64')
  assert.equal(sent.toString('latin1').split('\x21\xf9').length - 1, 2)
  assert.ok(sent.includes('NETSCAPE2.0') && !sent.includes(PLACE) && !sent.includes('XMP'))

  await send(1) // not animated, so sent as any other
  assert.match((await b.seesImage(1)).uri, /^data:image\/jpeg;base64,/)
})

scene('the image button opens the file chooser, and a file that is not an image is reported', async (s) => {
  const [a, b] = await s.openPair()
  const [chooser] = await Promise.all([a.page.waitForEvent('filechooser'), a.page.getByRole('button', { name: 'Send an image' }).click()])
  await chooser.setFiles({ name: 'page.png', mimeType: 'image/png', buffer: Buffer.from('<script>') })
  await a.page.getByText('This browser cannot read this image.').waitFor()
  await a.say('sorry')
  await b.hears('sorry')
  await b.shows(['they: sorry'])
  assert.equal(await a.page.locator('#remark').textContent(), '')
})

scene('the page shows the upload progress of an image', async (s) => {
  const proxy = await startProxy(s.server.url, '/')
  s.others.push(proxy)
  s.address = proxy.url
  const script = () => Object.defineProperty(WebSocket.prototype, 'bufferedAmount', { get: () => globalThis.waiting ?? 0 })
  const [a, b] = await s.openPair({ script })
  const file = await photoWithPlace(a.page, 400, 300)
  proxy.hold()
  await a.page.evaluate(() => (globalThis.waiting = 1e9))
  await a.page.locator('#file').setInputFiles(photo(file))
  await a.page.getByText('Sending… 0 %').waitFor()
  await a.page.evaluate(() => (globalThis.waiting = document.querySelector('.mine img').src.length / 4))
  await a.page.getByText('Sending… 75 %').waitFor()
  proxy.release()
  await b.seesImage()
  await a.page.getByText('Delivered', { exact: true }).waitFor()
})

scene('an image is never sent to a partner other than the intended one', async (s) => {
  const script = () => {
    const prepare = globalThis.createImageBitmap
    globalThis.createImageBitmap = async (file) => {
      await new Promise((go) => (globalThis.go = go))
      return prepare(file)
    }
  }
  const [a, b] = await s.openPair({ script })
  const c = await s.open()
  const file = await photoWithPlace(a.page, 100, 100)
  await a.page.locator('#file').setInputFiles(photo(file))
  await a.page.getByText('Preparing the image…').waitFor()
  await b.next()
  await a.sees('searching')
  await c.start()
  await Promise.all([a.sees('chat'), c.sees('chat')])
  await a.page.evaluate(() => globalThis.go())
  await a.page.getByText('the image was not sent').waitFor()
  await a.say('hello')
  await c.hears('hello')
  await c.shows(['they: hello'])
})
