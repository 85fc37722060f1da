// A chat in a terminal: node chat.mjs ws://localhost:8787/ KEY [FILE]
//
// Each line you type is a message; /next finds someone else, /end leaves for good. With a FILE the chat continues after this
// process has ended, however it did.

import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { ChatMe } from 'chatme-client'
import WebSocket from 'ws'

const [url, apiKey, file] = process.argv.slice(2)

/** Keeps one value in a file. It holds the session ID, which is a secret. */
const storage = {
  getItem() {
    try {
      return readFileSync(file, 'utf8')
    } catch {
      return null // not there yet
    }
  },
  setItem(_, value) {
    writeFileSync(`${file}.new`, value, { mode: 0o600 })
    renameSync(`${file}.new`, file) // the old or the new, never half of it
  },
}

const chat = new ChatMe({ url, apiKey, WebSocket, storage: file ? storage : null })

let shown = ''
chat.on('change', () => {
  const now = chat.partner?.here === false ? 'away' : chat.state
  if (now !== shown) console.log(`* ${(shown = now)}`)
})
chat.on('message', (m) => m.mine || console.log(m.gap ? '* something did not arrive' : `> ${m.text ?? 'an image'}`))
chat.on('status', (m) => console.log(`* ${chat.statusOf(m)}: ${m.text}`))

if (chat.state === 'idle') chat.search()
else chat.connect()

createInterface({ input: process.stdin })
  .on('line', (line) => {
    if (line === '/next') chat.search()
    else if (line === '/end') chat.end()
    else if (line && chat.state === 'chatting') chat.send(line)
  })
  .on('close', () => chat.close())
