// The page: it shows where the chat stands and passes on what is pressed. What happens is up to chatme.js.

import { ChatMe } from '../chatme.js'
import { messagesCame, partnerCame, soundSwitch } from './attention.js'
import { Composer, isComposing } from './composer.js'
import { keep, kept } from './prefs.js'
import { Transcript } from './transcript.js'
import { UploadSocket, percentSent } from './upload.js'
import { t, translatePage } from './words.js'

const $ = (id) => document.getElementById(id)

translatePage($('language'))

// The socket is where the page is, so that both live under the same path prefix.
const address = new URL('.', location.href)
address.protocol = address.protocol === 'http:' ? 'ws:' : 'wss:'

const apiKey = document.querySelector('meta[name="chatme-key"]').content
const chat = new ChatMe({ url: address, apiKey, WebSocket: UploadSocket })
const transcript = new Transcript({ list: $('messages'), scroller: $('scroller'), content: $('content'), pill: $('latest'), earlier: $('earlier') })
const composer = new Composer(chat)

const STOPPED = {
  key: 'The server no longer accepts this page. Reload it.',
  replaced: 'This chat continues in another tab.',
  banned: 'You cannot chat here at the moment.',
  too_large: 'A message was too large, so the server closed the connection.',
  refused: 'The server closed the connection.',
}

const MARKS = { sending: 'Sending…', sent: 'Sent', delivered: 'Delivered', waiting: 'Waiting', failed: 'Not delivered' }

// ---- what is shown

const UNSEEN_MS = 250 // until a page without frames renders
const SLOW_MS = 50 // a frame that takes longer is followed by a pause as long

let shown = ''
let outage // of the timer that waits before an outage is worth mentioning
let outageShown = false

let came = 0 // messages since the latest rendering
let due = null // the frame and the timer that render next
let frameMs = 0 // from the latest rendering to the next frame

chat.on('message', (m) => m.mine || came++)
chat.on('change', () => {
  // Who is there is shown at once: what is written next is meant for them. The rest can come with a hundred others.
  if (viewOf() !== shown || chat.messages !== transcript.shown) render()
  else renderSoon()
})

/** Renders before the next frame. A page that is not seen has none, and a slow one needs time for what is pressed, too. */
function renderSoon() {
  if (due) return
  const slow = frameMs > SLOW_MS
  due = { frame: slow ? 0 : requestAnimationFrame(render), timer: setTimeout(render, slow ? Math.min(frameMs, UNSEEN_MS) : UNSEEN_MS) }
}

function render() {
  if (due) {
    cancelAnimationFrame(due.frame)
    clearTimeout(due.timer)
    due = null
  }
  const began = performance.now()
  requestAnimationFrame(() => (frameMs = performance.now() - began))
  const view = viewOf()
  document.body.dataset.view = view
  document.body.toggleAttribute('data-away', view === 'chat' && !chat.partner.here)
  watchOutage()
  setText($('status'), t(statusText(view)))
  setText($('end'), t(view === 'chat' ? 'End' : 'Stop'))
  setNotice(t(noticeText()))
  const partner = chat.partner
  $('typing').hidden = !(view === 'chat' && partner.here && partner.typing && chat.online)
  const presence = t(presenceText(view))
  $('presence').hidden = presence === ''
  setText($('presence'), presence)
  const { another, more } = transcript.sync(chat.messages, markOf)
  if (another) composer.clear()
  if (view !== 'chat') composer.question.close()
  if (more) renderSoon()
  watchUpload()
  if (came > 0) messagesCame(came)
  came = 0
  if (view !== shown) {
    if (view === 'chat' && shown !== '') partnerCame()
    shown = view
    moveFocus(view)
  }
}

/** What is said under an own message. */
function markOf(m) {
  const status = chat.statusOf(m)
  const waits = status === 'sending' && chat.partner?.here === false
  const percent = status === 'sending' && m.imageUrl ? percentSent(m.imageUrl.length) : null
  const progress = percent === null ? '' : ` ${percent} %`
  return { text: t(MARKS[waits ? 'waiting' : status]) + progress, failed: status === 'failed' }
}

let upload // of the timer that shows how far an image is

function watchUpload() {
  const sending = chat.messages.some((m) => m.mine && m.imageUrl && chat.statusOf(m) === 'sending')
  if (!sending) {
    clearInterval(upload)
    upload = undefined
  } else {
    upload ??= setInterval(render, 200)
  }
}

/** start, searching, chat, or ended: the partner has left, its messages can be read while a new one is looked for. */
function viewOf() {
  if (chat.stopped || chat.state === 'idle') return 'start'
  if (chat.state === 'chatting') return 'chat'
  return chat.ended === 'partner' && chat.messages.length > 0 ? 'ended' : 'searching'
}

function statusText(view) {
  if (view === 'start') return ''
  if (outageShown) return 'No connection. Trying again…'
  if (view === 'ended') return 'They left. Searching…'
  if (view === 'searching') return 'Searching'
  return chat.partner.here ? 'With a stranger' : 'The stranger is away'
}

function presenceText(view) {
  if (view === 'ended') return 'The stranger has left. Looking for someone new…'
  if (view === 'chat' && !chat.partner.here) return 'The stranger is away but may come back. Your messages are kept for them. Or press Next.'
  return ''
}

function noticeText() {
  if (chat.stopped) return STOPPED[chat.stopped]
  if (chat.ended === 'lost') return 'Your last chat could not be restored.'
  if (chat.ended === 'partner') return 'The stranger has left.'
  return ''
}

function setNotice(text) {
  $('notice').hidden = text === ''
  setText($('notice'), text)
}

/** A short outage is not worth a word: a reload is one. */
function watchOutage() {
  const out = !chat.online && chat.state !== 'idle'
  if (!out) {
    clearTimeout(outage)
    outage = undefined
    outageShown = false
  } else if (outage === undefined) {
    outage = setTimeout(() => {
      outageShown = true
      render()
    }, 1500)
  }
}

/** A live region speaks at every change, so it changes only when its text does. */
function setText(e, text) {
  if (e.textContent !== text) e.textContent = text
}

/** What had the focus may be gone; whoever uses the keyboard goes on where the view begins. */
function moveFocus(view) {
  // On a touch screen the focus would bring up the keyboard.
  if (view === 'chat' && matchMedia('(pointer: fine)').matches) $('text').focus()
  else if (document.activeElement === document.body) return
  else if (view === 'start') $('start').focus()
  else if (view !== 'ended') $('main').focus()
}

// ---- what is pressed

$('start').addEventListener('click', () => chat.search())
$('next').addEventListener('click', () => chat.search())
$('end').addEventListener('click', () => chat.end())
soundSwitch($('sound'))

// Esc also closes the emoji and the question, and is then no Next; nor is one that is held down, which would leave one after the other.
let panelOpen = false
$('faces').addEventListener('toggle', (event) => (panelOpen = event.newState === 'open'))
addEventListener('keydown', (event) => {
  if (event.key !== 'Escape' || event.repeat || isComposing(event) || panelOpen || shown !== 'chat') return
  event.preventDefault()
  if (composer.question.isOpen) composer.question.close()
  else chat.search()
})

// ---- start: go on where this tab was

// A page that the browser had kept aside knows less than the storage does by now.
addEventListener('pageshow', (event) => {
  if (event.persisted) location.reload()
})

addEventListener('pagehide', () => {
  keep('place', transcript.place)
  keep('draft', composer.draft || null)
})

render()
const place = Number(kept('place') ?? NaN)
if (Number.isFinite(place)) transcript.place = place
if (chat.state === 'chatting') composer.draft = kept('draft') ?? ''
if (chat.state !== 'idle') chat.connect()
