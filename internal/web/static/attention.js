// Announces events in a page without focus: a number in the title, and a sound if the reader turned it on.

import { choose, chosen } from './prefs.js'

const APART_MS = 1000 // between two message sounds

const title = document.title
let unread = 0
let audio
let heardAt = -Infinity

const looking = () => !document.hidden && document.hasFocus()

/** Announces count new messages. */
export function messagesCame(count) {
  if (looking()) return
  unread += count
  document.title = `(${unread}) ${title}`
  const now = performance.now()
  if (now - heardAt >= APART_MS && sound()) heardAt = now
}

/** Announces a new partner. */
export function partnerCame() {
  if (!looking()) sound()
}

function looked() {
  if (!looking()) return
  unread = 0
  document.title = title
}

/** Makes button turn the sound on and off; it is off by default. */
export function soundSwitch(button) {
  const show = () => button.setAttribute('aria-pressed', String(chosen('sound') === 'on'))
  button.addEventListener('click', () => {
    choose('sound', chosen('sound') === 'on' ? 'off' : 'on')
    show()
    sound() // a sample; browsers allow sound only after a click
  })
  show()
  document.addEventListener('visibilitychange', looked)
  addEventListener('focus', looked)
}

/** Plays a short, soft tone if the sound is on. It is synthesized, so that there is nothing to load. */
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
