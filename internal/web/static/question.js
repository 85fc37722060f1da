// A pasted image is shown before it is sent: the clipboard may hold another one than the user expects.

/** Asks in ask, with the images in preview and the buttons yes and no. back has the focus before and after. */
export class Question {
  #ask
  #preview
  #back
  #label
  #yes
  #answer = null // yes calls it with the images
  #turn = 0 // a closed question shows nothing more
  #waiting = 0 // images still being prepared

  constructor({ ask, preview, label, yes, no, back }) {
    this.#ask = ask
    this.#preview = preview
    this.#label = label
    this.#yes = yes
    this.#back = back
    no.addEventListener('click', () => this.close())
    yes.addEventListener('click', () => {
      const imageUrls = [...preview.children].map((img) => img.src)
      if (imageUrls.length === 0) return // nothing is shown yet
      const answer = this.#answer
      this.close()
      answer(imageUrls)
    })
  }

  get isOpen() {
    return !this.#ask.hidden
  }

  /** Asks about count more images. Returns a function to call with the address of each, or '' if it has none. */
  open(count, answer) {
    const turn = this.#turn
    this.#answer = answer
    this.#waiting += count
    this.#ask.hidden = false
    this.#yes.focus()
    return (imageUrl) => turn === this.#turn && this.#take(imageUrl)
  }

  #take(imageUrl) {
    this.#waiting--
    if (imageUrl) {
      const img = document.createElement('img')
      img.alt = this.#label
      img.src = imageUrl
      this.#preview.append(img)
    } else if (this.#waiting === 0 && this.#preview.childElementCount === 0) {
      this.close()
    }
  }

  close() {
    if (!this.isOpen) return
    const focused = this.#ask.contains(document.activeElement)
    this.#turn++
    this.#waiting = 0
    this.#ask.hidden = true
    this.#preview.replaceChildren()
    if (focused) this.#back.focus()
  }
}
