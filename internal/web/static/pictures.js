// An image on its way out. It is drawn anew, so that nothing of the file but the picture itself leaves this device: no
// place, no time, no name of a camera.

import { animation } from './gif.js'

const LONGEST_SIDE = 1600 // pixels
// In characters. The library stores no larger one, and a reload is to show it again.
const ENOUGH = 500_000
const TRIES = [[1, 0.85], [1, 0.7], [0.75, 0.7], [0.5, 0.7], [0.5, 0.4]] // of the longest side, and the quality

/** The image in file as a data URI. Throws what createImageBitmap does when it is none. */
export async function prepare(file) {
  const bitmap = await createImageBitmap(file) // upright, if the file says how it was held
  const uri = (await moving(file)) ?? still(bitmap)
  bitmap.close()
  return uri
}

/** null: it does not move, or is too large to. */
async function moving(file) {
  const gif = animation(new Uint8Array(await file.arrayBuffer()))
  if (gif === null || gif.size * 4 > ENOUGH * 3) return null
  const reader = new FileReader()
  return new Promise((resolve) => {
    reader.onloadend = () => resolve(reader.result)
    reader.readAsDataURL(gif)
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
  context.fillStyle = '#fff' // JPEG, which every client shows, has no transparency
  context.fillRect(0, 0, canvas.width, canvas.height)
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height)
  return canvas.toDataURL('image/jpeg', quality)
}

/** The image files in what was pasted or dropped. */
export const imagesIn = (transfer) => [...(transfer?.files ?? [])].filter((file) => file.type.startsWith('image/'))
