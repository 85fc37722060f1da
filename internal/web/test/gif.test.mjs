// GIF animations and their metadata.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { animation } from '../static/gif.js'
import { gifWithPlace } from './photo.mjs'

test('an animation keeps only its visible parts, and other data is not an animation', async () => {
  const gif = gifWithPlace(3)
  const kept = Buffer.from(await animation(gif).arrayBuffer())
  const again = Buffer.from(await animation(kept).arrayBuffer())
  assert.deepEqual(again, kept)
  assert.ok(kept.length < gif.length)
  assert.equal(animation(gifWithPlace(1)), null)
  for (const other of [Buffer.alloc(0), Buffer.from('GIF89a'), Buffer.from('<script>'), Buffer.from([0xff, 0xd8, 0xff])]) assert.equal(animation(other), null)
})

test('an animation cut or corrupted anywhere has whole pictures or is not an animation', async () => {
  const gif = gifWithPlace(3)
  const whole = Buffer.from(await animation(gif).arrayBuffer())
  for (let at = 0; at < gif.length; at++) {
    const kept = animation(gif.subarray(0, at))
    if (!kept) continue
    const cut = Buffer.from(await kept.arrayBuffer())
    assert.ok(whole.subarray(0, cut.length - 1).equals(cut.subarray(0, -1)) && cut.at(-1) === 0x3b, `cut at ${at}`)
    assert.deepEqual(Buffer.from(await animation(cut).arrayBuffer()), cut)
  }
  for (let at = 0; at < gif.length; at++) {
    for (const byte of [0, 0x21, 0x2c, 0x3b, 0xff]) {
      const spoiled = Buffer.from(gif)
      spoiled[at] = byte
      const kept = animation(spoiled)
      if (kept) assert.equal(Buffer.from(await kept.arrayBuffer()).at(-1), 0x3b)
    }
  }
})
