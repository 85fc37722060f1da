// chatme.js: a client for the chatme protocol in one module, without dependencies.
//
//   const chat = new ChatMe({ url: 'wss://chat.example/', apiKey: 'KEY' })
//   chat.on('message', (m) => console.log(m.mine ? 'me' : 'stranger', m.text))
//   chat.on('change', () => console.log(chat.state, chat.partner))
//   await chat.search()
//   chat.send('hello')
//
// The promise: a message is shown to the partner once, in order, or its status says that it was not. A reload, a lost
// connection or a server restart ends neither the search nor the chat. The library keeps a copy of every message until
// the server has taken custody of it, in a storage that outlives the page (sessionStorage: one chat per tab).
// STATE AND COPIES ARE STORED IN ONE WRITE BEFORE ANYTHING IS SENT OR SHOWN.
//
// With a server that does not support sessions the library uses the base protocol: a lost socket ends the chat, and a
// message counts as sent once it has left.
//
// The library does not need a browser: where there is no WebSocket or no storage, the application supplies its own. It
// runs in Safari 15, Chrome 100, Firefox 100, Node 18 and later, and uses nothing newer.

const BACKOFF_FIRST_MS = 300 // the longest wait before the first reconnect; each attempt doubles it
const BACKOFF_MAX_MS = 15_000
const OVERLOADED_MS = 5_000 // the shortest wait after close 1013
const GREETING_MS = 10_000 // from dialing to the session's state; the server's timeout is the same
const PROBE_MS = 4_000 // the socket must respond within this after the network or the page was away
const QUIET_MS = 25_000 // of silence before a ping; the server can change it in pingMs
const QUIET_PROBE_MS = 60_000 // to answer that ping: the answer may queue behind a large image
// When the server owes an answer and is silent for OVERDUE_MS, the library sends a ping and waits PONG_MS for the pong.
const OVERDUE_MS = 10_000
const PONG_MS = 8_000
// A probe waits one more second for every SECOND_BYTES in flight during the last minute, which is BEATS beats.
const SECOND_BYTES = 32 << 10
const BEAT_MS = 1_000
const BEATS = 60
// A timer that is off by more than JUMP_MS means that the machine slept, the page was frozen, or the clock was set.
const JUMP_MS = 5_000
const PLAIN_MS = 1_500 // from auth_success to the next frame of a server that supports sessions
const UNANSWERED = 12 // resume attempts without an answer before the session is given up
const ACK_MS = 200 // the server expects an ack within 250 ms, or every 16 messages
const ACK_EVERY = 16
// A partner may send faster than a person reads. AT_ONCE messages are stored and reported one by one as they arrive,
// plus one for every TOGETHER_MS that passes; faster ones are stored in one write and reported together.
const AT_ONCE = 32
const TOGETHER_MS = 100
const HOLD_MS = 2_000 // the shortest wait before a refused message is sent again
const HOLD_MAX_MS = 16_000
const TYPING_MS = 3_000 // without a key press before typing_stop is sent
// In React Native a close without a code is 1000, which ends the session. This code has no meaning to any server.
const LEAVING = 4000
const TEXT_BYTES = 64 << 10 // the longest text, in UTF-8
const FRAME_BYTES = 16_842_752 // the largest frame, unless the server says otherwise
// The highest message number; the server closes a client that claims a higher one with 4400.
const LAST_NUMBER = 2 ** 32
const STORED_IMAGE_CHARS = 512 << 10 // a longer image that no longer needs a copy is shown but not stored
// Limits for the stored part of a chat besides copies, in characters. If the first does not fit, the second is used.
const STORED_CHARS = 4 << 20
const FEWER_CHARS = 1 << 20

/**
 * Close codes after which the library does not reconnect by itself, with the value of `stopped`.
 * @type {Record<number, 'refused'|'too_large'|'key'|'replaced'|'banned'>}
 */
const FINAL = { 1007: 'refused', 1008: 'refused', 1009: 'too_large', 4001: 'key', 4409: 'replaced', 4410: 'banned' }

/** Frames that are events under their own names. A message or an error is reported by its outcome instead. */
const TOLD = new Set([
  'auth_success', 'auth_error', 'session_id', 'resumed', 'resume_failed', 'searching', 'matched', 'partner_disconnected',
  'partner_away', 'partner_back', 'typing_start', 'typing_stop', 'ack', 'gap', 'chat_ended', 'pong',
])

const IMAGE = /^(https:\/\/|data:image\/(png|jpe?g|gif|webp|avif|heic|heif|bmp);base64,)/

/** Frames that say that the session is on disk. The server keeps a session from its first search on. */
const KEPT = new Set(['resumed', 'searching', 'matched', 'partner_disconnected'])

/** Frames outside of the message order, which do not wait for earlier messages. */
const ASIDE = new Set(['ack', 'pong', 'typing_start', 'typing_stop'])

/** Error codes that mean: not accepted, nothing overtakes it, resend it later. */
const HELD = new Set(['unavailable', 'mailbox_full', 'rate_limited'])

/**
 * @typedef {object} Message
 * @property {number} n        its number in this chat and direction; for a gap, the last number missing
 * @property {boolean} [mine]  sent by this client
 * @property {string} [text]
 * @property {string} [imageUrl]
 * @property {number} [ts]     Unix time in milliseconds
 * @property {true} [gap]      not a message: some of the partner's messages were lost here
 * @property {string} [failed] why it does not arrive: the error code with which the server refused it for good; lost:
 *                             see below; unsent: more was sent than was stored, so this number may be another message's
 * @property {true} [lost]     the image was too large to store and was lost in a reload
 *
 * @typedef {object} Chat
 * @property {string} partnerId  the partner's alias. A chat that the partner ended keeps it until the next chat begins: its
 *                               last messages may still need to be confirmed, without which there is no new match.
 *                               '' after this client left, or once the session is forgotten
 * @property {''|'you'|'partner'|'lost'} ended  who ended it; lost: the session could not be resumed
 * @property {number} got        the partner's messages up to this number have arrived
 * @property {number} sent       the last number given to a message
 * @property {number} acked      the server has custody up to this number
 * @property {number} delivered  the partner's client has the messages up to this number
 * @property {string[]} [common] see Partner
 * @property {Message[]} messages
 *
 * @typedef {{ id: string, here: boolean, typing: boolean, awayUntil: number, common: string[] }} Partner
 *   id is its name in this chat only; awayUntil, Unix time in milliseconds, is when the chat ends unless it returns; common
 *   are the topics that both prefer, as far as this client was told
 * @typedef {'sending'|'sent'|'delivered'|'failed'} Status
 * @typedef {{ type: string, [member: string]: any }} Frame  a message from the server as received
 * @typedef {{ code: string, message?: string, n?: number }} ErrorFrame
 * @typedef {{ addEventListener: Function, removeEventListener: Function, aborted: boolean, reason?: any }} Signal
 *   an AbortSignal
 *
 * @typedef {object} Own
 * @property {void} change      the state that the library exposes has changed
 * @property {Message} message  a new entry in messages: from the partner, from this client, or a gap
 * @property {Message} status   the status of a message from this client has changed
 * @property {ErrorFrame} error the server refused something, the chat cannot be stored (storage), or the client cannot dial
 *                              with this url or key (address)
 * @property {Frame} frame      every message from the server
 *
 * @typedef {'auth_success'|'auth_error'|'session_id'|'resumed'|'resume_failed'|'searching'|'matched'|'partner_disconnected'
 *   |'partner_away'|'partner_back'|'typing_start'|'typing_stop'|'ack'|'gap'|'chat_ended'|'pong'} Told
 * @typedef {Own & { [T in Told]: Frame }} Events  session_id holds the session ID, which is a secret
 */

/** The chat is stored from matched until the next one: a resume names the latest chat known to the client. */
const fresh = () => ({ v: 1, sessionId: '', lasts: '', epoch: '', maxBytes: 0, phase: 'idle', wanted: false, ending: false, chat: null })

export class ChatMe {
  // Static after construction.
  /** @type {Link} */
  #link
  #apiKey
  #storage
  #storageKey
  #keep
  #resumable
  /** @type {Map<string, Set<Function>>} */
  #listeners = new Map()

  // Stored, see fresh(). wanted: search() is unanswered; during a chat, that is Next. ending: end() is unanswered.
  // lasts: whether the session outlives its socket. '': no, it never searched; maybe: it asked; yes: the server said so.
  #state
  #none = []
  /** @type {WeakMap<Message, string>} the stored form of a message; removed when the message changes */
  #written = new WeakMap()

  // Of the current socket.
  #plain = false // base protocol: the server has no sessions, or resume is false
  #sentTo = 0 // the last number sent on this socket
  #accepted = 0 // the last number accepted from an earlier socket
  #unacked = 0
  /** @type {{ n: number, frame: Frame }[]} messages of a crowd that are not stored yet */
  #came = []
  #partner = { here: true, typing: false, awayUntil: 0 }

  /** @type {{ topics: string[], languages: string[] }|null} what prefer() was given */
  #preferred = null
  /** @type {{ topics: string[], languages: string[] }} what the server offers */
  #offer = { topics: [], languages: [] }

  #unanswered = 0 // resume attempts in a row without an answer
  #paused = false
  /** @type {''|'key'|'replaced'|'banned'|'too_large'|'refused'} */
  #stopped = ''
  #timers = new Timers()
  #held = 0 // refusals in a row
  #credit = AT_ONCE // how many messages may be reported one by one, as of creditAt
  #creditAt = 0

  /**
   * @param {object} options
   * @param {string|URL} options.url      ws: or wss: address of the server
   * @param {string} options.apiKey       WEB_API_KEY or MOBILE_API_KEY of the server
   * @param {{ getItem(key: string): string|null|undefined, setItem(key: string, value: string): void }|null} [options.storage]
   *   null: memory only. Default: sessionStorage in a page, elsewhere null
   * @param {string} [options.storageKey]
   * @param {new (url: string) => any} [options.WebSocket]  default: the global one
   * @param {number} [options.keep]       how many messages of a chat to keep; your own are never dropped before they are delivered
   * @param {boolean} [options.resume]    false: never ask for a session that can be resumed
   * @param {Signal} [options.signal]     when it aborts: close and emit no more events
   */
  constructor({ url, apiKey, storage, storageKey = 'chatme', WebSocket: Socket, keep = 300, resume = true, signal }) {
    this.#apiKey = apiKey
    this.#storage = storage === undefined ? sessionStorageOrNull() : storage
    this.#storageKey = storageKey
    this.#keep = keep
    this.#resumable = resume
    this.#plain = !resume
    this.#link = new Link(String(url).trim(), Socket ?? globalThis.WebSocket, {
      auth: () => this.#auth(),
      receive: (data) => this.#receive(data),
      closed: (code, reason) => this.#closed(code, reason),
      owes: () => this.#owed(),
    })
    this.#state = this.#load() ?? fresh()
    this.#sessionless()
    const gone = () => {
      this.#listeners.clear()
      this.close()
    }
    if (signal?.aborted) gone()
    else signal?.addEventListener('abort', gone, { once: true })
  }

  // ---- state and events

  /** @returns {'idle'|'searching'|'chatting'} */
  get state() {
    const s = this.#state
    return s.wanted ? 'searching' : s.ending ? 'idle' : s.phase
  }
  /** Whether the client is connected and the server has answered. */
  get online() {
    return this.#link.ready
  }
  /** '', or why the library does not reconnect. @returns {''|'key'|'replaced'|'banned'|'too_large'|'refused'} */
  get stopped() {
    return this.#stopped
  }
  /** Whether the connection uses the base protocol: it cannot be resumed, and nothing is confirmed. */
  get plain() {
    return this.online && this.#plain
  }
  /** The partner in the current chat, or null. @returns {Partner|null} */
  get partner() {
    if (this.state !== 'chatting') return null
    const { partnerId, common = [] } = this.#state.chat
    return { id: partnerId, ...this.#partner, common }
  }
  /** The topics that the server offers to prefer(). Empty: none, or not connected yet. @returns {string[]} */
  get topics() {
    return this.#offer.topics
  }
  /** The languages that the server offers to prefer(), such as 'de'. Empty: none, or not connected yet. @returns {string[]} */
  get languages() {
    return this.#offer.languages
  }
  /** How many bytes are still to be sent, for example of a large image. @returns {number} */
  get unsentBytes() {
    return this.#link.unsentBytes
  }
  /** '', or who ended the latest chat. @returns {''|'you'|'partner'|'lost'} */
  get ended() {
    return this.#state.chat?.ended ?? ''
  }
  /** The messages of the latest chat, oldest first; do not modify. A new chat has a new array. @returns {Message[]} */
  get messages() {
    return this.#state.chat?.messages ?? this.#none
  }

  /** The status of a message that this client sent in this chat. @param {Message} m @returns {Status} */
  statusOf(m) {
    const chat = this.#state.chat
    if (m.failed || !chat) return 'failed'
    if (m.n <= chat.delivered) return 'delivered'
    if (m.n <= chat.acked) return 'sent'
    return chat.ended ? 'failed' : 'sending'
  }

  /**
   * Calls listener for every event of this type, see Events. Returns a function that removes it; an aborted signal
   * removes it too.
   * @template {keyof Events} T
   * @param {T} type
   * @param {(event: Events[T]) => void} listener
   * @param {{ signal?: Signal }} [options]
   * @returns {() => void}
   */
  on(type, listener, { signal } = {}) {
    const undo = () => this.off(type, listener)
    if (signal?.aborted) return undo
    if (!this.#listeners.has(type)) this.#listeners.set(type, new Set())
    this.#listeners.get(type).add(listener)
    signal?.addEventListener('abort', undo, { once: true })
    return undo
  }
  /** @template {keyof Events} T @param {T} type @param {(event: Events[T]) => void} listener */
  off(type, listener) {
    this.#listeners.get(type)?.delete(listener)
  }

  // ---- actions

  /**
   * Resumes the session, or opens one. search() connects by itself. Resolves when the server has
   * answered. Rejects when the server refuses this client, when url or apiKey is not usable, or when close() comes
   * first; an abort calls close(). You need not await the promise.
   * @param {{ signal?: Signal }} [options]
   * @returns {Promise<void>}
   */
  connect({ signal } = {}) {
    const fault = signal?.aborted ? null : this.#open()
    return fault ? this.#unable(fault) : this.#until(() => this.online, () => this.#stopped || (this.#paused && 'closed'), signal, () => this.close())
  }

  /**
   * Finds a partner; in a chat, leaves it for the next one. Resolves when there is one. Rejects when the search
   * is over; an abort before that calls end(). When url or apiKey is not usable it rejects too, and nothing has
   * changed. You need not await the promise.
   * @param {{ signal?: Signal }} [options]
   * @returns {Promise<Partner>}
   */
  search({ signal } = {}) {
    const fault = signal?.aborted ? null : this.#search()
    if (fault) return this.#unable(fault)
    const over = () => this.#stopped || (this.#paused && 'closed') || (this.state === 'idle' && 'ended')
    return this.#until(() => this.partner, over, signal, () => this.end())
  }

  /**
   * Sets what the user would like to talk about, and in which languages, now and after each reconnect. An absent or empty
   * list means any. The server ignores what it does not offer, see topics and languages. The library does not store this: call
   * it before connect() or search(), and again when the user changes it. Throws a TypeError unless both are lists of strings.
   * @param {{ topics?: string[], languages?: string[] }} wants
   */
  prefer({ topics = [], languages = [] }) {
    if (!isNames(topics) || !isNames(languages)) throw new TypeError('chatme: topics and languages must be arrays of strings')
    const before = JSON.stringify(this.#preferred)
    this.#preferred = { topics: [...topics], languages: [...languages] }
    if (this.online && !this.#state.ending && JSON.stringify(this.#preferred) !== before) this.#sayPreferred()
  }

  /**
   * Sends text, or { text, imageUrl }. The message is stored, and delivered as soon as it can be.
   * Throws when there is no chat, or when the message is empty or too large.
   * @param {string | { text?: string, imageUrl?: string }} content
   * @returns {Message}
   */
  send(content) {
    const { text, imageUrl } = typeof content === 'string' ? { text: content, imageUrl: undefined } : content
    this.#settle()
    if (this.state !== 'chatting') throw new Error('chatme: not in a chat')
    if (!text && !imageUrl) throw new RangeError('chatme: nothing to send')
    const { chat, maxBytes } = this.#state
    if (chat.sent >= LAST_NUMBER) throw new RangeError('chatme: this chat is out of numbers')
    const m = { n: chat.sent + 1, mine: true, text: text || undefined, imageUrl: imageUrl || undefined, ts: Date.now() }
    const tooLarge = (text && bytes(text) > TEXT_BYTES) || (imageUrl && bytes(JSON.stringify(this.#frameOf(m, m.n))) > (maxBytes || FRAME_BYTES))
    if (tooLarge) throw new RangeError('chatme: message too large') // before it uses a number
    chat.sent = m.n
    this.#typingStops(true)
    chat.messages.push(m)
    this.#show(m)
    this.#pump()
    this.#emit('change')
    return m
  }

  /**
   * Sends an image: a Blob or File, which is read first, a data URI, or an https address. Throws as send() does, when
   * the protocol does not allow the image, and when the chat ended while it was read.
   * @param {string | Blob} image
   * @param {{ text?: string, signal?: Signal }} [options]
   * @returns {Promise<Message>}
   */
  async sendImage(image, { text, signal } = {}) {
    const partner = this.partner?.id
    const imageUrl = typeof image === 'string' ? image : await dataUri(image)
    if (signal?.aborted) throw reasonOf(signal)
    if (!IMAGE.test(imageUrl)) throw new RangeError('chatme: not a supported image')
    if (!partner || this.partner?.id !== partner) throw new Error('chatme: not in a chat')
    return this.send({ text, imageUrl })
  }

  /** Tells the partner that the user is typing; call it on every key press. */
  typing(on = true) {
    if (!on) this.#typingStops(true)
    if (!on || this.state !== 'chatting') return
    if (!this.#timers.has('typing')) this.#link.say({ type: 'typing_start' })
    this.#timers.after('typing', TYPING_MS, () => this.#link.say({ type: 'typing_stop' }))
  }

  /** Leaves for good: deletes the chat, the session and everything stored. */
  end() {
    this.#settle()
    this.#ack()
    const s = this.#state
    s.wanted = false
    // If the server cannot be dialed at all, its session expires by itself.
    if (s.sessionId && (this.#link.busy || !this.#dialFault())) {
      s.ending = true
      if (s.chat) s.chat = { ...s.chat, ended: 'you', messages: [] }
      this.#store()
      this.#link.say({ type: 'end_chat' })
    } else {
      this.#link.say({ type: 'end_chat' })
      if (s.phase === 'chatting') s.chat = { ...s.chat, ended: 'you', messages: [] }
      this.#forget()
      this.#drop()
      this.#store()
    }
    this.#emit('change')
  }

  /** The app goes to the background: the server holds messages for up to ms, and the socket is closed until connect(). */
  sleep(ms = 600_000) {
    if (!this.#plain) this.#link.say({ type: 'sleep', forMs: ms })
    this.close()
  }

  /** Closes the socket until connect() or search(). The session and the chat remain, as after any lost connection. */
  close() {
    this.#paused = true
    this.#drop()
    this.#link.rest()
    this.#emit('change')
  }

  /**
   * The network or the app is back: reconnects at once, or checks whether the socket is alive. In a browser the library
   * calls it; elsewhere call it when the app comes to the foreground.
   */
  wake() {
    this.#link.wake()
  }

  /** Returns the error if dialing is impossible; then nothing has changed. */
  #open() {
    const fault = this.#dialFault()
    if (fault) return fault
    this.#paused = false
    this.#stopped = ''
    this.#emit('change')
    return null
  }

  /** Returns the same as #open. */
  #search() {
    this.#settle()
    const asks = this.state !== 'searching' || this.#stopped
    const fault = this.#dialFault()
    if (fault) return fault
    const s = this.#state
    if (asks) {
      s.wanted = true
      this.#typingStops(false)
      this.#ack()
      this.#store()
      if (this.online && !s.ending) this.#askForPartner()
    }
    return this.#open()
  }

  /** Returns the rejected promise of a call that could not start. */
  #unable(fault) {
    const promise = Promise.reject(fault)
    promise.catch(() => {})
    this.#emit('error', { code: 'address', message: fault.message })
    return promise
  }

  /** Waits until done returns something true, or over returns the reason why it never will. */
  #until(done, over, signal, abort) {
    const promise = new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(reasonOf(signal))
      const settle = (act, value) => {
        off()
        signal?.removeEventListener('abort', aborted)
        act(value)
      }
      const aborted = () => {
        settle(reject, reasonOf(signal))
        abort()
      }
      const look = () => {
        const value = done()
        const why = !value && over()
        if (value) settle(resolve, value === true ? undefined : value)
        else if (why) settle(reject, new Error(`chatme: ${why}`))
      }
      const off = this.on('change', look)
      signal?.addEventListener('abort', aborted)
      look()
    })
    promise.catch(() => {}) // the caller need not await it
    return promise
  }

  // ---- the session

  /** Dials unless there is a socket. Returns the error if that is impossible; then nothing has changed. */
  #dialFault() {
    if (typeof this.#apiKey !== 'string' || !this.#apiKey) return new TypeError('chatme: apiKey must be a non-empty string')
    return this.#link.open()
  }

  #auth() {
    if (this.#plain) return { type: 'auth', apiKey: this.#apiKey }
    if (this.#unanswered >= UNANSWERED) this.#forget()
    const { sessionId, epoch, chat } = this.#state
    const resume = /** @type {Record<string, any>} */ ({ v: 1 })
    if (sessionId) Object.assign(resume, { sessionId, epoch })
    if (sessionId && chat?.partnerId) Object.assign(resume, { partnerId: chat.partnerId, got: chat.got, acked: chat.acked })
    return { type: 'auth', apiKey: this.#apiKey, resume }
  }

  /** Reports whether the server owes an answer. A slow partner delays an ack, but never a pong. */
  #owed() {
    const { phase, wanted, ending, chat } = this.#state
    return wanted || ending || (phase === 'chatting' && this.#sentTo > chat.acked)
  }

  /** Drops the socket: to the server this is a lost connection. */
  #drop() {
    this.#settle()
    this.#unacked = 0 // the next auth carries it
    this.#partner.typing = false
    this.#timers.clear()
    this.#sessionless()
    this.#plain = !this.#resumable
    this.#link.drop()
  }

  /** Without a session nothing outlives the socket: the chat is lost, the search starts over. */
  #sessionless() {
    const s = this.#state
    if (!s.lasts) s.sessionId = ''
    if (s.sessionId || s.phase === 'idle') return
    const wanted = s.wanted || s.phase === 'searching'
    this.#forget()
    this.#state.wanted = wanted
  }

  #closed(code, reason) {
    this.#drop()
    if (code === 1000 || code === 4400) this.#forget()
    if (code === 4409) this.#state = fresh() // another tab has taken over the session
    this.#store()
    this.#stopped = FINAL[code] ?? ''
    const { phase, wanted, ending } = this.#state
    const needed = phase !== 'idle' || wanted || ending || code === 4400 // needs a new session
    if (!this.#stopped && !this.#paused && needed) this.#link.retry(code, reason)
    else this.#link.rest()
    this.#emit('change')
  }

  // ---- frames from the server

  #receive(data) {
    const m = parsed(data)
    // Nothing is lost with a session that was never in the queue.
    const untold = m?.type === 'resume_failed' && this.#state.lasts !== 'yes'
    const waits = m && this.#take(m)
    if (waits && this.#came.length > 0) return // timers are costly in a crowd: set once for all of it
    this.#link.listen()
    if (!m || waits) return
    this.#tell(m, untold)
    this.#emit('change')
  }

  #tell(m, untold = false) {
    this.#emit('frame', m)
    if (TOLD.has(m.type) && !untold) this.#emit(m.type, m)
  }

  /** Reports whether m is reported together with the messages it arrived with. */
  #take(m) {
    const content = m.type === 'message' || m.type === 'gap'
    if (!content && !ASIDE.has(m.type)) this.#settle()
    if (this.#state.ending && this.online && m.type !== 'chat_ended') return false
    if (content) return this.#incoming(m)
    this.#handle(m)
    return false
  }

  #handle(m) {
    const s = this.#state
    if (KEPT.has(m.type)) s.lasts = 'yes'
    switch (m.type) {
      case 'auth_success':
        return this.#admitted()
      case 'session_id':
        if (s.sessionId) this.#forget()
        Object.assign(this.#state, { sessionId: m.sessionId, epoch: m.epoch, maxBytes: m.maxBytes })
        return this.#greeted(m)
      case 'resumed':
        return this.#resumed(m)
      case 'resume_failed':
        return this.#forget() // a session_id follows
      case 'searching':
        if (s.wanted && s.phase === 'chatting') this.#left()
        this.#chatOver('partner')
        return this.#queued()
      case 'partner_disconnected': // MEANS: back in the queue. A Next that crosses it is dropped: ended, not left
        this.#ack() // a session that has not confirmed a chat's end is not matched
        this.#chatOver('partner')
        return this.#queued()
      case 'matched':
        this.#enter(m.partnerId, namesOf(m.common))
        return this.#store()
      case 'ack':
        this.#link.trust()
        return s.phase === 'chatting' ? this.#custody(m.recv, m.delivered) : undefined
      case 'typing_start':
      case 'typing_stop':
        this.#partner.typing = m.type === 'typing_start'
        return
      case 'partner_away':
        this.#partner = { here: false, typing: false, awayUntil: m.untilMs }
        return
      case 'partner_back':
        this.#partner = { here: true, typing: false, awayUntil: 0 }
        return this.#release()
      case 'chat_ended':
        return this.#closed(1000, '') // as the server will do
      case 'error':
        return this.#refused(m)
    }
  }

  /** A server without sessions sends nothing further. */
  #admitted() {
    if (this.online) return
    if (this.#plain) this.#greeted()
    else if (this.#state.sessionId) this.#unanswered++
    else {
      this.#timers.after('plain', PLAIN_MS, () => {
        this.#plain = true
        this.#greeted()
        this.#link.listen()
        this.#emit('change')
      })
    }
  }

  /**
   * The session's state is known: continues with the pending actions.
   * @param {Partial<Frame>} hello  session_id or resumed; none in the base protocol
   */
  #greeted({ pingMs = QUIET_MS, topics, languages } = {}) {
    const late = this.online // taken for a server without sessions, and already asked
    if (late) this.#plain = false
    this.#link.greeted(pingMs)
    this.#unanswered = 0
    this.#held = 0
    this.#timers.cancel('plain')
    this.#store()
    this.#offer = { topics: namesOf(topics), languages: namesOf(languages) }
    const s = this.#state
    if (s.ending) return this.#link.say({ type: 'end_chat' })
    this.#sayPreferred()
    if (s.wanted && !late) this.#askForPartner()
    else this.#pump()
  }

  /** Sends what prefer() was given, to a server that offers something. */
  #sayPreferred() {
    const { topics, languages } = this.#offer
    if (this.#preferred && topics.length + languages.length > 0) this.#link.say({ type: 'prefer', ...this.#preferred })
  }

  #resumed(m) {
    const s = this.#state
    s.epoch = m.epoch
    s.maxBytes = m.maxBytes
    if (m.state === 'matched') {
      this.#enter(m.partnerId)
      this.#goOn(m)
    } else if (m.state === 'ended') {
      // The rest of its messages follow, then partner_disconnected, which reports the session's new state.
      if (s.wanted) this.#chatOver('you')
      if (m.gap && s.chat) this.#show(this.#hole(s.chat.got))
      s.phase = 'searching'
      s.wanted = false
    } else {
      this.#chatOver(s.wanted ? 'you' : 'partner')
      s.phase = m.state
      if (m.state === 'searching') s.wanted = false
    }
    this.#greeted(m)
  }

  /** Continues the chat from the numbers that the server reports. */
  #goOn({ recv, delivered, last, partner }) {
    const { chat } = this.#state
    const copies = chat.messages.filter((m) => m.mine && m.n > chat.acked)
    this.#custody(recv, delivered)
    this.#sentTo = chat.acked
    this.#accepted = last
    if (last > chat.sent) {
      // The storage is older than the last message sent. Those numbers are used up, and the client cannot know whether
      // they carried these copies.
      for (const copy of copies) this.#fail(copy, 'unsent')
      this.#sentTo = chat.sent = last
    }
    this.#partner = { here: partner !== 'away', typing: false, awayUntil: 0 }
  }

  /** Enters the chat with partnerId, which may be new to this client. */
  #enter(partnerId, common = []) {
    const s = this.#state
    if (s.chat?.partnerId !== partnerId) return this.#begin(partnerId, common)
    s.phase = 'chatting'
    s.chat.ended = ''
  }

  #begin(partnerId, common) {
    const s = this.#state
    s.phase = 'chatting'
    s.wanted = false
    s.chat = { partnerId, ended: '', got: 0, sent: 0, acked: 0, delivered: 0, common, messages: [] }
    this.#sentTo = 0
    this.#accepted = 0
    this.#unacked = 0
    this.#held = 0
    this.#timers.cancel('hold')
    this.#timers.cancel('ack')
    this.#typingStops(false)
    this.#partner = { here: true, typing: false, awayUntil: 0 }
  }

  #queued() {
    this.#state.phase = 'searching'
    this.#state.wanted = false
    this.#store()
  }

  #chatOver(by) {
    const { chat } = this.#state
    if (chat && !chat.ended) chat.ended = by
    this.#typingStops(false)
    this.#timers.cancel('hold')
    this.#partner.typing = false
  }

  /** Next was answered: this client gave up the rest of the chat, and does not name it again. */
  #left() {
    this.#chatOver('you')
    this.#state.chat.partnerId = ''
  }

  /** Forgets the session. The messages stay readable, unless this client ended it. */
  #forget() {
    const { chat, wanted, ending } = this.#state
    this.#chatOver('lost')
    this.#state = { ...fresh(), wanted, chat: chat && !ending ? { ...chat, partnerId: '' } : null }
  }

  /** During a chat the frame names it, so that a partner matched meanwhile is not left by mistake. */
  #askForPartner() {
    const { phase, chat, sessionId, lasts } = this.#state
    if (!lasts) {
      this.#state.lasts = 'maybe'
      this.#store()
    }
    const leaving = phase === 'chatting' && chat && sessionId ? { partnerId: chat.partnerId } : {}
    this.#link.say({ type: 'search', ...leaving })
  }

  // ---- messages

  /** Takes a message or a gap (nothing more arrives up to its number). Reports whether it is new. */
  #incoming(frame) {
    const { chat } = this.#state
    const gap = frame.type === 'gap'
    if (!chat?.partnerId || (!gap && frame.from !== chat.partnerId)) return false
    const heard = this.#came.length > 0 ? this.#came[this.#came.length - 1].n : chat.got
    const n = frame.n ?? (gap ? 0 : heard + 1)
    if (n > LAST_NUMBER) return false
    if (n <= heard) {
      this.#ackSoon()
      return false
    }
    this.#came.push({ n, frame })
    const now = Date.now()
    this.#credit = Math.min(AT_ONCE, this.#credit + Math.max(0, now - this.#creditAt) / TOGETHER_MS)
    this.#creditAt = now
    // The credit grows without a timer, so that a page too busy for its timers still makes progress.
    if (this.#credit >= 1) this.#settle()
    else if (!this.#timers.has('together')) this.#timers.after('together', TOGETHER_MS, () => this.#settle())
    return true
  }

  /** Stores the messages that arrived, in one write, and then reports them. */
  #settle() {
    const came = this.#came
    if (came.length === 0) return
    this.#came = []
    const waited = this.#timers.has('together')
    this.#timers.cancel('together')
    this.#credit = Math.max(0, this.#credit - 1)
    const { chat } = this.#state
    const added = came.map(({ n, frame }) => {
      const gap = frame.type === 'gap'
      const hole = gap || n > chat.got + 1 ? this.#hole(gap ? n : n - 1) : null
      chat.got = n
      if (gap) return [hole]
      const m = { n, text: textOf(frame.text), imageUrl: textOf(frame.imageUrl), ts: timeOf(frame.ts) }
      chat.messages.push(m)
      return [hole, m]
    })
    this.#trim()
    this.#store()
    for (const [i, messages] of added.entries()) {
      if (this.#state.chat !== chat) return // a listener has ended it
      for (const m of messages) if (m) this.#emit('message', m)
      this.#tell(came[i].frame)
    }
    this.#ackSoon(came.length, waited)
    this.#emit('change')
  }

  /** Records that nothing more arrives up to n. Returns the gap if it is a new one. @returns {Message|null} */
  #hole(n) {
    const { chat } = this.#state
    chat.got = Math.max(chat.got, n)
    const latest = chat.messages[chat.messages.length - 1]
    if (latest?.gap) {
      latest.n = n
      this.#written.delete(latest)
      return null
    }
    const gap = /** @type {Message} */ ({ n, gap: true })
    chat.messages.push(gap)
    return gap
  }

  /**
   * Forgets the oldest messages beyond the limit, but none of this client's whose status can still change. Behind those
   * it keeps at most the limit of the others, even if the partner confirms nothing.
   */
  #trim() {
    const { messages, acked, delivered } = this.#state.chat
    if (messages.length <= this.#keep) return
    const settled = this.#plain ? acked : delivered
    const stays = (m) => m.mine && m.n > settled
    let over = messages.length - this.#keep
    let crowd = messages.filter((m) => !stays(m)).length - this.#keep
    let front = true
    const kept = messages.filter((m) => {
      if (stays(m)) front = false
      const goes = !stays(m) && ((front && over > 0) || crowd > 0)
      if (goes) over--, crowd--
      return !goes
    })
    messages.length = 0
    for (const m of kept) messages.push(m) // the chat keeps its array
  }

  /** Stores the messages, then reports m, the new one. */
  #show(m) {
    this.#trim()
    this.#store()
    if (m) this.#emit('message', m)
  }

  /** Confirms a few messages a little later; many, or messages that have waited already, at once. */
  #ackSoon(count = 1, waited = false) {
    if (this.#plain) return
    this.#unacked += count
    if (waited || this.#unacked >= ACK_EVERY) this.#ack()
    else if (!this.#timers.has('ack')) this.#timers.after('ack', ACK_MS, () => this.#ack())
  }

  #ack() {
    this.#timers.cancel('ack')
    const { chat } = this.#state
    if (this.#unacked && chat?.partnerId) this.#link.say({ type: 'ack', partnerId: chat.partnerId, got: chat.got })
    this.#unacked = 0
  }

  /** The server has custody up to recv: those copies are not needed, and refused messages can be sent again. */
  #custody(recv, delivered) {
    const { chat } = this.#state
    const before = { acked: chat.acked, delivered: chat.delivered }
    chat.acked = Math.max(chat.acked, recv)
    chat.delivered = Math.max(chat.delivered, delivered)
    this.#store()
    for (const m of this.#listeners.get('status')?.size ? [...chat.messages] : []) {
      const moved = (m.n > before.acked && m.n <= chat.acked) || (m.n > before.delivered && m.n <= chat.delivered)
      if (m.mine && !m.failed && moved) this.#emit('status', m)
    }
    if (chat.acked > before.acked) this.#release()
  }

  #fail(m, why) {
    if (m.failed) return
    m.failed = why
    this.#written.delete(m)
    this.#store()
    this.#emit('status', m)
  }

  #frameOf({ text, imageUrl }, n) {
    if (this.#plain) return { type: 'message', text, imageUrl }
    return { type: 'message', partnerId: this.#state.chat.partnerId, n, text, imageUrl }
  }

  /** Sends the copies that have not gone out on this socket, in order. */
  #pump() {
    const { phase, wanted, ending, chat } = this.#state
    if (!this.online || phase !== 'chatting' || wanted || ending || this.#timers.has('hold')) return
    if (this.#sentTo >= chat.sent) return
    const unsent = chat.messages.filter((m) => m.mine && m.n > this.#sentTo)
    const lost = unsent.filter((m) => m.lost && !m.failed && m.n > this.#accepted)
    for (const m of lost) this.#fail(m, 'lost')
    const copies = new Map(unsent.filter((m) => !m.lost && !m.failed).map((m) => [m.n, m]))
    // A number is never reused: without a copy it is sent without content, and the partner sees a gap.
    while (this.#sentTo < chat.sent) {
      const n = ++this.#sentTo
      this.#link.say(this.#frameOf(copies.get(n) ?? {}, n))
    }
    if (this.#plain) this.#custody(chat.sent, 0) // no further status follows
  }

  #refused(m) {
    const { phase, wanted, chat } = this.#state
    const inChat = phase === 'chatting' && m.n > 0
    if (m.code === 'gap' && inChat) {
      this.#goBackTo(m.expect)
      this.#pump()
    } else if (HELD.has(m.code) && inChat) {
      this.#goBackTo(m.n)
      this.#hold()
    } else if (HELD.has(m.code) && wanted) {
      this.#timers.after('ask', HOLD_MS, () => this.#state.wanted && this.#askForPartner())
    } else if (inChat) {
      const message = chat.messages.find((copy) => copy.mine && copy.n === m.n)
      if (message) this.#fail(message, String(m.code))
    }
    this.#emit('error', m)
  }

  /** Resumes sending at n, but after the messages in the server's custody: those may have no copy. */
  #goBackTo(n) {
    this.#sentTo = Math.min(this.#sentTo, Math.max(n - 1, this.#state.chat.acked))
  }

  #hold() {
    if (this.#timers.has('hold')) return
    this.#timers.after('hold', Math.min(HOLD_MAX_MS, HOLD_MS * 2 ** this.#held++), () => this.#pump())
  }

  #release() {
    this.#held = 0
    this.#timers.cancel('hold')
    this.#pump()
  }

  #typingStops(tell) {
    if (!this.#timers.has('typing')) return
    this.#timers.cancel('typing')
    if (tell) this.#link.say({ type: 'typing_stop' })
  }

  // ---- storage, listeners

  /** Returns the stored state, or null if this version could not have written it. */
  #load() {
    try {
      const stored = JSON.parse(this.#storage.getItem(this.#storageKey))
      const s = { ...fresh(), lasts: stored.sessionId ? 'yes' : '', ...stored } // earlier versions did not store lasts
      return stored?.v === 1 && isState(s) ? s : null
    } catch {
      return null // no storage, or an unreadable one
    }
  }

  #store() {
    if (!this.#storage) return
    // Storage is small and images are large. The second attempt stores no images.
    for (const [imageChars, chars] of [[STORED_IMAGE_CHARS, STORED_CHARS], [0, FEWER_CHARS]]) {
      try {
        return this.#storage.setItem(this.#storageKey, this.#stored(imageChars, chars))
      } catch {}
    }
    this.#emit('error', { code: 'storage', message: 'This chat cannot be stored and will not outlive the page.' })
  }

  /** Returns the state as stored: all copies, and the latest other messages. */
  #stored(imageChars, chars) {
    const { chat, ...rest } = this.#state
    if (!chat) return JSON.stringify(this.#state)
    const { messages, ...numbers } = chat
    const kept = []
    for (let i = messages.length - 1; i >= 0; i--) {
      const m = messages[i]
      const copy = m.mine && m.n > chat.acked
      const large = m.imageUrl && m.imageUrl.length > imageChars && !(copy && imageChars > 0)
      const text = large ? JSON.stringify({ ...m, imageUrl: undefined, lost: true }) : this.#writtenOf(m)
      if (!copy) chars -= text.length
      if (copy || chars >= 0) kept.unshift(text)
    }
    return `${JSON.stringify(rest).slice(0, -1)},"chat":${JSON.stringify(numbers).slice(0, -1)},"messages":[${kept}]}}`
  }

  /** Caches the stored form of a message, which is stored many times; that of a large image is stored once or twice. */
  #writtenOf(m) {
    const known = this.#written.get(m)
    if (known) return known
    const text = JSON.stringify(m)
    if (text.length <= STORED_IMAGE_CHARS) this.#written.set(m, text)
    return text
  }

  #emit(type, argument) {
    for (const listener of [...(this.#listeners.get(type) ?? [])]) {
      try {
        const answer = listener(argument)
        if (typeof answer?.then === 'function') answer.then(undefined, complain)
      } catch (error) {
        complain(error)
      }
    }
  }
}

/**
 * Link keeps one socket to the server: it dials, waits before it dials again, and finds out when the socket is dead. It does
 * not know what the frames mean.
 */
class Link {
  #url
  #Socket
  #owner
  #timers = new Timers()
  /** @type {any} */
  #ws = null
  #ready = false
  #pingMs = QUIET_MS
  // Characters given to the socket; how many had left it at each beat of the last minute; how many had not at the latest
  // beat.
  #given = 0
  #gone = [0]
  #backlog = 0
  #attempt = 0
  #suspicions = 0 // sockets in a row given up for silence
  #watching = false

  /**
   * @param {string} url
   * @param {new (url: string) => any} Socket
   * @param {{
   *   auth: () => object,
   *   receive: (data: any) => void,
   *   closed: (code: number, reason: string) => void,
   *   owes: () => boolean,
   * }} owner
   *   auth returns the first frame of a socket. receive takes each frame from the server, and calls listen() once it has
   *   handled it. closed is told that the socket is lost, calls drop(), and then retry() or rest(). owes reports whether the
   *   server owes an answer.
   */
  constructor(url, Socket, owner) {
    this.#url = url
    this.#Socket = Socket
    this.#owner = owner
  }

  /** Whether the server has reported the session's state on this socket. */
  get ready() {
    return this.#ready
  }
  /** Whether there is a socket, or will be soon. */
  get busy() {
    return Boolean(this.#ws) || this.#timers.has('retry')
  }
  get unsentBytes() {
    return this.#ws?.bufferedAmount ?? 0
  }

  /** Dials unless there is a socket. Returns the error if that is impossible; then nothing has changed. */
  open() {
    if (this.#ws) return null
    try {
      this.#dial()
      return null
    } catch (error) {
      return error
    }
  }

  /** The server has reported the session's state, and expects a frame at least every pingMs. */
  greeted(pingMs) {
    this.#ready = true
    this.#pingMs = pingMs
    this.#attempt = 0
    this.#timers.cancel('patience')
  }

  /** Sends a frame, unless the server is not ready for any. */
  say(frame) {
    if (!this.#ready) return
    const text = JSON.stringify(frame)
    this.#given += text.length
    tell(this.#ws, text)
    if (!this.#timers.has('overdue')) this.#expect()
  }

  /** Waits for the next frame: a silence ends in a ping, and a server that owes an answer is asked earlier. */
  listen() {
    if (!this.#ready) return
    this.#timers.after('quiet', this.#pingMs, () => this.#probe('silence', QUIET_PROBE_MS))
    this.#expect()
  }

  /** The server has answered in earnest: earlier silences no longer count. */
  trust() {
    this.#suspicions = 0
  }

  /** Closes the socket, without a word to the owner, and stops every timer. */
  drop() {
    const ws = this.#ws
    this.#ws = null
    this.#ready = false
    this.#timers.clear()
    ws?.close(LEAVING)
  }

  /** Reconnects with full jitter, so that clients do not all reach a restarted server at once. */
  retry(code, reason) {
    let wait = Math.random() * Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** this.#attempt++)
    if (code === 1013) wait += OVERLOADED_MS
    if (code === 4429) wait += 1000 * (Number.parseFloat(reason) || 1)
    this.#timers.after(code === 4429 ? 'penalty' : 'retry', wait, () => this.#redial()) // wake does not shorten a penalty
    this.#beat()
  }

  /** There is no connection to maintain until the next open(). */
  rest() {
    this.#watch(false)
  }

  /** The network or the page is back: reconnects at once, or checks whether the socket is alive. */
  wake() {
    if (this.#timers.has('retry')) this.#redial()
    else if (this.#ready && !this.#timers.has('probe')) this.#probe('probe', PROBE_MS)
  }

  // ---- dialing

  /** Opens a socket. Throws if that is impossible. */
  #socket() {
    const [url, Socket] = [this.#url, this.#Socket]
    // Some browsers take other addresses as relative, and would dial the page's own server.
    if (!/^wss?:\/\/[^/?#]/i.test(url)) throw new TypeError(`chatme: url must begin with ws:// or wss://, not ${url}`)
    if (typeof Socket !== 'function') throw new TypeError('chatme: no WebSocket here; pass one in the options')
    try {
      if (globalThis.URL) new URL(url)
      return new Socket(url)
    } catch (error) {
      throw new TypeError(`chatme: cannot dial ${url}: ${error?.message ?? error}`)
    }
  }

  /** Dials again. An address that worked once is retried until it works again. */
  #redial() {
    if (this.open()) this.#owner.closed(1006, '')
  }

  #dial() {
    const ws = this.#socket()
    this.#timers.cancel('retry')
    this.#timers.cancel('penalty')
    this.#watch(true)
    this.#ws = ws
    this.#given = this.#backlog = 0
    this.#gone = [0]
    this.#beat()
    const present = (handle) => (event) => {
      if (this.#ws === ws) handle(event) // events of an earlier socket are ignored
    }
    ws.onopen = present(() => tell(ws, JSON.stringify(this.#owner.auth())))
    ws.onmessage = present((event) => this.#heard(event.data))
    ws.onclose = present((event) => this.#owner.closed(event.code, event.reason))
    ws.onerror = () => {} // a close follows; some sockets throw without a listener
    this.#timers.after('patience', GREETING_MS, () => this.#owner.closed(1006, ''))
  }

  // ---- signs of life

  #heard(data) {
    if (this.#timers.has('probe') || this.#timers.has('silence')) this.trust()
    this.#timers.cancel('probe')
    this.#timers.cancel('silence')
    this.#owner.receive(data)
  }

  /**
   * Pings the server and drops the socket unless a frame arrives, or bytes leave, within ms. A link that is busy with a
   * large image looks dead, so the image extends the wait, and so does every earlier suspicion.
   */
  #probe(timer, ms, again = false) {
    const backlog = this.unsentBytes
    const left = this.#given - backlog
    const slow = 1000 * Math.floor((this.#given - this.#gone[0]) / SECOND_BYTES)
    this.#timers.after(timer, (ms + slow) * 2 ** this.#suspicions, (late) => {
      // If the page was frozen, the answer may be waiting unread.
      if (late > JUMP_MS && !again) return this.#probe(timer, ms, true)
      if (backlog && this.#given - this.unsentBytes > left) return this.#probe(timer, ms)
      if (ms !== PROBE_MS) this.#suspicions++
      this.#owner.closed(1006, '')
      if (this.#timers.has('retry')) this.#redial()
    })
    this.say({ type: 'ping' })
  }

  /** Starts the wait for an answer that the server owes. */
  #expect() {
    if (!this.#owner.owes()) return this.#timers.cancel('overdue')
    this.#timers.after('overdue', OVERDUE_MS, () => this.#timers.has('probe') || this.#probe('probe', PONG_MS))
  }

  /**
   * Watches the bytes that leave, and the wall clock: on many systems the monotonic clock and the timers stop while the
   * machine sleeps.
   */
  #beat() {
    this.#timers.after('beat', BEAT_MS, (late) => {
      this.#beat()
      const left = this.#given - this.unsentBytes
      const moved = this.#backlog && left > this.#gone[this.#gone.length - 1]
      if (this.#gone.push(left) > BEATS) this.#gone.shift()
      this.#backlog = this.unsentBytes
      if (moved) this.#expect()
      if (Math.abs(late) > JUMP_MS) this.wake()
    })
  }

  /** Listens to the browser's network and visibility events while there is a connection to maintain. */
  #watch(on) {
    if (this.#watching === on) return
    this.#watching = on
    const act = on ? 'addEventListener' : 'removeEventListener'
    globalThis[act]?.('online', this.#online)
    globalThis.document?.[act]?.('visibilitychange', this.#visible)
  }
  #online = () => this.wake()
  #visible = () => globalThis.document.visibilityState !== 'hidden' && this.wake()
}

/** Timers are a client's timers by name; a new one replaces that of the same name. */
class Timers {
  /** @type {Map<string, any>} */
  #running = new Map()

  /** Calls act after ms, with the delay beyond that in milliseconds by the wall clock. */
  after(name, ms, act) {
    clearTimeout(this.#running.get(name))
    const due = Date.now() + ms
    this.#running.set(name, setTimeout(() => {
      this.#running.delete(name)
      act(Date.now() - due)
    }, ms))
  }

  has(name) {
    return this.#running.has(name)
  }

  cancel(name) {
    if (!this.#running.has(name)) return
    clearTimeout(this.#running.get(name))
    this.#running.delete(name)
  }

  clear() {
    for (const name of [...this.#running.keys()]) this.cancel(name)
  }
}

/** Reports a listener's error: in a page as an error event, elsewhere on the console, to keep the process alive. */
function complain(error) {
  if (globalThis.document && globalThis.reportError) globalThis.reportError(error)
  else globalThis.console?.error?.(error)
}

/** Sends text unless the socket is closing: browsers would warn on the console. */
function tell(ws, text) {
  if (!(ws.readyState > 1)) ws.send(text)
}

/** Returns the length of text in UTF-8; older React Native has no TextEncoder. */
function bytes(text) {
  let n = text.length
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit >= 0x80) n += unit < 0x800 || (unit >= 0xd800 && unit < 0xe000) ? 1 : 2
  }
  return n
}

/** Reports whether n is absent or a valid message number. */
const isNumber = (n) => n == null || (Number.isInteger(n) && n >= 0 && n <= LAST_NUMBER)

const isText = (value) => typeof value === 'string'
const isNames = (value) => Array.isArray(value) && value.every(isText)
const namesOf = (value) => (isNames(value) ? value : [])
const maybe = (type) => (value) => value === undefined || typeof value === type

/** Reports whether s is a valid state: another version or another program may have written it. */
function isState(s) {
  const { sessionId, lasts, epoch, maxBytes, phase, wanted, ending, chat } = s
  return (
    ['', 'maybe', 'yes'].includes(lasts) && [sessionId, epoch].every(isText) && Number.isFinite(maxBytes) && ['idle', 'searching', 'chatting'].includes(phase) &&
    [wanted, ending].every((flag) => typeof flag === 'boolean') && (chat === null ? phase !== 'chatting' : isChat(chat, phase))
  )
}

function isChat({ partnerId, ended, got, sent, acked, delivered, common = [], messages }, phase) {
  return (
    isText(partnerId) && (partnerId !== '' || phase !== 'chatting') && ['', 'you', 'partner', 'lost'].includes(ended) &&
    [got, sent, acked, delivered].every((n) => n != null && isNumber(n)) && isNames(common) &&
    Array.isArray(messages) && messages.every(isMessage)
  )
}

function isMessage({ n, mine, text, imageUrl, ts, gap, failed, lost }) {
  return (
    n != null && isNumber(n) && [mine, gap, lost].every(maybe('boolean')) &&
    [text, imageUrl, failed].every(maybe('string')) && maybe('number')(ts)
  )
}

/** Returns the server message in data, or null. */
function parsed(data) {
  try {
    const m = JSON.parse(data)
    return typeof m?.type === 'string' && [m.n, m.recv, m.delivered, m.last, m.expect].every(isNumber) ? m : null
  } catch {
    return null
  }
}

const timeOf = (value) => (Number.isFinite(value) ? value : Date.now())
const textOf = (value) => (typeof value === 'string' && value ? value : undefined)

const reasonOf = (signal) => signal.reason ?? Object.assign(new Error('aborted'), { name: 'AbortError' })

/** Reads a Blob; React Native has FileReader but no arrayBuffer. */
function dataUri(blob) {
  if (globalThis.FileReader) {
    return new Promise((done, fail) => {
      const reader = new FileReader()
      reader.onload = () => done(String(reader.result))
      reader.onerror = () => fail(reader.error)
      reader.readAsDataURL(blob)
    })
  }
  return blob.arrayBuffer().then((buffer) => {
    const all = new Uint8Array(buffer)
    let binary = ''
    for (let i = 0; i < all.length; i += 0x8000) binary += String.fromCharCode(...all.subarray(i, i + 0x8000))
    return `data:${blob.type};base64,${btoa(binary)}`
  })
}

/** Returns the page's sessionStorage. In Node and Deno all clients and later processes share it, so it is not used. */
function sessionStorageOrNull() {
  try {
    return globalThis.document ? globalThis.sessionStorage ?? null : null
  } catch {
    return null // disabled in this browser
  }
}
