// The dashboard of a running server: metrics, charts and tables, on a phone and in dark mode.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import axe from 'axe-core'
import { Dashboard } from './dashboard.mjs'
import { DEADLINE_MS } from './pace.mjs'
import { Server } from './server.mjs'
import { Tab, launch } from './tab.mjs'

let browser
let server
let dashboard
let people = []

before(async () => {
  browser = await launch()
  server = await Server.start()
  for (let i = 0; i < 3; i++) {
    const tab = await Tab.open(browser, server.url)
    await tab.start()
    await tab.sees(i === 1 ? 'chat' : 'searching')
    people.push(tab)
  }
  await people[0].sees('chat')
  await people[0].say('How are the figures?')
  await people[1].hears('How are the figures?')
  dashboard = await Dashboard.start(server)
})

after(async () => {
  for (const tab of people) await tab.close()
  await dashboard?.close()
  await browser?.close()
  await server?.close()
})

/** Opens the dashboard and waits until everything has been shown once. */
async function look(options) {
  const tab = await Tab.open(browser, dashboard.url, options)
  await tab.page.locator('body[data-shown="true"]').waitFor()
  return tab
}

const tile = (tab, name) => tab.page.locator('#now div', { has: tab.page.getByText(name, { exact: true }) }).locator('dd').textContent()

test('shows the metrics of the server and its sessions', async () => {
  const tab = await look()
  assert.equal(await tab.page.locator('#state').textContent(), 'The server is ready.')
  assert.equal(await tile(tab, 'Matches'), '1')
  assert.equal(await tile(tab, 'Messages received'), '1')
  assert.equal(await tile(tab, 'Active connections'), '3')
  assert.match(await tile(tab, 'Relay P99'), /^[\d.]+ (µs|ms|s)$/)
  assert.match(await tile(tab, 'Database'), /^[\d.]+ (KiB|MiB)$/)

  assert.equal(await tab.page.locator('#queue tbody tr').count(), 1)
  assert.match(await tab.page.locator('#queue tbody tr').textContent(), /^1s_[0-9a-f]{8}resumable/)
  const states = await tab.page.locator('#sessions tbody td:nth-child(2)').allTextContents()
  assert.deepEqual(states.sort(), ['paired', 'paired', 'waiting'])
  assert.deepEqual(tab.faults, [])
  await tab.close()
})

test('draws the last hour from the points that the server stored', async () => {
  const tab = await look()
  const chart = tab.page.locator('figure', { hasText: 'Active connections' })
  const picture = chart.locator('svg[aria-label="Active connections: 3"]')
  await picture.waitFor({ timeout: 10_000 + DEADLINE_MS }) // a point arrives every ten seconds
  const sessions = tab.page.locator('figure', { hasText: 'Sessions' })
  assert.match(await sessions.locator('svg').getAttribute('aria-label'), /waiting 1, matched 2, away 0$/)
  assert.equal(await sessions.locator('path.series').count(), 5)
  const { width, height } = await picture.boundingBox()
  await picture.hover({ position: { x: width - 2, y: height / 2 } })
  assert.match(await chart.locator('ul').textContent(), /^3at /)
  assert.deepEqual(tab.faults, [])
  await tab.close()
})

test('is readable on a phone, in light and dark mode, and with a screen reader', async () => {
  for (const colorScheme of ['light', 'dark']) {
    const tab = await look({ viewport: { width: 320, height: 568 }, isMobile: true, hasTouch: true, colorScheme, script: axe.source })
    const over = await tab.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
    assert.ok(over <= 0, `${over} pixels overflow at the side`)
    const { violations } = await tab.page.evaluate(() => globalThis.axe.run(document))
    assert.deepEqual(violations.map(({ id, nodes }) => `${colorScheme} ${id}: ${nodes[0].html}`), [])
    await tab.close()
  }
})

test('reports when the server or the command has ended', async () => {
  const tab = await look()
  await server.crash()
  await tab.page.locator('#state.bad', { hasText: 'no server at' }).waitFor()
  await dashboard.close()
  await tab.page.locator('#state.bad', { hasText: 'chatme dashboard has stopped' }).waitFor()
  tab.forgive('502')
  tab.forgiveOutage()
  assert.deepEqual(tab.faults, [])
  await tab.close()
})
