// What the reader would like to talk about, and in which languages. The browser stores the choice, the library tells the
// server.

import { choose, chosen } from './prefs.js'
import { listed, t, topicName } from './words.js'

const MOST_NAMED = 3 // topics in the text of a search

/** Returns what the server offers: { topics, languages, openMs }, as written into the page. A custom page may have none. */
function offered() {
  try {
    return JSON.parse(document.querySelector('meta[name="chatme-offer"]').content)
  } catch {
    return {}
  }
}

const { topics = [], languages = [], openMs = 0 } = offered()

const primary = (tag) => tag.split('-')[0].toLowerCase()

/** Returns the offered languages with the reader's own first, and how many those are. */
function ownFirst() {
  const own = [...new Set(navigator.languages.map(primary))].filter((code) => languages.includes(code))
  return { own, all: [...own, ...languages.filter((code) => !own.includes(code))] }
}

/** Returns the stored list of names, or null. */
function storedNames(name) {
  try {
    const names = JSON.parse(chosen(name))
    return Array.isArray(names) ? names : null
  } catch {
    return null
  }
}

export class Interests {
  #chat
  #topics
  #languages
  #only
  #open = false // the search has lasted so long that it takes partners with other topics
  #opening // timer

  /**
   * Shows what is offered in the groups topics and languages of the start screen. The languages count while the check box
   * only is on. changed is called when the text of the search changes by itself.
   */
  constructor(chat, { topics: topicGroup, languages: languageGroup, only, changed }) {
    const { own, all } = ownFirst()
    const spoken = storedNames('languages')
    this.#chat = chat
    this.#only = only
    this.#topics = new Chips(topicGroup, topics, () => this.#chosen())
    this.#languages = new Chips(languageGroup, all, () => this.#chosen())
    this.#topics.show((chip, name) => (chip.textContent = topicName(name)), storedNames('topics') ?? [])
    this.#languages.show(nameLanguage, spoken ?? own)
    only.checked = spoken !== null
    only.addEventListener('change', () => this.#chosen())
    this.#languages.hidden = !only.checked
    const wants = this.#wants()
    if (wants.topics.length + wants.languages.length > 0) chat.prefer(wants)
    for (const type of ['session_id', 'resumed', 'searching', 'matched', 'partner_disconnected']) {
      chat.on(type, () => this.#placed(changed))
    }
  }

  #wants() {
    return { topics: this.#topics.on, languages: this.#only.checked ? this.#languages.on : [] }
  }

  #chosen() {
    choose('topics', JSON.stringify(this.#topics.on))
    choose('languages', this.#only.checked ? JSON.stringify(this.#languages.on) : null)
    this.#languages.hidden = !this.#only.checked
    this.#chat.prefer(this.#wants())
  }

  /** The server has put this client into the queue, or out of it. From then on it prefers the topics for a while. */
  #placed(changed) {
    clearTimeout(this.#opening)
    this.#open = false
    if (this.#chat.state !== 'searching') return
    this.#opening = setTimeout(() => {
      this.#open = true
      changed()
    }, openMs)
  }

  /** What the search is looking for. */
  get lookingText() {
    const names = this.#topics.on
    if (names.length === 0) return t('Looking for someone…')
    if (this.#open) return t('Looking for anyone…')
    if (names.length > MOST_NAMED) return t('Looking for someone with a topic in common…')
    return withTopics(t('Looking for someone who likes {topics}…'), names, 'disjunction')
  }
}

/** Returns what the reader and the partner have in common, a list of topics; '' if that is nothing. */
export const commonText = (names) => (names.length > 0 ? withTopics(t('You both like {topics}.'), names, 'conjunction') : '')

const withTopics = (text, names, type) => text.replace('{topics}', () => listed(names.map(topicName), type))

/** Names a language in that language. */
function nameLanguage(chip, code) {
  chip.lang = code
  chip.textContent = new Intl.DisplayNames([code], { type: 'language' }).of(code)
}

/** A group of names, each of which the reader can turn on and off. Without names the group stays hidden. */
class Chips {
  #box
  #chips = new Map() // name → its element

  /** Calls changed when the reader has changed one. */
  constructor(group, names, changed) {
    this.#box = group.querySelector('.chips')
    group.hidden = names.length === 0
    for (const name of names) {
      const chip = Object.assign(document.createElement('button'), { type: 'button' })
      chip.setAttribute('role', 'checkbox')
      chip.addEventListener('click', () => {
        turn(chip, !isOn(chip))
        changed()
      })
      this.#chips.set(name, chip)
    }
    this.#box.replaceChildren(...this.#chips.values())
  }

  /** Labels each chip, and turns on those named. */
  show(label, names) {
    for (const [name, chip] of this.#chips) {
      label(chip, name)
      turn(chip, names.includes(name))
    }
  }

  /** The names that are on. */
  get on() {
    return [...this.#chips].filter(([, chip]) => isOn(chip)).map(([name]) => name)
  }

  set hidden(hidden) {
    this.#box.hidden = hidden
  }
}

const isOn = (chip) => chip.getAttribute('aria-checked') === 'true'
const turn = (chip, on) => chip.setAttribute('aria-checked', String(on))
