// A TCP proxy that imitates bad networks: it cuts every connection after a random number of bytes, in either direction,
// with a FIN or a RST. The seed alone determines the cuts.

import { connect, createServer } from 'node:net'

/** Returns a generator of numbers in [0, 1) from seed (mulberry32). */
export function randomFrom(seed) {
  let a = seed >>> 0
  return () => {
    a = (a + 0x6d2b79f5) >>> 0
    let t = Math.imul(a ^ (a >>> 15), 1 | a)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

export class FaultProxy {
  /** The number of connections cut so far. */
  cuts = 0
  #server
  #random
  #target
  #longest
  #links = new Set()

  /** Forwards connections to port target, each for at most longest bytes; 0: no limit. */
  static async start({ target, seed, longest }) {
    const proxy = new FaultProxy()
    proxy.#random = randomFrom(seed)
    proxy.#target = target
    proxy.#longest = longest
    proxy.#server = createServer({ allowHalfOpen: false }, (client) => proxy.#pass(client))
    await new Promise((done) => proxy.#server.listen(0, '127.0.0.1', done))
    return proxy
  }

  get port() {
    return this.#server.address().port
  }

  /** Stops cutting connections. */
  behave() {
    this.#longest = 0
    for (const link of this.#links) link.left = Infinity
  }

  close() {
    for (const link of this.#links) this.#end(link)
    return new Promise((done) => this.#server.close(done))
  }

  #pass(client) {
    const server = connect(this.#target, '127.0.0.1')
    const left = this.#longest ? 1 + Math.floor(this.#random() * this.#longest) : Infinity
    const link = { sockets: [client, server], left, reset: this.#random() < 0.5 }
    this.#links.add(link)
    this.#forward(link, client, server)
    this.#forward(link, server, client)
  }

  #forward(link, from, to) {
    from.setNoDelay()
    from.on('data', (data) => {
      if (link.left === 0) return
      const part = data.length < link.left ? data : data.subarray(0, link.left)
      link.left -= part.length
      const ready = to.write(part)
      if (link.left === 0) return this.#cut(link, to)
      if (!ready) {
        from.pause()
        to.once('drain', () => from.resume())
      }
    })
    from.on('error', () => {}) // a close follows
    from.on('close', () => this.#end(link))
  }

  #cut(link, to) {
    this.cuts++
    if (link.reset) return this.#end(link)
    to.end(() => this.#end(link)) // the forwarded bytes arrive
  }

  #end(link) {
    if (!this.#links.delete(link)) return
    for (const socket of link.sockets) {
      if (link.reset) socket.resetAndDestroy()
      else socket.destroy()
    }
  }
}
