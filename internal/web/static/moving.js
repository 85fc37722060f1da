// Detects animations by the contents of their files.

import { picturesIn, text } from './gif.js'

/** Reports whether the file in bytes (a Uint8Array) holds an animation: GIF, PNG, WebP, or a sequence of AVIF or HEIF. */
export function moves(bytes) {
  if (text(bytes, 1, 3) === 'PNG') return movesAsPng(bytes)
  // WebP container specification, "Extended File Format": the second bit of the flags.
  if (text(bytes, 8, 8) === 'WEBPVP8X') return (bytes[20] & 2) !== 0
  if (text(bytes, 4, 4) === 'ftyp') return ['avis', 'msf1', 'hevc'].includes(text(bytes, 8, 4))
  return picturesIn(bytes) > 1
}

/** An animated PNG has an acTL chunk with the number of pictures before the first picture (APNG, "Structure"). */
function movesAsPng(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = 8; at + 12 <= bytes.length; at += 12 + view.getUint32(at)) {
    const name = text(bytes, at + 4, 4)
    if (name === 'acTL') return view.getUint32(at + 8) > 1
    if (name === 'IDAT') return false
  }
  return false
}
