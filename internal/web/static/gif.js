// An animation on its way out. Drawn anew it would stand still, so it stays as it is, without what a GIF can carry
// beside its pictures: comments, and what programs write about where it comes from.

const LOOP = 'NETSCAPE2.0' // says how often it plays

/**
 * The GIF in bytes (a Uint8Array) without anything but pictures; null if it has only one, or is none (GIF89a, sections
 * 17 to 27).
 */
export function animation(bytes) {
  if (!/^GIF8[79]a$/.test(text(bytes, 0, 6))) return null
  let at = 13 + tableLength(bytes[10])
  const parts = [bytes.subarray(0, at)]
  let pictures = 0
  while (bytes[at] !== 0x3b) {
    const begin = at
    if (bytes[at] === 0x2c) {
      pictures++
      at = endOfBlocks(bytes, at + 11 + tableLength(bytes[at + 9]))
    } else if (bytes[at] === 0x21) {
      at = endOfBlocks(bytes, at + 2)
    } else {
      return null
    }
    if (at > bytes.length) return null
    if (bytes[begin] === 0x2c || isPlayback(bytes, begin)) parts.push(bytes.subarray(begin, at))
  }
  return pictures > 1 ? new Blob([...parts, Uint8Array.of(0x3b)], { type: 'image/gif' }) : null
}

const tableLength = (flags) => (flags & 0x80 ? 3 << ((flags & 7) + 1) : 0)

/** Each block begins with its length; one of no length is the last. */
function endOfBlocks(bytes, at) {
  while (bytes[at] > 0) at += bytes[at] + 1
  return at + 1
}

/** Of the extensions, how long a picture is shown, and how often all are. */
const isPlayback = (bytes, at) => bytes[at + 1] === 0xf9 || (bytes[at + 1] === 0xff && text(bytes, at + 3, 11) === LOOP)

const text = (bytes, at, length) => String.fromCharCode(...bytes.subarray(at, at + length))
