// The list of messages on the page. The stranger's content is untrusted: text is inserted as text, an image only as a
// data URI of a type that cannot run code, and nothing is ever fetched.

import { linkTo, withLinks } from './links.js'
import { t } from './words.js'

const INLINE_IMAGE = /^data:image\/(png|jpeg|jpg|gif|webp|avif|heic|heif|bmp);base64,[A-Za-z0-9+/]+=*$/

const MOST = 300 // messages in the list
const FEWER = 240 // are left beyond that: removing one per new message would move all the others each time
// Added to the list at a time, so that the page responds while a stranger sends faster than a person reads.
const AT_A_TIME = 16
const CHARS_AT_A_TIME = 16_000

/**
 * Shows messages in list and keeps scroller at the end of content, also when an image has loaded or a phone's keyboard
 * has opened. A reader who scrolled up stays there; pill announces new messages, earlier says that old ones are hidden.
 */
export class Transcript {
  #list
  #scroller
  #pill
  #earlier
  #following = true
  #top = 0 // the last scroll position
  #shown = null // the array that the list shows
  #items = new Map() // Message → its element

  constructor({ list, scroller, content, pill, earlier }) {
    this.#list = list
    this.#scroller = scroller
    this.#pill = pill
    this.#earlier = earlier
    pill.addEventListener('click', () => this.toEnd())
    scroller.addEventListener('scroll', () => {
      if (scroller.clientHeight === 0) return // not shown
      // A late event may carry a position that used to be the end: only scrolling up stops the following.
      const up = scroller.scrollTop < this.#top
      this.#top = scroller.scrollTop
      if (this.#atEnd()) this.#following = true
      else if (up) this.#following = false
      if (this.#following) pill.hidden = true
    })
    const sizes = new ResizeObserver(() => this.#following && this.toEnd())
    sizes.observe(scroller)
    sizes.observe(content)
  }

  /** The messages in the list. */
  get shown() {
    return this.#shown
  }

  /** The reader's distance from the top; null: follows the end. */
  get place() {
    return this.#following ? null : this.#scroller.scrollTop
  }
  set place(top) {
    const go = () => {
      this.#following = false
      this.#top = this.#scroller.scrollTop = top
    }
    go()
    // Images have no height before they load.
    const images = [...this.#list.querySelectorAll('img')].map((img) => img.decode().catch(() => {}))
    if (images.length > 0) Promise.all(images).then(go)
  }

  /**
   * Makes the list show messages; another array is another chat. Returns another: whether it is one, and more: whether
   * the next call has messages left to show. markOf returns the mark of one of the user's messages: { text, failed }.
   */
  sync(messages, markOf) {
    const another = messages !== this.#shown
    if (another) {
      this.#list.replaceChildren()
      this.#items.clear()
      this.#shown = messages
      this.toEnd()
    }
    const latest = this.#latest(messages)
    this.#remove(latest)
    // A new page shows all messages, or it could not restore the scroll position.
    const { added, more } = this.#add(latest, another ? Infinity : AT_A_TIME)
    this.#earlier.hidden = !isCut(latest)
    this.#mark(latest, markOf)
    if (added.some((m) => m.mine)) this.toEnd()
    else if (added.length > 0 && !this.#following) this.#pill.hidden = false
    return { another, more }
  }

  toEnd() {
    this.#following = true
    this.#pill.hidden = true
    this.#scroller.scrollTop = this.#scroller.scrollHeight
    this.#top = this.#scroller.scrollTop
  }

  /** Returns the messages to show, without those removed earlier. */
  #latest(messages) {
    const first = messages.findIndex((m) => this.#items.has(m))
    const latest = messages.slice(Math.max(first, 0))
    return latest.length > MOST ? latest.slice(-FEWER) : latest
  }

  #remove(latest) {
    const stays = new Set(latest)
    for (const [m, item] of this.#items) {
      if (stays.has(m)) continue
      item.remove()
      this.#items.delete(m)
    }
  }

  #add(latest, most) {
    const added = []
    let chars = 0
    let before = null
    for (const m of latest) {
      let item = this.#items.get(m)
      if (!item) {
        if (added.length >= most || (chars > CHARS_AT_A_TIME && most < Infinity)) return { added, more: true }
        item = attempt(() => (m.gap ? gapItem() : messageItem(m, before)), () => element('li', classOf(m), m.text))
        if (before) before.after(item)
        else this.#list.prepend(item)
        this.#items.set(m, item)
        added.push(m)
        chars += m.text?.length ?? 0
      }
      before = item
    }
    return { added, more: false }
  }

  /** Shows the status once, under the user's latest message; a failure under each. */
  #mark(messages, markOf) {
    const own = messages.filter((m) => m.mine && this.#items.has(m))
    for (const m of own) attempt(() => this.#markOne(m, markOf(m), m === own[own.length - 1]), () => {})
  }

  #markOne(m, { text, failed }, latest) {
    const item = this.#items.get(m)
    const mark = item.querySelector('.mark')
    if (!mark) return
    item.classList.toggle('failed', failed)
    const said = failed || latest ? text : ''
    if (mark.textContent !== said) mark.textContent = said
  }

  #atEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller
    return scrollHeight - scrollTop - clientHeight < 80
  }
}

/** Reports whether earlier messages are missing: the first of each side has the number 1. */
const isCut = (messages) => [true, undefined].some((mine) => messages.find((m) => m.mine === mine && !m.gap)?.n > 1 && !messages[0].gap)

/** Returns the result of act or, if it throws, of otherwise: one message must not hide another. */
function attempt(act, otherwise) {
  try {
    return act()
  } catch (error) {
    console.error(error)
    return otherwise()
  }
}

const classOf = (m) => (m.mine ? 'message mine' : 'message')

function messageItem(m, before) {
  const item = element('li', classOf(m))
  if (before?.classList.contains('message') && before.classList.contains('mine') === Boolean(m.mine)) item.classList.add('follows')
  const bubble = element('div', 'bubble')
  bubble.dir = 'auto'
  const speaker = element('span', 'unseen', t(m.mine ? 'You: ' : 'Stranger: '))
  speaker.dir = 'ltr' // or its letters, and not the message's, would decide "auto"
  bubble.append(speaker)
  if (m.text) bubble.append(...attempt(() => withLinks(m.text), () => [m.text]))
  if (m.imageUrl || m.lost) bubble.append(attempt(() => image(m), () => remark('Image not shown')))
  item.append(bubble)
  // Only the text of a message is announced, not its status.
  const mark = element('small', 'mark')
  mark.setAttribute('aria-live', 'off')
  item.append(mark)
  return item
}

function image({ imageUrl, mine }) {
  if (!imageUrl) return remark('This image was too large to keep')
  if (INLINE_IMAGE.test(imageUrl)) {
    const img = element('img')
    img.alt = t(mine ? 'Image you sent' : 'Image from the stranger')
    img.addEventListener('error', () => img.replaceWith(remark('This browser cannot show this image')))
    img.src = imageUrl
    return img
  }
  return remoteImage(imageUrl) ?? remark('Image not shown')
}

/** Loading a remote image would reveal the reader's address to its host, so it is only a link. */
function remoteImage(address) {
  const a = address.startsWith('https:') ? linkTo(address, (url) => `${t('Image at')} ${url.host}`) : null
  if (a) a.title = t('Opening it reveals your IP address to that site')
  return a
}

const remark = (text) => element('em', '', t(text))

const gapItem = () => element('li', 'gap', t('Some messages did not arrive'))

function element(name, className = '', text = '') {
  const e = document.createElement(name)
  if (className) e.className = className
  if (text) e.textContent = text
  return e
}
