// A test with a server, a browser and tabs, which are closed when it ends.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { LIMIT } from './pace.mjs'
import { Server } from './server.mjs'
import { Tab, launch } from './tab.mjs'

let browser
let whole = false
before(async () => {
  browser = await launch({ whole })
}, LIMIT)
after(() => browser?.close())

/** Runs the tests of this file in the whole browser that people use, instead of its headless shell. */
export function inWholeBrowser() {
  whole = true
}

/**
 * Runs act(scene, t) as a test, with a server that has settings. The test also fails on faults of a page: errors, requests
 * to other hosts.
 */
export function scene(name, act, settings) {
  test(name, LIMIT, async (t) => {
    const s = new Scene()
    t.after(() => s.close())
    try {
      s.server = await Server.start(settings)
      await act(s, t)
      for (const tab of s.tabs) assert.deepEqual(tab.faults, [])
    } catch (error) {
      t.diagnostic(`the server's log:\n${s.server?.log.join('\n')}`)
      throw error
    }
  })
}

class Scene {
  server
  tabs = []
  address = '' // of the page; the server address unless set
  others = [] // objects with close()

  /** Opens a tab on a new device. */
  async open(options) {
    const tab = await Tab.open(browser, this.address || this.server.url, options)
    this.tabs.push(tab)
    return tab
  }

  /** Opens two tabs that are in a chat with each other. */
  async openPair(options) {
    const [a, b] = await Promise.all([this.open(options), this.open(options)])
    await a.start()
    await a.sees('searching')
    await b.start()
    await Promise.all([a.sees('chat'), b.sees('chat')])
    return [a, b]
  }

  async close() {
    await Promise.all(this.tabs.map((tab) => tab.close()))
    await Promise.all(this.others.map((other) => other.close()))
    await this.server?.close()
  }
}
