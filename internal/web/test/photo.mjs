// Test pictures.

/** The smallest picture. */
export const DOT = 'data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7'

/**
 * Returns the data URI of a JPEG of 8 by 8 gray pixels, with size letters after them that decoders skip. Cleaning leaves it as
 * it is. size is a multiple of four.
 */
export function large(size) {
  const tables = [
    [0xdb, 0, ...Array(64).fill(1)], [0xc0, 8, 0, 8, 0, 8, 1, 1, 0x11, 0], // 8 bits, 8 by 8, one component
    [0xc4, 0, 1, ...Array(16).fill(0)], [0xc4, 0x10, 1, ...Array(16).fill(0)], [0xda, 1, 1, 0, 0, 63, 0],
  ]
  const segments = tables.flatMap(([marker, ...content]) => [0xff, marker, 0, content.length + 2, ...content])
  const head = Buffer.from([0xff, 0xd8, ...segments, 0x3f, 0, 0])
  return `data:image/jpeg;base64,${head.toString('base64')}${'A'.repeat(size)}AP/Z`
}

/** Returns a JPEG of this size, drawn by page, rotated by a quarter and with a location as cameras write it. */
export async function photoWithPlace(page, width, height) {
  const uri = await page.evaluate(
    ([width, height]) => {
      const canvas = Object.assign(document.createElement('canvas'), { width, height })
      const context = canvas.getContext('2d')
      const bands = ['#4a7fb5', '#8fb4d6', '#f3d9a4', '#6f8f63', '#40513b']
      const band = width / bands.length
      bands.forEach((colour, i) => {
        context.fillStyle = colour
        context.fillRect(i * band, 0, band, height)
      })
      return canvas.toDataURL('image/jpeg', 0.9)
    },
    [width, height],
  )
  const jpeg = Buffer.from(uri.split(',')[1], 'base64')
  return Buffer.concat([jpeg.subarray(0, 2), exif(), jpeg.subarray(2)])
}

export const PLACE = '48.2082N 16.3738E'

/** Returns the APP1 segment (Exif 2.3, section 4.5.4): one entry, orientation 6, followed by PLACE. */
function exif() {
  const entry = [0x12, 0x01, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0]
  const tiff = Buffer.concat([Buffer.from('II*\0\x08\0\0\0\x01\0', 'latin1'), Buffer.from(entry), Buffer.alloc(4), Buffer.from(PLACE)])
  const body = Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), tiff])
  const head = Buffer.from([0xff, 0xe1, 0, 0])
  head.writeUInt16BE(body.length + 2, 2)
  return Buffer.concat([head, body])
}

/** Returns a GIF89a with the given number of one-pixel pictures, and a comment and an XMP block with PLACE. */
export function gifWithPlace(pictures) {
  const block = (text) => [text.length, ...Buffer.from(text, 'latin1')]
  const loop = [0x21, 0xff, ...block('NETSCAPE2.0'), 3, 1, 0, 0, 0]
  const comment = [0x21, 0xfe, ...block(PLACE), 0]
  const xmp = [0x21, 0xff, ...block('XMP DataXMP'), ...block(PLACE), 0]
  const picture = [0x21, 0xf9, 4, 0, 10, 0, 0, 0, 0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0]
  const head = [...Buffer.from('GIF89a'), 1, 0, 1, 0, 0x80, 0, 0, 255, 0, 0, 0, 0, 255]
  return Buffer.from([...head, ...loop, ...comment, ...xmp, ...Array(pictures).fill(picture).flat(), 0x3b])
}
