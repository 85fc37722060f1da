// Test animations.

import { gifWithPlace } from './photo.mjs'

/** A GIF too large to be sent unchanged: thousands of pictures. */
export const largeGif = () => gifWithPlace(20_000)

/** Returns the PNG as an animation of two equal pictures (APNG, "Structure"). */
export function apng(png) {
  const chunk = (name, data) => {
    const body = Buffer.concat([Buffer.from(name), data])
    const [length, sum] = [data.length, crc(body)].map((n) => {
      const word = Buffer.alloc(4)
      word.writeUInt32BE(n)
      return word
    })
    return Buffer.concat([length, body, sum])
  }
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)]
  const frame = (sequence) => chunk('fcTL', words(sequence, width, height, 0, 0, 0x0001000a, 0).subarray(0, 26))
  const head = png.subarray(0, 33) // the signature and IHDR
  const [datas, end] = [chunksOf(png, 'IDAT'), chunksOf(png, 'IEND')]
  const again = datas.map((data, i) => chunk('fdAT', Buffer.concat([words(2 + i), data])))
  return Buffer.concat([head, chunk('acTL', words(2, 0)), frame(0), ...datas.map((data) => chunk('IDAT', data)), frame(1), ...again, ...end.map((data) => chunk('IEND', data))])
}

/** Returns the WebP as the only picture of a file flagged as an animation (WebP container, "Extended File Format"). */
export function movingWebp(webp) {
  const size = Buffer.alloc(4)
  const extended = Buffer.concat([Buffer.from('VP8X'), little(10), Buffer.from([2, 0, 0, 0]), little(299).subarray(0, 3), little(149).subarray(0, 3)])
  const anim = Buffer.concat([Buffer.from('ANIM'), little(6), Buffer.alloc(6)])
  const frame = Buffer.concat([Buffer.alloc(6), little(299).subarray(0, 3), little(149).subarray(0, 3), Buffer.from([10, 0, 0, 0]), ...frameChunks(webp)])
  const anmf = Buffer.concat([Buffer.from('ANMF'), little(frame.length), frame, Buffer.alloc(frame.length % 2)])
  const body = Buffer.concat([Buffer.from('WEBP'), extended, anim, anmf, anmf])
  size.writeUInt32LE(body.length)
  return Buffer.concat([Buffer.from('RIFF'), size, body])
}

/** Returns the chunks that a frame may have: a browser also writes a color profile, which belongs to the file. */
function frameChunks(webp) {
  const found = []
  for (let at = 12, end; at < webp.length; at = end) {
    const length = webp.readUInt32LE(at + 4)
    end = at + 8 + length + (length % 2)
    if (['ALPH', 'VP8 ', 'VP8L'].includes(webp.toString('latin1', at, at + 4))) found.push(webp.subarray(at, end))
  }
  return found
}

function chunksOf(png, name) {
  const found = []
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at)) {
    if (png.toString('latin1', at + 4, at + 8) === name) found.push(png.subarray(at + 8, at + 8 + png.readUInt32BE(at)))
  }
  return found
}

/** Returns the checksum of a PNG chunk (PNG specification, annex D). */
function crc(bytes) {
  let sum = ~0
  for (const byte of bytes) {
    sum ^= byte
    for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1
  }
  return ~sum >>> 0
}

function words(...numbers) {
  const all = Buffer.alloc(4 * numbers.length)
  numbers.forEach((n, i) => all.writeUInt32BE(n, 4 * i))
  return all
}

function little(n) {
  const word = Buffer.alloc(4)
  word.writeUInt32LE(n)
  return word
}
