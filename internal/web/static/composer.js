// The message field: text, emoji, and images by button, paste and drop.

import { emojiPanel } from './emoji.js'
import { prepare } from './pictures.js'
import { Question } from './question.js'
import { t } from './words.js'

const $ = (id) => document.getElementById(id)

/** Reports whether a key belongs to an input method. Safari ends the composition before it reports the key. */
export const isComposing = (event) => event.isComposing || event.keyCode === 229

export class Composer {
  #chat
  #field = $('text')
  #pending = Promise.resolve() // images are prepared and sent one by one, in order

  constructor(chat) {
    this.#chat = chat
    const field = this.#field
    this.question = new Question({ ask: $('ask'), preview: $('preview'), label: t('Preview'), yes: $('agree'), no: $('cancel'), back: field })
    $('composer').addEventListener('submit', (event) => {
      event.preventDefault()
      this.#send()
    })
    field.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || event.shiftKey || isComposing(event)) return
      event.preventDefault()
      this.#send()
    })
    field.addEventListener('input', () => this.#changed())
    emojiPanel({ panel: $('faces'), button: $('emoji'), pick: (face) => this.#insert(face) })
    this.#takeImages()
  }

  /** The unsent text. */
  get draft() {
    return this.#field.value
  }
  set draft(text) {
    this.#field.value = text
    this.#say('')
    this.#fit()
  }

  /** Clears the draft, which was meant for the previous partner. */
  clear() {
    this.draft = ''
    this.question.close()
  }

  #send() {
    const text = this.#field.value.trim()
    if (text === '' || this.#chat.state !== 'chatting') return
    const fault = this.#faultOf({ text })
    if (fault) return this.#say(fault)
    this.draft = ''
    this.#field.focus()
  }

  /** Sends content. Returns the text to show if it cannot be sent, or ''. */
  #faultOf(content) {
    try {
      this.#chat.send(content)
      return ''
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      return t('This is too long for one message.')
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

  /** Grows the field with its text in browsers without field-sizing. */
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
      this.#take([...$('file').files])
      $('file').value = '' // allows the same file again
    })
    this.#field.addEventListener('paste', (event) => {
      const files = [...(event.clipboardData?.files ?? [])]
      // Spreadsheet cells are on the clipboard as text and as a picture.
      if (files.length === 0 || event.clipboardData.getData('text/plain') !== '') return
      event.preventDefault()
      this.#take(files, true)
    })
    // A file dropped anywhere else would replace the page.
    for (const type of ['dragover', 'dragleave', 'drop']) {
      addEventListener(type, (event) => {
        if (!event.dataTransfer?.types.includes('Files')) return
        event.preventDefault()
        document.body.toggleAttribute('data-drop', type === 'dragover')
        if (type === 'drop') this.#take([...event.dataTransfer.files])
      })
    }
  }

  /** Sends the images in files, after a question if ask is set, and reports those that are not sent unchanged. */
  #take(files, ask = false) {
    const chat = this.#chat
    if (chat.state !== 'chatting') return
    const { messages } = chat // a new chat has a new array
    const ended = () => chat.messages !== messages || chat.state !== 'chatting'
    const send = (imageUrl) => (ended() ? t('The chat ended, so the image was not sent.') : this.#faultOf({ imageUrl }))
    const images = files.filter((file) => file.type === '' || file.type.startsWith('image/')) // Windows has no type for HEIC
    const said = new Set(images.length === files.length && files.length > 0 ? [] : [t('Only images can be sent.')])
    const agreed = (imageUrls) => this.#say(imageUrls.map(send).find(Boolean) ?? '')
    const show = ask && images.length > 0 && this.question.open(images.length, agreed)
    for (const file of images) {
      this.#pending = this.#pending.then(async () => {
        this.#say(t('Preparing the image…'))
        const { imageUrl, stands } = await prepare(file).catch(() => ({}))
        if (!imageUrl) said.add(t('This browser cannot read this image.'))
        if (stands) said.add(t('The animation is sent as a still image.'))
        if (show) show(imageUrl)
        else if (imageUrl) said.add(send(imageUrl))
      })
    }
    this.#pending = this.#pending.then(() => this.#say([...said].filter(Boolean).join(' ')))
  }
}
