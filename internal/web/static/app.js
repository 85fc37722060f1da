// The page: it shows where the chat stands and passes on what is pressed. What happens is up to chatme.js.

import { ChatMe } from '../chatme.js'
import { Transcript } from './transcript.js'

const $ = (id) => document.getElementById(id)

// The socket is where the page is, so that both live under the same path prefix.
const address = new URL('.', location.href)
address.protocol = address.protocol === 'http:' ? 'ws:' : 'wss:'

const chat = new ChatMe({ url: address, apiKey: document.querySelector('meta[name="chatme-key"]').content })
const transcript = new Transcript({ list: $('messages'), scroller: $('scroller'), content: $('content'), pill: $('latest') })

const STOPPED = {
  key: 'The server does not accept this page any more. Reload it.',
  replaced: 'This chat goes on in another tab.',
  banned: 'You cannot chat here at the moment.',
  too_large: 'A message was too large, and the server closed the connection.',
  refused: 'The server closed the connection.',
}

// ---- what is shown

let shown = ''
let outage // of the timer that waits before an outage is worth mentioning
let outageShown = false

chat.on('change', render)

function render() {
  const view = viewOf()
  document.body.dataset.view = view
  document.body.toggleAttribute('data-away', view === 'chat' && !chat.partner.here)
  watchOutage()
  setText($('status'), statusText(view))
  setText($('end'), view === 'chat' ? 'End' : 'Stop')
  setNotice(noticeText())
  const partner = chat.partner
  $('typing').hidden = !(view === 'chat' && partner.here && partner.typing && chat.online)
  const presence = presenceText(view)
  $('presence').hidden = presence === ''
  setText($('presence'), presence)
  if (transcript.sync(chat.messages, markOf)) clearDraft()
  if (view !== shown) {
    shown = view
    moveFocus(view)
  }
}

function markOf(m) {
  const status = chat.statusOf(m)
  return status === 'sending' && chat.partner?.here === false ? 'waiting' : status
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
  if (view === 'chat' && !chat.partner.here) return 'The stranger is away and may come back. What you write is kept for them. Or press Next.'
  return ''
}

function noticeText() {
  if (chat.stopped) return STOPPED[chat.stopped]
  if (chat.ended === 'lost') return 'Your last chat could not be brought back.'
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

function moveFocus(view) {
  // On a touch screen the focus would bring up the keyboard.
  if (view === 'chat' && matchMedia('(pointer: fine)').matches) $('text').focus()
  else if (view === 'start' && document.activeElement !== document.body) $('start').focus()
}

// ---- what is pressed

$('start').addEventListener('click', () => chat.search())
$('next').addEventListener('click', () => chat.search())
$('end').addEventListener('click', () => chat.end())

$('composer').addEventListener('submit', (event) => {
  event.preventDefault()
  send()
})

$('text').addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
  event.preventDefault()
  send()
})

$('text').addEventListener('input', () => {
  fitText()
  $('text').setCustomValidity('')
  chat.typing($('text').value !== '')
})

function send() {
  const field = $('text')
  const text = field.value.trim()
  if (text === '' || chat.state !== 'chatting') return
  try {
    chat.send(text)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    field.setCustomValidity('This is too long for one message.')
    field.reportValidity()
    return
  }
  clearDraft()
  field.focus()
}

/** What was being written was meant for the one who is gone. */
function clearDraft() {
  $('text').value = ''
  fitText()
}

/** The field grows with its text where field-sizing does not do it. */
function fitText() {
  if (CSS.supports('field-sizing', 'content')) return
  const field = $('text')
  field.style.height = 'auto'
  field.style.height = `${field.scrollHeight + 2}px`
}

// ---- start: go on where this tab was

// A page that the browser had kept aside knows less than the storage does by now.
addEventListener('pageshow', (event) => {
  if (event.persisted) location.reload()
})

render()
if (chat.state !== 'idle') chat.connect()
