// Recreates the pictures in docs/screens: `npm run screenshots`. They show the real page and server.

import { mkdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { photoWithPlace } from './photo.mjs'
import { Server } from './server.mjs'
import { Tab, launch } from './tab.mjs'

const directory = fileURLToPath(new URL('../../../docs/screens/', import.meta.url))
const DESK = { viewport: { width: 720, height: 540 } }
const SMALL = { viewport: { width: 380, height: 420 } }
const PHONE = { viewport: { width: 320, height: 568 }, hasTouch: true, isMobile: true }

const TALK = [
  ['them', 'Hi! Where does this find you?'],
  ['me', 'On a train, somewhere between two lakes.'],
  ['them', 'I was there in spring. Look:'],
  ['them', 'photo'],
  ['me', 'Lovely. Is there a way up? I found https://hikes.example/lake'],
  ['them', 'There is, and it is worth it.'],
]

const STILL = { animations: 'disabled', caret: 'hide' }

/** Lets two tabs chat. */
async function talk(server, options, others = {}, lines = TALK) {
  const me = await Tab.open(browser, server.url, options)
  const them = await Tab.open(browser, server.url, others)
  await me.start()
  await me.sees('searching')
  await them.start()
  await Promise.all([me.sees('chat'), them.sees('chat')])
  for (const [who, what] of lines) {
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
  return { me, them, close: () => Promise.all([me.close(), them.close()]) }
}

/** The same chat on a desktop and on a phone, side by side. */
async function pair(server) {
  const { me, them, close } = await talk(server, { ...DESK, colorScheme: 'light' }, { ...PHONE, colorScheme: 'dark' })
  const screens = [await me.page.screenshot(STILL), await them.page.screenshot(STILL)]
  await close()
  await compose('pair', screens.map((png, i) => ({ png, width: [DESK, PHONE][i].viewport.width })))
}

/** kill -9, and the chat goes on: before, while the server is dead, and after it was started again. */
async function kill(server) {
  const { me, them, close } = await talk(server, SMALL, SMALL, TALK.slice(0, 2))
  const steps = [['$ chatme serve', await me.page.screenshot(STILL)]]
  await server.crash()
  await me.status('No connection. Trying again…')
  await me.say('Still there?')
  await me.marked('Still there?', 'Sending…')
  steps.push(['$ kill -9 $(pidof chatme)', await me.page.screenshot(STILL)])
  await server.restart()
  await them.hears('Still there?')
  await them.say('Of course.')
  await me.hears('Of course.')
  await me.marked('Still there?', 'Delivered')
  steps.push(['$ chatme serve', await me.page.screenshot(STILL)])
  await close()
  await compose('kill', steps.map(([caption, png]) => ({ caption, png, width: SMALL.viewport.width })))
}

/** Puts screens side by side in one picture, each with its caption. */
async function compose(name, screens) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 700 } })
  const page = await context.newPage()
  await page.setContent(`<style>
    body { margin: 0; display: inline-flex; gap: 20px; padding: 20px; align-items: center; background: #e4e1d8 }
    figure { margin: 0 } img { display: block; border-radius: 10px; box-shadow: 0 2px 12px #0004 }
    figcaption { font: 15px monospace; color: #f5f4f0; background: #23261f; padding: 7px 12px; margin-bottom: 12px; border-radius: 6px }
    </style>${screens.map(({ caption, png, width }) => `<figure>${caption ? `<figcaption>${caption}</figcaption>` : ''}
    <img width="${width}" src="data:image/png;base64,${png.toString('base64')}"></figure>`).join('')}`)
  await page.locator('body').screenshot({ path: `${directory}${name}.png` })
  await context.close()
}

const shot = (tab, name) => tab.page.screenshot({ path: `${directory}${name}.png`, ...STILL })

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
  await pair(server)
  await kill(server)
} finally {
  await browser.close()
  await server.close()
}
