// An image on its way out. It is drawn anew, so that nothing of the file but the picture itself leaves this device: no
// place, no time, no name of a camera.

const LONGEST_SIDE = 1600 // pixels
// In characters. The library stores no larger one, and a reload is to show it again.
const ENOUGH = 500_000
const TRIES = [[1, 0.85], [1, 0.7], [0.75, 0.7], [0.5, 0.7], [0.5, 0.4]] // of the longest side, and the quality

/** The image in file as a data URI. Throws what createImageBitmap does when it is none. */
export async function prepare(file) {
  const bitmap = await createImageBitmap(file) // upright, if the file says how it was held
  let uri
  for (const [share, quality] of TRIES) {
    uri = draw(bitmap, LONGEST_SIDE * share, quality)
    if (uri.length <= ENOUGH) break
  }
  bitmap.close()
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
