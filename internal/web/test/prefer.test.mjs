// Topics and languages in the library: what it sends, when, and what it reports. The test controls the server.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeSocket, FakeStorage, HELLO, frozen as still, newChat, resume, tick } from './fake.mjs'

const frozen = (name, act) => test(name, () => still(act))

const OFFER = { topics: ['music', 'games'], languages: ['en', 'de'] }
const SESSION = { type: 'session_id', sessionId: 'cm1_S', ...HELLO }
const MUSIC = { topics: ['music'], languages: ['de'] }
const SAYS_MUSIC = { type: 'prefer', ...MUSIC }

/** Connects chat to a server that answers auth with session. Returns the frames that follow auth. */
function greeted(chat, session = { ...SESSION, ...OFFER }) {
  chat.connect()
  FakeSocket.last.open()
  FakeSocket.last.says({ type: 'auth_success' }, session)
  return FakeSocket.last.take()
}

frozen('preferences are sent before the search, and again after each reconnect', () => {
  const chat = newChat()
  chat.prefer(MUSIC)
  chat.search()
  assert.deepEqual(greeted(chat), [SAYS_MUSIC, { type: 'search' }])
  FakeSocket.last.says({ type: 'searching' })
  FakeSocket.last.ends()
  tick(300)
  resume({ state: 'searching', ...OFFER })
  assert.deepEqual(FakeSocket.last.take(), [SAYS_MUSIC])
  FakeSocket.last.says({ type: 'matched', partnerId: 'P' })
  chat.send('hi')
  FakeSocket.last.ends()
  tick(300)
  resume({ state: 'matched', partnerId: 'P', ...OFFER })
  assert.deepEqual(FakeSocket.last.take(), [SAYS_MUSIC, { type: 'message', partnerId: 'P', n: 1, text: 'hi' }])
})

frozen('a change is sent at once, and what did not change is not', () => {
  const chat = newChat()
  greeted(chat)
  const lists = { topics: ['music'], languages: ['de'] }
  chat.prefer(lists)
  lists.topics.push('games') // the library has its own copy
  chat.prefer(MUSIC)
  assert.deepEqual(FakeSocket.last.take(), [SAYS_MUSIC])
  chat.prefer({ topics: ['games'] })
  chat.prefer({})
  assert.deepEqual(FakeSocket.last.take(), [
    { type: 'prefer', topics: ['games'], languages: [] },
    { type: 'prefer', topics: [], languages: [] },
  ])
})

frozen('without a connection a change waits for the next session', () => {
  const chat = newChat()
  greeted(chat)
  chat.close()
  chat.prefer(MUSIC)
  assert.deepEqual(greeted(chat), [SAYS_MUSIC])
})

frozen('a client that prefers nothing sends nothing', () => {
  const chat = newChat()
  chat.search()
  assert.deepEqual(greeted(chat), [{ type: 'search' }])
})

frozen('a server that offers nothing is sent nothing', () => {
  const chat = newChat()
  chat.prefer(MUSIC)
  chat.search()
  assert.deepEqual(greeted(chat, SESSION), [{ type: 'search' }])
  chat.prefer({ topics: ['games'] })
  assert.deepEqual(FakeSocket.last.take(), [])
  assert.deepEqual([chat.topics, chat.languages], [[], []])
})

frozen('a server that offers only one of the lists is sent both', () => {
  const chat = newChat()
  chat.prefer(MUSIC)
  assert.deepEqual(greeted(chat, { ...SESSION, languages: ['de'] }), [SAYS_MUSIC])
  assert.deepEqual([chat.topics, chat.languages], [[], ['de']])
})

frozen('a server without sessions is sent nothing', () => {
  const chat = newChat()
  chat.prefer(MUSIC)
  chat.search()
  FakeSocket.last.open()
  FakeSocket.last.says({ type: 'auth_success' })
  tick(1500)
  assert.deepEqual([chat.plain, FakeSocket.last.take()], [true, [{ type: 'search' }]])
  chat.prefer({ topics: ['games'] })
  assert.deepEqual(FakeSocket.last.take(), [])
})

frozen('a session that answers late is sent the preferences, and no second search', () => {
  const chat = newChat()
  chat.prefer(MUSIC)
  chat.search()
  FakeSocket.last.open()
  FakeSocket.last.says({ type: 'auth_success' })
  tick(1500)
  FakeSocket.last.take()
  FakeSocket.last.says({ ...SESSION, ...OFFER })
  assert.deepEqual(FakeSocket.last.take(), [SAYS_MUSIC])
})

frozen('a session that is being ended is sent no preferences', () => {
  const chat = newChat()
  chat.search()
  greeted(chat)
  FakeSocket.last.says({ type: 'searching' })
  chat.end()
  assert.deepEqual(FakeSocket.last.take(), [{ type: 'end_chat' }])
  chat.prefer(MUSIC)
  assert.deepEqual(FakeSocket.last.take(), [])
  FakeSocket.last.ends()
  chat.connect()
  resume({ state: 'searching', ...OFFER })
  assert.deepEqual(FakeSocket.last.take(), [{ type: 'end_chat' }])
})

frozen('the offer is known when the session is reported, and follows the server', () => {
  const chat = newChat()
  const seen = []
  for (const type of ['session_id', 'resumed']) chat.on(type, () => seen.push([type, ...chat.topics, ...chat.languages]))
  assert.deepEqual([chat.topics, chat.languages], [[], []])
  chat.search()
  greeted(chat)
  FakeSocket.last.says({ type: 'searching' })
  chat.close()
  assert.deepEqual(chat.topics, OFFER.topics) // as of the last connection
  chat.connect()
  resume({ state: 'searching', topics: ['food'], languages: 'de' }) // what is not a list is not an offer
  assert.deepEqual(seen, [['session_id', 'music', 'games', 'en', 'de'], ['resumed', 'food']])
})

frozen('the topics in common belong to the partner, survive a reload, and end with the chat', () => {
  const chat = newChat()
  chat.prefer(MUSIC)
  chat.search()
  greeted(chat)
  const events = []
  chat.on('matched', (m) => events.push(m.common))
  FakeSocket.last.says({ type: 'searching' }, { type: 'matched', partnerId: 'P', common: ['music'] })
  assert.deepEqual([events, chat.partner.common], [[['music']], ['music']])
  const again = newChat(chat.storage)
  assert.deepEqual(again.partner.common, ['music'])
  again.connect()
  resume({ state: 'matched', partnerId: 'P', ...OFFER })
  assert.deepEqual(again.partner.common, ['music'])
  FakeSocket.last.says({ type: 'partner_disconnected' }, { type: 'matched', partnerId: 'Q' })
  assert.deepEqual(again.partner.common, [])
  FakeSocket.last.says({ type: 'partner_disconnected' }, { type: 'matched', partnerId: 'R', common: 'music' })
  assert.deepEqual(again.partner.common, []) // not a list
})

frozen('a chat that was stored without common goes on', () => {
  const storage = new FakeStorage()
  const chat = { partnerId: 'P', ended: '', got: 0, sent: 0, acked: 0, delivered: 0, messages: [] }
  const state = { v: 1, sessionId: 'cm1_S', epoch: 'E', maxBytes: 1, phase: 'chatting', wanted: false, ending: false }
  storage.setItem('chatme', JSON.stringify({ ...state, chat }))
  assert.deepEqual(newChat(storage).partner.common, [])
  storage.setItem('chatme', JSON.stringify({ ...state, chat: { ...chat, common: [1] } }))
  assert.equal(newChat(storage).partner, null)
})

frozen('what is not a list of names throws, and changes nothing', () => {
  const chat = newChat()
  chat.prefer(MUSIC)
  for (const wrong of [{ topics: 'music' }, { topics: [1] }, { languages: null }, { languages: { 0: 'de' } }]) {
    assert.throws(() => chat.prefer(wrong), TypeError)
  }
  assert.deepEqual(greeted(chat), [SAYS_MUSIC])
})
