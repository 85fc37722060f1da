// The dictionary contains exactly the texts of the page.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { GERMAN, GERMAN_TOPICS } from '../static/german.js'

const source = (name) => readFileSync(new URL(`../static/${name}`, import.meta.url), 'utf8')

/** Returns the visible texts: they begin with a capital and are not platform names. */
function texts() {
  const page = source('index.html').replace(/<noscript>.*<\/noscript>/, '') // no script translates it
  const body = page.slice(page.indexOf('<body'))
  const marked = [/>([^<>]+)</g, /(?:aria-label|placeholder|title)="([^"]+)"/g].flatMap((pattern) => [...body.matchAll(pattern)])
  const code = ['app.js', 'composer.js', 'interests.js', 'transcript.js'].flatMap((name) => [...source(name).matchAll(/'([A-Z][^'\n]+)'/g)])
  const platform = ['Enter', 'Escape', 'Files', 'chatme']
  return new Set([...marked, ...code].map((m) => (m[1].endsWith(': ') ? m[1] : m[1].trim())).filter((text) => text && !platform.includes(text)))
}

test('every text has a translation', () => {
  assert.ok(texts().size > 40)
  assert.deepEqual([...texts()].filter((text) => !Object.hasOwn(GERMAN, text)), [])
})

test('every translation belongs to a text', () => {
  assert.deepEqual(Object.keys(GERMAN).filter((text) => !texts().has(text)), [])
})

test('every default topic has a translation, and no other', () => {
  const settings = readFileSync(new URL('../../config/config.go', import.meta.url), 'utf8')
  const [, topics] = settings.match(/env:"CHATME_TOPICS" default:"([^"]+)"/)
  assert.deepEqual(Object.keys(GERMAN_TOPICS), topics.split(','))
})
