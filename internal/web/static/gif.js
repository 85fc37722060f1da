// Prepares GIF animations for sending. Redrawing would stop the animation, so the file is kept, but without comments and
// the metadata that programs add.

const LOOP = 'NETSCAPE2.0' // the number of repetitions

/** Returns the GIF in bytes (a Uint8Array) with only its pictures; null if it has only one, or is not a GIF. */
export function animation(bytes) {
  const { parts, whole } = read(bytes)
  return whole > 1 ? new Blob([...parts, Uint8Array.of(0x3b)], { type: 'image/gif' }) : null
}

/** Returns how many pictures begin in the GIF in bytes; the last may be cut off. */
export const picturesIn = (bytes) => read(bytes).begun

/**
 * Reads the blocks (GIF89a, sections 17 to 27) as viewers do: up to the trailer, or as far as possible, and past the
 * zeros that some programs leave between them.
 */
function read(bytes) {
  const parts = []
  let begun = 0
  let whole = 0
  if (!/^GIF8[79]a$/.test(text(bytes, 0, 6))) return { parts, begun, whole }
  let at = 13 + tableLength(bytes[10])
  parts.push(bytes.subarray(0, at))
  while (at < bytes.length && bytes[at] !== 0x3b) {
    const begin = at
    const kind = bytes[at]
    if (kind === 0x2c) {
      begun++
      at = endOfBlocks(bytes, at + 11 + tableLength(bytes[at + 9]))
    } else if (kind === 0x21) {
      at = endOfBlocks(bytes, at + 2)
    } else if (kind === 0) {
      at++
    } else {
      break
    }
    if (at > bytes.length) break
    if (kind === 0x2c) whole++
    if (kind === 0x2c || (kind === 0x21 && isPlayback(bytes, begin))) parts.push(bytes.subarray(begin, at))
  }
  return { parts, begun, whole }
}

const tableLength = (flags) => (flags & 0x80 ? 3 << ((flags & 7) + 1) : 0)

/** Each block begins with its length; an empty one is the last. */
function endOfBlocks(bytes, at) {
  while (bytes[at] > 0) at += bytes[at] + 1
  return at + 1
}

/** Reports whether the extension sets the display time of a picture or the number of repetitions. */
const isPlayback = (bytes, at) => bytes[at + 1] === 0xf9 || (bytes[at + 1] === 0xff && text(bytes, at + 3, 11) === LOOP)

export const text = (bytes, at, length) => String.fromCharCode(...bytes.subarray(at, at + length))
