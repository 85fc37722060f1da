// A server and a storage for tests of the library alone: the test says what the server says.

import { ChatMe } from '../static/chatme.js'

export const HELLO = { epoch: 'E', windowMs: 120_000, pingMs: 25_000, maxBytes: 16_842_752 }

/** Everything that was dialled, the latest last. */
export class FakeSocket {
  static all = []
  static get last() {
    return FakeSocket.all.at(-1)
  }

  sent = []
  closedWith = null // the arguments of close()

  constructor(url) {
    this.url = url
    FakeSocket.all.push(this)
  }
  pings = 0
  dead = false // nothing is answered any more

  send(text) {
    const frame = JSON.parse(text)
    if (frame.type !== 'ping') return this.sent.push(frame)
    this.pings++ // answered by the connection itself, as by the server
    if (!this.dead) this.says({ type: 'pong' })
  }
  close(...code) {
    this.closedWith ??= code
  }

  /** The server accepts the connection. Returns the auth. */
  open() {
    this.onopen({})
    return this.take()[0]
  }
  /** The server says frames. */
  says(...frames) {
    for (const frame of frames) this.onmessage({ data: JSON.stringify(frame) })
  }
  /** The server, or the network, closes. */
  ends(code = 1006, reason = '') {
    this.onclose({ code, reason })
  }
  /** What was sent since the last take. */
  take() {
    return this.sent.splice(0)
  }
}

export class FakeStorage {
  #items = new Map()
  quota = Infinity
  getItem(key) {
    return this.#items.get(key) ?? null
  }
  setItem(key, value) {
    if (value.length > this.quota) throw new Error('quota exceeded')
    this.#items.set(key, value)
  }
  removeItem(key) {
    this.#items.delete(key)
  }
}

let now = 0
let skew = 0 // by how much the wall clock has jumped
let timers = new Map() // id → { at, act }

/** Runs act while time stands still but for tick(); every wait of the back-off takes its longest. */
export function frozen(act) {
  const { setTimeout, clearTimeout } = globalThis
  const { random } = Math
  const wall = Date.now
  const began = wall()
  FakeSocket.all = []
  now = skew = 0
  timers = new Map()
  let lastId = 0
  globalThis.setTimeout = (act, ms) => (timers.set(++lastId, { at: now + ms, act }), lastId)
  globalThis.clearTimeout = (id) => timers.delete(id)
  Math.random = () => 1
  Date.now = () => began + now + skew
  try {
    return act()
  } finally {
    Object.assign(globalThis, { setTimeout, clearTimeout })
    Math.random = random
    Date.now = wall
  }
}

/** Lets ms pass. */
export function tick(ms) {
  const end = now + ms
  for (;;) {
    const due = [...timers].filter(([, timer]) => timer.at <= end).sort(([, a], [, b]) => a.at - b.at)[0]
    if (!due) break
    const [id, { at, act }] = due
    timers.delete(id)
    now = Math.max(now, at)
    act()
  }
  now = end
}

/** The machine sleeps for ms: the wall clock goes on, the timers do not. */
export function sleep(ms) {
  skew += ms
}

/** The page is frozen for ms: afterwards every timer that was due fires late, before anything is read. */
export function freeze(ms) {
  now += ms
}

export function newChat(storage = new FakeStorage(), options = {}) {
  const chat = new ChatMe({ url: 'ws://server.test/', apiKey: 'KEY', storage, WebSocket: FakeSocket, ...options })
  chat.storage = storage
  return chat
}

/** A client in a chat with the partner P. */
export function chatting(options) {
  const chat = newChat(new FakeStorage(), options)
  chat.search()
  const socket = FakeSocket.last
  socket.open()
  socket.says({ type: 'auth_success' }, { type: 'session_id', sessionId: 'cm1_S', ...HELLO }, { type: 'searching' })
  socket.says({ type: 'matched', partnerId: 'P' })
  socket.take()
  return chat
}

/** Goes on after the connection was lost, with what the server knows. Returns the auth. */
export function resume(state) {
  const socket = FakeSocket.last
  const auth = socket.open()
  socket.says({ type: 'auth_success' }, { type: 'resumed', partner: 'here', recv: 0, delivered: 0, last: 0, replay: 0, gap: false, awayMs: 1, ...HELLO, ...state })
  return auth
}

/** What resume is told of a chat with P that goes on. */
export const matched = (more) => ({ state: 'matched', partnerId: 'P', ...more })
/** What resume is told of a chat with P that is over. */
export const over = (more) => ({ state: 'ended', partnerId: 'P', ...more })

/** The messages of chat as a reader sees them. */
export const texts = (chat) => chat.messages.map((m) => (m.gap ? `gap ${m.n}` : m.text))
/** The numbers of the messages among frames. */
export const numbers = (frames) => frames.filter((f) => f.type === 'message').map((f) => f.n)
