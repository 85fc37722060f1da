// The page: it shows the state of the chat and passes on user input. The logic is in chatme.js.

import { ChatMe } from '../chatme.js'
import { messagesCame, partnerCame, soundSwitch } from './attention.js'
import { Composer, isComposing } from './composer.js'
import { isOpen } from './emoji.js'
import { Interests, commonText } from './interests.js'
import { keep, kept } from './prefs.js'
import { Transcript } from './transcript.js'
import { UploadSocket, percentSent } from './upload.js'
import { t, translatePage } from './words.js'

const $ = (id) => document.getElementById(id)

translatePage($('language'))

// The socket has the page's address, so that both work under the same path prefix.
const address = new URL('.', location.href)
address.protocol = address.protocol === 'http:' ? 'ws:' : 'wss:'

const apiKey = document.querySelector('meta[name="chatme-key"]').content
const chat = new ChatMe({ url: address, apiKey, WebSocket: UploadSocket })
const transcript = new Transcript({ list: $('messages'), scroller: $('scroller'), content: $('content'), pill: $('latest'), earlier: $('earlier') })
const composer = new Composer(chat)
const interests = new Interests(chat, { topics: $('interests'), languages: $('tongues'), only: $('fluent'), changed: renderSoon })

const STOPPED = {
  key: 'The server no longer accepts this page. Reload it.',
  replaced: 'This chat continues in another tab.',
  banned: 'You cannot chat here at the moment.',
  too_large: 'A message was too large, so the server closed the connection.',
  refused: 'The server closed the connection.',
}

const MARKS = { sending: 'Sending…', sent: 'Sent', delivered: 'Delivered', waiting: 'Waiting', failed: 'Not delivered' }

// ---- rendering

const UNSEEN_MS = 250 // before a page without frames renders
const SLOW_MS = 50 // a slower frame is followed by a pause as long

let shown = ''
let outage // timer: an outage is shown after a while
let outageShown = false

let came = 0 // messages since the last rendering
let due = null // next frame and timer
let frameMs = 0 // from the last rendering to the next frame

chat.on('message', (m) => m.mine || came++)
chat.on('change', () => {
  // A new partner is shown at once: the next text is meant for them. Other changes can wait for the next frame.
  if (viewOf() !== shown || chat.messages !== transcript.shown) render()
  else renderSoon()
})

/** Renders before the next frame. A hidden page has no frames, and a slow page needs time for input. */
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
  setText($('looking'), interests.lookingText)
  const partner = chat.partner
  const common = commonText(partner?.common ?? [])
  $('common').hidden = common === ''
  setText($('common'), common)
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

/** Returns the mark under one of the user's messages. */
function markOf(m) {
  const status = chat.statusOf(m)
  const waits = status === 'sending' && chat.partner?.here === false
  const percent = status === 'sending' && m.imageUrl ? percentSent(m.imageUrl.length) : null
  const progress = percent === null ? '' : ` ${percent} %`
  return { text: t(MARKS[waits ? 'waiting' : status]) + progress, failed: status === 'failed' }
}

let upload // timer: shows upload progress

function watchUpload() {
  const sending = chat.messages.some((m) => m.mine && m.imageUrl && chat.statusOf(m) === 'sending')
  if (!sending) {
    clearInterval(upload)
    upload = undefined
  } else {
    upload ??= setInterval(render, 200)
  }
}

/** Returns start, searching, chat, or ended: the partner left, and its messages stay readable during the search. */
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

/** Hides short outages, such as a reload. */
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

/** A live region is announced at every change, so it changes only when its text does. */
function setText(e, text) {
  if (e.textContent !== text) e.textContent = text
}

/** The focused element may be gone; keyboard users continue at the start of the view. */
function moveFocus(view) {
  // On a touch screen the focus would open the keyboard.
  if (view === 'chat' && matchMedia('(pointer: fine)').matches) $('text').focus()
  else if (document.activeElement === document.body) return
  else if (view === 'start') $('start').focus()
  else if (view !== 'ended') $('main').focus()
}

// ---- input

$('start').addEventListener('click', () => chat.search())
$('next').addEventListener('click', () => chat.search())
$('end').addEventListener('click', () => chat.end())
soundSwitch($('sound'))

// Esc that closes the emoji or the question is not Next; nor is a held key, which would skip partner after partner.
addEventListener('keydown', (event) => {
  if (event.key !== 'Escape' || event.repeat || isComposing(event) || isOpen($('faces')) || shown !== 'chat') return
  event.preventDefault()
  if (composer.question.isOpen) composer.question.close()
  else chat.search()
})

// ---- start: restore the state of this tab

// A page from the back/forward cache is older than the storage.
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
