// Says that something came while nobody looked: a number in the title, and a sound if the reader wants one.

import { choose, chosen } from './prefs.js'

const APART_MS = 1000 // of two sounds for messages

const title = document.title
let unread = 0
let audio
let heardAt = -Infinity

const looking = () => !document.hidden && document.hasFocus()

/** So many messages came. */
export function messagesCame(count) {
  if (looking()) return
  unread += count
  document.title = `(${unread}) ${title}`
  const now = performance.now()
  if (now - heardAt >= APART_MS && sound()) heardAt = now
}

/** A partner was found. */
export function partnerCame() {
  if (!looking()) sound()
}

function looked() {
  if (!looking()) return
  unread = 0
  document.title = title
}

/** Makes button turn the sound on and off; off until it is wanted. */
export function soundSwitch(button) {
  const show = () => button.setAttribute('aria-pressed', String(chosen('sound') === 'on'))
  button.addEventListener('click', () => {
    choose('sound', chosen('sound') === 'on' ? 'off' : 'on')
    show()
    sound() // what to expect, and the browser allows sound only after a click
  })
  show()
  document.addEventListener('visibilitychange', looked)
  addEventListener('focus', looked)
}

/** Makes a short, soft tone if the reader wants one. It is made here, so that there is nothing to load. */
function sound() {
  if (chosen('sound') !== 'on' || !globalThis.AudioContext) return false
  audio ??= new AudioContext()
  audio.resume().catch(() => {})
  const volume = new GainNode(audio, { gain: 0.08 })
  const tone = new OscillatorNode(audio, { frequency: 660 })
  tone.connect(volume).connect(audio.destination)
  volume.gain.exponentialRampToValueAtTime(0.0001, audio.currentTime + 0.35)
  tone.start()
  tone.stop(audio.currentTime + 0.35)
  return true
}
