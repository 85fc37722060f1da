// The texts of the page in the reader's language. The English text is in the code and is the key here; another language
// is another dictionary.

import { GERMAN, GERMAN_TOPICS } from './german.js'
import { choose, chosen } from './prefs.js'

const DICTIONARIES = { en: {}, de: GERMAN }
const TOPICS = { en: new Map(), de: new Map(Object.entries(GERMAN_TOPICS)) }

const wanted = [chosen('language'), ...navigator.languages].map((tag) => tag?.slice(0, 2))
const language = wanted.find((tag) => Object.keys(DICTIONARIES).includes(tag)) ?? 'en'

/** Returns the text in the reader's language. */
export const t = (text) => DICTIONARIES[language][text] ?? text

/** Returns the name of a topic in the reader's language. The operator may offer topics that have no translation. */
export const topicName = (topic) => TOPICS[language].get(topic) ?? topic

/** Returns names as a list in a sentence; type is conjunction (and) or disjunction (or). */
export const listed = (names, type) => new Intl.ListFormat(language, { type }).format(names)

/** Translates the page, and makes button switch to the other language. */
export function translatePage(button) {
  document.documentElement.lang = language
  const nodes = document.createTreeWalker(document.body, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT)
  for (let node = nodes.nextNode(); node; node = nodes.nextNode()) {
    if (node.nodeType === Node.TEXT_NODE) {
      if (node.data.trim()) node.data = t(node.data.trim())
    } else {
      for (const name of ['aria-label', 'placeholder', 'title']) {
        if (node.hasAttribute(name)) node.setAttribute(name, t(node.getAttribute(name)))
      }
    }
  }
  const other = language === 'de' ? 'en' : 'de'
  button.lang = other
  button.textContent = { en: 'English', de: 'Deutsch' }[other]
  button.addEventListener('click', () => {
    choose('language', other)
    location.reload()
  })
}
