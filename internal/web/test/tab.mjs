// A browser tab with the page in it, and what a person does and sees there.

import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { chromium } from 'playwright-core'
import { DEADLINE_MS } from './pace.mjs'

const WHOLE = process.env.CHROMIUM ?? '/usr/bin/chromium'
// The same engine without the windows around it, which take three quarters of the time.
const SHELL = process.env.CHROMIUM ?? '/usr/bin/chromium-headless-shell'

/** Starts the browser; its profile is new and temporary. */
export async function launch({ whole = false } = {}) {
  const executablePath = whole || !existsSync(SHELL) ? WHOLE : SHELL
  if (!existsSync(executablePath)) throw new Error(`no browser at ${executablePath}: install chromium, or name it in CHROMIUM`)
  return chromium.launch({
    executablePath,
    args: [
      '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-sync',
    ],
  })
}

export class Tab {
  /** Everything a page must not do: errors, violations of its policy, requests to elsewhere. */
  faults = []
  #kept = {} // the storage of the page that was shut

  /**
   * Opens the page in a browser context of its own, as on another device. script runs before it, whatever its policy.
   * Nothing pulses unless options ask for it: drawing that takes a tenth of the tests' time.
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

  /** Closes the page alone, as a tab is closed that the browser can open again. */
  async shut() {
    this.#kept = await this.page.evaluate(() => ({ ...sessionStorage }))
    await this.page.close()
  }

  /** Opens the page again that was shut, with what it had stored. */
  async reopen() {
    const url = this.page.url()
    this.page = await this.context.newPage()
    this.#watch(url)
    await this.page.addInitScript((items) => Object.assign(sessionStorage, { ...items, ...sessionStorage }), this.#kept)
    await this.page.goto(url)
  }

  /** Waits for a fault that is as it was meant to be. */
  async fails(meant) {
    const deadline = Date.now() + DEADLINE_MS
    while (!this.faults.some(meant)) {
      if (Date.now() > deadline) throw new Error(`none of these faults is the one that was meant: ${this.faults}`)
      await this.page.waitForTimeout(20)
    }
  }

  /** The faults so far that mention one of texts were meant to be. */
  forgive(...texts) {
    this.faults = this.faults.filter((fault) => !texts.some((text) => fault.includes(text)))
  }

  /** Its server has ended: what dialled meanwhile has failed, and was meant to. */
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
  /** Waits until a message with exactly this text is there, from the stranger or from here. */
  hears(text) {
    return this.page.locator('.message:not(.mine)', { hasText: new RegExp(`^Stranger: ${escape(text)}$`) }).waitFor()
  }
  /** Waits until the latest own message is text and has this mark. */
  marked(text, mark) {
    return this.page.locator('.message.mine', { hasText: `You: ${text}${mark}` }).waitFor()
  }

  /** Waits for the nth image of the stranger, counted from 0, and returns its address and size. */
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

  /** The conversation as it is on the screen: 'me: …' and 'they: …'. */
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
