// Recreates the pictures in docs/screens: `npm run screenshots`. They show the real page and server.

import { mkdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { photoWithPlace } from './photo.mjs'
import { Server } from './server.mjs'
import { Tab, launch } from './tab.mjs'

const directory = fileURLToPath(new URL('../../../docs/screens/', import.meta.url))
const DESK = { viewport: { width: 720, height: 540 } }
const PHONE = { viewport: { width: 320, height: 568 }, hasTouch: true, isMobile: true }

const TALK = [
  ['them', 'Hi! Where does this find you?'],
  ['me', 'On a train, somewhere between two lakes.'],
  ['them', 'I was there in spring. Look:'],
  ['them', 'photo'],
  ['me', 'Lovely. Is there a way up? I found https://hikes.example/lake'],
  ['them', 'There is, and it is worth it.'],
]

/** Lets two tabs chat. */
async function talk(server, options) {
  const me = await Tab.open(browser, server.url, options)
  const them = await Tab.open(browser, server.url)
  await me.start()
  await me.sees('searching')
  await them.start()
  await Promise.all([me.sees('chat'), them.sees('chat')])
  for (const [who, what] of TALK) {
    if (what === 'photo') {
      const buffer = await photoWithPlace(them.page, 160, 260)
      await them.page.locator('#file').setInputFiles({ name: 'lake.jpg', mimeType: 'image/jpeg', buffer })
      await me.seesImage()
    } else if (who === 'me') {
      await me.say(what)
      await them.hears(what)
    } else {
      await them.say(what)
      await me.hears(what)
    }
  }
  await me.page.getByText('Delivered').waitFor()
  await them.page.getByLabel('Your message').pressSequentially('an')
  await me.page.locator('#typing').waitFor({ state: 'visible' })
  return { me, close: () => Promise.all([me.close(), them.close()]) }
}

const shot = (tab, name) => tab.page.screenshot({ path: `${directory}${name}.png`, animations: 'disabled', caret: 'hide' })

await mkdir(directory, { recursive: true })
const browser = await launch()
const server = await Server.start()
try {
  const alone = await Tab.open(browser, server.url, DESK)
  await shot(alone, 'start')
  await alone.start()
  await alone.sees('searching')
  await shot(alone, 'searching')
  await alone.page.getByRole('button', { name: 'Stop' }).click()
  await alone.sees('start')
  await alone.close()
  for (const [name, options] of [
    ['chat', { ...DESK, colorScheme: 'light' }],
    ['chat-dark', { ...DESK, colorScheme: 'dark' }],
    ['chat-phone', PHONE],
  ]) {
    const chat = await talk(server, options)
    await shot(chat.me, name)
    await chat.close()
  }
} finally {
  await browser.close()
  await server.close()
}
