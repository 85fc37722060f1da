// A fake server and storage for tests of the library: the test controls what the server sends.

import { ChatMe } from '../static/chatme.js'

export const HELLO = { epoch: 'E', windowMs: 120_000, pingMs: 25_000, maxBytes: 16_842_752 }

/** All dialed sockets, the latest last. */
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
  dead = false // answers nothing anymore

  send(text) {
    const frame = JSON.parse(text)
    if (frame.type !== 'ping') return this.sent.push(frame)
    this.pings++ // answered by the socket itself, as the server does
    if (!this.dead) this.says({ type: 'pong' })
  }
  close(...code) {
    this.closedWith ??= code
  }

  /** The server accepts the connection. Returns the auth frame. */
  open() {
    this.onopen({})
    return this.take()[0]
  }
  /** The server sends frames. */
  says(...frames) {
    for (const frame of frames) this.onmessage({ data: JSON.stringify(frame) })
  }
  /** The server or the network closes the socket. */
  ends(code = 1006, reason = '') {
    this.onclose({ code, reason })
  }
  /** Returns the frames sent since the last take. */
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
let skew = 0 // how far the wall clock has jumped
let timers = new Map() // id → { at, act }

/** Runs act while time advances only in tick(); every backoff takes its maximum. */
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

/** Advances time by ms. */
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

/** The machine sleeps for ms: the wall clock advances, the timers do not. */
export function sleep(ms) {
  skew += ms
}

/** The page is frozen for ms: afterwards every due timer fires late, before anything is read. */
export function freeze(ms) {
  now += ms
}

export function newChat(storage = new FakeStorage(), options = {}) {
  const chat = new ChatMe({ url: 'ws://server.test/', apiKey: 'KEY', storage, WebSocket: FakeSocket, ...options })
  chat.storage = storage
  return chat
}

/** Returns a client in a chat with the partner P. */
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

/** Resumes after a lost connection with the server state. Returns the auth frame. */
export function resume(state) {
  const socket = FakeSocket.last
  const auth = socket.open()
  socket.says({ type: 'auth_success' }, { type: 'resumed', partner: 'here', recv: 0, delivered: 0, last: 0, replay: 0, gap: false, awayMs: 1, ...HELLO, ...state })
  return auth
}

/** The resumed state of a chat with P that continues. */
export const matched = (more) => ({ state: 'matched', partnerId: 'P', ...more })
/** The resumed state of a chat with P that has ended. */
export const over = (more) => ({ state: 'ended', partnerId: 'P', ...more })

/** Returns the messages of chat as a reader sees them. */
export const texts = (chat) => chat.messages.map((m) => (m.gap ? `gap ${m.n}` : m.text))
/** Returns the numbers of the messages in frames. */
export const numbers = (frames) => frames.filter((f) => f.type === 'message').map((f) => f.n)
