// Where a message is written: text, emoji, and images by button, paste and drop.

import { emojiPanel } from './emoji.js'
import { imagesIn, prepare } from './pictures.js'
import { t } from './words.js'

const $ = (id) => document.getElementById(id)

export class Composer {
  #chat
  #field = $('text')
  #pending = Promise.resolve() // images are prepared and sent one after the other, in their order

  constructor(chat) {
    this.#chat = chat
    const field = this.#field
    $('composer').addEventListener('submit', (event) => {
      event.preventDefault()
      this.#send()
    })
    field.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
      event.preventDefault()
      this.#send()
    })
    field.addEventListener('input', () => this.#changed())
    emojiPanel({ panel: $('faces'), button: $('emoji'), pick: (face) => this.#insert(face) })
    this.#takeImages()
  }

  /** What is being written. */
  get draft() {
    return this.#field.value
  }
  set draft(text) {
    this.#field.value = text
    this.#say('')
    this.#fit()
  }

  /** What was being written was meant for the one who is gone. */
  clear() {
    this.draft = ''
  }

  #send() {
    const text = this.#field.value.trim()
    if (text === '' || !this.#trySend({ text })) return
    this.clear()
    this.#field.focus()
  }

  #trySend(content) {
    if (this.#chat.state !== 'chatting') return false
    try {
      this.#chat.send(content)
      return true
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      this.#say(t('This is too long for one message.'))
      return false
    }
  }

  #changed() {
    this.#say('')
    this.#fit()
    this.#chat.typing(this.#field.value !== '')
  }

  #insert(face) {
    const field = this.#field
    field.setRangeText(face, field.selectionStart, field.selectionEnd, 'end')
    this.#changed()
    field.focus()
  }

  /** The field grows with its text where field-sizing does not do it. */
  #fit() {
    if (CSS.supports('field-sizing', 'content')) return
    this.#field.style.height = 'auto'
    this.#field.style.height = `${this.#field.scrollHeight + 2}px`
  }

  #say(text) {
    $('remark').textContent = text
  }

  // ---- images

  #takeImages() {
    $('image').addEventListener('click', () => $('file').click())
    $('file').addEventListener('change', () => {
      this.#sendImages([...$('file').files])
      $('file').value = '' // or the same file could not be chosen again
    })
    this.#field.addEventListener('paste', (event) => {
      const files = imagesIn(event.clipboardData)
      if (files.length === 0) return
      event.preventDefault()
      this.#sendImages(files)
    })
    // A file that is dropped anywhere else would take the place of the page.
    for (const type of ['dragover', 'dragleave', 'drop']) {
      addEventListener(type, (event) => {
        if (!event.dataTransfer?.types.includes('Files')) return
        event.preventDefault()
        document.body.toggleAttribute('data-drop', type === 'dragover')
        if (type === 'drop') this.#sendImages(imagesIn(event.dataTransfer))
      })
    }
  }

  #sendImages(files) {
    const chat = this.#chat
    const { messages } = chat // another chat has another array
    for (const file of files) {
      if (chat.state !== 'chatting') return
      this.#say(t('Preparing the image…'))
      this.#pending = this.#pending.then(async () => {
        const imageUrl = await prepare(file).catch(() => null)
        if (chat.messages !== messages || chat.state !== 'chatting') return this.#say(t('The chat has ended, and the image was not sent.'))
        if (!imageUrl) return this.#say(t('This browser cannot read that as an image.'))
        if (this.#trySend({ imageUrl })) this.#say('')
      })
    }
  }
}
