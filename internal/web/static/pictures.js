// Prepares images for sending. Each is redrawn, so that only the picture itself leaves this device: no location, no time,
// no camera model.

import { animation } from './gif.js'
import { moves } from './moving.js'

const LONGEST_SIDE = 1600 // pixels
// In characters. The library stores no larger image, and a reload must show it again.
const ENOUGH = 500_000
const TRIES = [[1, 0.85], [1, 0.7], [0.75, 0.7], [0.5, 0.7], [0.5, 0.4]] // of the longest side, and the quality

/**
 * Returns { imageUrl, stands } for file: a data URI, and whether it is a still image of an animation.
 * Throws if this browser cannot read the image.
 */
export async function prepare(file) {
  const bytes = new Uint8Array(await file.arrayBuffer())
  const gif = animation(bytes)
  const bitmap = await createImageBitmap(gif ?? file) // upright, if the file has an orientation
  const small = gif && gif.size * 4 <= ENOUGH * 3
  const imageUrl = small ? await asUri(gif) : still(bitmap)
  bitmap.close()
  if (!imageUrl.startsWith('data:image/')) throw new Error('too large to be drawn')
  return { imageUrl, stands: !small && moves(bytes) }
}

function asUri(blob) {
  const reader = new FileReader()
  return new Promise((resolve) => {
    reader.onloadend = () => resolve(String(reader.result))
    reader.readAsDataURL(blob)
  })
}

function still(bitmap) {
  let uri
  for (const [share, quality] of TRIES) {
    uri = draw(bitmap, LONGEST_SIDE * share, quality)
    if (uri.length <= ENOUGH) break
  }
  return uri
}

function draw(bitmap, side, quality) {
  const scale = Math.min(1, side / Math.max(bitmap.width, bitmap.height))
  const canvas = document.createElement('canvas')
  canvas.width = Math.max(1, Math.round(bitmap.width * scale))
  canvas.height = Math.max(1, Math.round(bitmap.height * scale))
  const context = canvas.getContext('2d')
  context.fillStyle = '#fff' // JPEG, which every client can show, has no transparency
  context.fillRect(0, 0, canvas.width, canvas.height)
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height)
  return canvas.toDataURL('image/jpeg', quality)
}
