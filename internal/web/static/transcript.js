// The list of messages on the page. What the stranger sends is hostile until shown otherwise: text goes in as
// text, an image only as a data URI of a type that cannot run anything, and nothing is ever fetched.

import { linkTo, withLinks } from './links.js'
import { t } from './words.js'

const INLINE_IMAGE = /^data:image\/(png|jpeg|jpg|gif|webp|avif|heic|heif|bmp);base64,[A-Za-z0-9+/]+=*$/

/**
 * Shows messages in list and keeps scroller at the end of content, also when an image has loaded or the keyboard of
 * a phone has come up. Whoever has scrolled up is left there; pill says that there is more.
 */
export class Transcript {
  #list
  #scroller
  #pill
  #following = true
  #shown = null // the array that the list shows
  #items = new Map() // Message → its element

  constructor({ list, scroller, content, pill }) {
    this.#list = list
    this.#scroller = scroller
    this.#pill = pill
    pill.addEventListener('click', () => this.toEnd())
    scroller.addEventListener('scroll', () => {
      if (scroller.clientHeight === 0) return // not shown
      this.#following = this.#atEnd()
      if (this.#following) pill.hidden = true
    })
    const sizes = new ResizeObserver(() => this.#following && this.toEnd())
    sizes.observe(scroller)
    sizes.observe(content)
  }

  /** How far from the top the reader is; null: at the end, and stays there. */
  get place() {
    return this.#following ? null : this.#scroller.scrollTop
  }
  set place(top) {
    const go = () => {
      this.#following = false
      this.#scroller.scrollTop = top
    }
    go()
    // Images have no height before they are there.
    const images = [...this.#list.querySelectorAll('img')].map((img) => img.decode().catch(() => {}))
    if (images.length > 0) Promise.all(images).then(go)
  }

  /**
   * Makes the list show messages; another array is another chat. Says whether it is one. markOf gives what is said
   * under an own message: { text, failed }.
   */
  sync(messages, markOf) {
    let theirs = false
    let mine = false
    const another = messages !== this.#shown
    if (another) {
      this.#list.replaceChildren()
      this.#items.clear()
      this.#shown = messages
      this.toEnd()
    }
    for (const m of messages) {
      if (this.#items.has(m)) continue
      const item = m.gap ? gapItem() : messageItem(m, this.#list.lastElementChild)
      this.#items.set(m, item)
      this.#list.append(item)
      if (m.mine) mine = true
      else theirs = true
    }
    this.#mark(messages, markOf)
    if (mine) this.toEnd()
    else if (theirs && !this.#following) this.#pill.hidden = false
    return another
  }

  toEnd() {
    this.#following = true
    this.#pill.hidden = true
    this.#scroller.scrollTop = this.#scroller.scrollHeight
  }

  /** The status is said once, under the latest own message; a failure under each. */
  #mark(messages, markOf) {
    const latest = messages.findLast((m) => m.mine)
    for (const m of messages) {
      if (!m.mine) continue
      const { text, failed } = markOf(m)
      const item = this.#items.get(m)
      item.classList.toggle('failed', failed)
      const said = failed || m === latest ? text : ''
      const mark = item.querySelector('.mark')
      if (mark.textContent !== said) mark.textContent = said
    }
  }

  #atEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller
    return scrollHeight - scrollTop - clientHeight < 80
  }
}

function messageItem(m, before) {
  const item = element('li', m.mine ? 'message mine' : 'message')
  if (before?.classList.contains('message') && before.classList.contains('mine') === Boolean(m.mine)) item.classList.add('follows')
  const bubble = element('div', 'bubble')
  bubble.dir = 'auto'
  bubble.append(element('span', 'unseen', t(m.mine ? 'You: ' : 'Stranger: ')))
  if (m.text) bubble.append(...withLinks(m.text))
  if (m.imageUrl || m.lost) bubble.append(image(m))
  item.append(bubble)
  // Only the text of a message is announced, not what becomes of it.
  const mark = element('small', 'mark')
  mark.setAttribute('aria-live', 'off')
  item.append(mark)
  return item
}

function image({ imageUrl, mine }) {
  if (!imageUrl) return remark('An image that was too big to be kept')
  if (INLINE_IMAGE.test(imageUrl)) {
    const img = element('img')
    img.alt = t(mine ? 'Image you sent' : 'Image from the stranger')
    img.addEventListener('error', () => img.replaceWith(remark('An image that this browser cannot show')))
    img.src = imageUrl
    return img
  }
  return remoteImage(imageUrl) ?? remark('An image that is not shown')
}

/** A remote image would tell its host who looks at it, so it is only a link, and the reader's choice. */
function remoteImage(address) {
  const a = address.startsWith('https:') ? linkTo(address, (url) => `${t('Image at')} ${url.host}`) : null
  if (a) a.title = t('Opening it shows your address to that site')
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
