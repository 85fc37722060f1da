// A browser tab with the page, and helpers for user actions and visible results.

import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { chromium } from 'playwright-core'
import { DEADLINE_MS } from './pace.mjs'

const WHOLE = process.env.CHROMIUM ?? '/usr/bin/chromium'
// The same engine without its windows, which take three quarters of the time.
const SHELL = process.env.CHROMIUM ?? '/usr/bin/chromium-headless-shell'

/** Starts the browser with a new, temporary profile. */
export async function launch({ whole = false } = {}) {
  const executablePath = whole || !existsSync(SHELL) ? WHOLE : SHELL
  if (!existsSync(executablePath)) throw new Error(`no browser at ${executablePath}; install chromium or set CHROMIUM`)
  return chromium.launch({
    executablePath,
    args: [
      '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-sync',
    ],
  })
}

export class Tab {
  /** Faults of the page: errors, policy violations, requests to other hosts. */
  faults = []
  #kept = {} // the storage of the closed page

  /**
   * Opens the page in its own browser context, as on another device. script runs before it, regardless of its policy.
   * Animations are off unless options enable them: drawing them takes a tenth of the tests' time.
   */
  static async open(browser, url, { script, ...options } = {}) {
    const context = await browser.newContext({ reducedMotion: 'reduce', ...options })
    if (script) await context.addInitScript(script)
    context.setDefaultTimeout(DEADLINE_MS)
    const tab = new Tab(context, await context.newPage())
    tab.#watch(url)
    await tab.page.goto(url)
    return tab
  }

  constructor(context, page) {
    this.context = context
    this.page = page
  }

  close() {
    return this.context.close()
  }

  /** Closes only the page, as a tab that the browser can reopen. */
  async shut() {
    this.#kept = await this.page.evaluate(() => ({ ...sessionStorage }))
    await this.page.close()
  }

  /** Reopens the closed page with its storage. */
  async reopen() {
    const url = this.page.url()
    this.page = await this.context.newPage()
    this.#watch(url)
    await this.page.addInitScript((items) => Object.assign(sessionStorage, { ...items, ...sessionStorage }), this.#kept)
    await this.page.goto(url)
  }

  /** Waits for an expected fault. */
  async fails(meant) {
    const deadline = Date.now() + DEADLINE_MS
    while (!this.faults.some(meant)) {
      if (Date.now() > deadline) throw new Error(`expected fault not among: ${this.faults}`)
      await this.page.waitForTimeout(20)
    }
  }

  /** Removes the faults so far that contain one of texts. */
  forgive(...texts) {
    this.faults = this.faults.filter((fault) => !texts.some((text) => fault.includes(text)))
  }

  /** Removes the faults of failed dials while the server was down. */
  forgiveOutage() {
    this.forgive('ERR_CONNECTION_REFUSED', 'ERR_CONNECTION_RESET')
  }

  #watch(url) {
    const { page } = this
    const fault = (text) => this.faults.push(text)
    const { host } = new URL(url)
    const local = (address) => /^(data|blob|about):/.test(address) || new URL(address).host === host
    page.on('pageerror', (error) => fault(`error: ${error}`))
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') fault(`console: ${message.text()}`)
    })
    page.on('request', (request) => local(request.url()) || fault(`request: ${request.url()}`))
    page.on('websocket', (socket) => local(socket.url()) || fault(`socket: ${socket.url()}`))
    page.on('dialog', (dialog) => {
      fault(`dialog: ${dialog.message()}`)
      return dialog.dismiss()
    })
  }

  start() {
    return this.page.getByRole('button', { name: 'Start chatting' }).click()
  }
  next() {
    return this.page.getByRole('button', { name: 'Next' }).click()
  }
  end() {
    return this.page.getByRole('button', { name: 'End', exact: true }).click()
  }
  async say(text) {
    await this.page.getByLabel('Your message').fill(text)
    await this.page.getByLabel('Your message').press('Enter')
  }

  /** Waits until the page shows this view: start, searching, chat or ended. */
  sees(view) {
    return this.page.locator(`body[data-view="${view}"]`).waitFor()
  }
  /** Waits until the status line says text. */
  status(text) {
    return this.page.locator('#status', { hasText: text }).waitFor()
  }
  /** Waits for a message with exactly this text, from either side. */
  hears(text) {
    return this.page.locator('.message:not(.mine)', { hasText: new RegExp(`^Stranger: ${escape(text)}$`) }).waitFor()
  }
  /** Waits until the latest message from this tab is text and has this mark. */
  marked(text, mark) {
    return this.page.locator('.message.mine', { hasText: `You: ${text}${mark}` }).waitFor()
  }

  /** Waits for the nth image from the stranger, counted from 0, and returns its URI and size. */
  async seesImage(nth = 0) {
    const image = this.page.locator('.message:not(.mine) .bubble img').nth(nth)
    await image.waitFor()
    return image.evaluate(async (img) => {
      await img.decode()
      return { uri: img.src, width: img.naturalWidth, height: img.naturalHeight }
    })
  }

  /** Waits until the conversation on the screen is this one: a busy page shows its own messages after the stranger has them. */
  async shows(conversation) {
    const deadline = Date.now() + DEADLINE_MS
    while (!isDeepStrictEqual(await this.conversation(), conversation)) {
      if (Date.now() > deadline) assert.deepEqual(await this.conversation(), conversation)
      await this.page.waitForTimeout(20)
    }
  }

  /** Returns the visible conversation: 'me: …' and 'they: …'. */
  conversation() {
    return this.page.locator('#messages > li').evaluateAll((items) =>
      items.map((item) => {
        const text = item.querySelector('.bubble')?.textContent ?? item.textContent
        return text.replace(/^You: /, 'me: ').replace(/^Stranger: /, 'they: ')
      }),
    )
  }
}

const escape = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
