// The server keeps a session from its first search on: before that it ends with its socket, and a client shows nothing of it.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeSocket, HELLO, chatting, frozen as still, newChat, resume, tick } from './fake.mjs'

const frozen = (name, act) => test(name, () => still(act))

const hello = (sessionId = 'cm1_S') => ({ type: 'session_id', sessionId, ...HELLO })
const FAILED = [{ type: 'auth_success' }, { type: 'resume_failed', code: 'unknown' }, hello('cm1_T')]

/** Returns the client and what an application hears of it: events, and errors. */
function watched(chat) {
  const heard = []
  for (const type of ['resume_failed', 'message', 'status', 'error']) chat.on(type, () => heard.push(type))
  return heard
}

frozen('a client that never searched begins anew after a reload, and after a lost connection', () => {
  const chat = newChat()
  chat.connect()
  FakeSocket.last.open()
  FakeSocket.last.says({ type: 'auth_success' }, hello())
  FakeSocket.last.ends()
  assert.deepEqual([chat.state, chat.ended, chat.stopped], ['idle', '', ''])
  for (const again of [newChat(chat.storage), chat]) {
    const heard = watched(again)
    again.connect()
    assert.deepEqual(FakeSocket.last.open().resume, { v: 1 }, 'there is nothing to resume')
    FakeSocket.last.says({ type: 'auth_success' }, hello('cm1_T'))
    assert.deepEqual([again.state, again.ended, again.online, heard], ['idle', '', true, []])
    FakeSocket.last.ends()
  }
})

frozen('a search whose answer was lost is sent again in the new session', () => {
  for (const reloads of [false, true]) {
    let chat = newChat()
    chat.search()
    FakeSocket.last.open()
    FakeSocket.last.says({ type: 'auth_success' }, hello())
    assert.deepEqual(FakeSocket.last.take(), [{ type: 'search' }])
    FakeSocket.last.ends()
    if (reloads) {
      chat.close()
      chat = newChat(chat.storage)
      chat.connect()
    } else tick(300)
    const heard = watched(chat)
    assert.equal(chat.state, 'searching')
    assert.deepEqual(FakeSocket.last.open().resume, { v: 1, sessionId: 'cm1_S', epoch: 'E' }, 'the server may have received it')
    FakeSocket.last.says(...FAILED)
    assert.deepEqual(FakeSocket.last.take(), [{ type: 'search' }])
    assert.deepEqual([chat.state, chat.ended, heard], ['searching', '', []])
    FakeSocket.last.says({ type: 'searching' }, { type: 'matched', partnerId: 'Q' })
    assert.equal(chat.partner.id, 'Q')
  }
})

frozen('a search that the server received before the socket was lost is not sent again', () => {
  const chat = newChat()
  chat.search()
  FakeSocket.last.open()
  FakeSocket.last.says({ type: 'auth_success' }, hello())
  FakeSocket.last.ends()
  tick(300)
  resume({ state: 'searching' })
  assert.deepEqual(FakeSocket.last.take(), [])
  assert.equal(chat.state, 'searching')
})

frozen('the loss of a session that was in the queue or a chat is an event', () => {
  const chat = chatting()
  const heard = watched(chat)
  FakeSocket.last.ends()
  tick(300)
  assert.equal(FakeSocket.last.open().resume.sessionId, 'cm1_S')
  FakeSocket.last.says(...FAILED)
  assert.deepEqual([chat.state, chat.ended, heard], ['idle', 'lost', ['resume_failed']])
})

frozen('a session stored by an earlier version is resumed', () => {
  const chat = chatting()
  const { lasts, ...stored } = JSON.parse(chat.storage.getItem('chatme'))
  assert.equal(lasts, 'yes')
  chat.close()
  chat.storage.setItem('chatme', JSON.stringify(stored))
  newChat(chat.storage).connect()
  assert.equal(FakeSocket.last.open().resume.sessionId, 'cm1_S')
})
