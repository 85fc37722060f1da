// A reverse proxy that serves under a path prefix, as an operator's proxy does, and can cut connections.

import { createServer, request } from 'node:http'

/** Forwards requests below prefix to the server at target, without the prefix. */
export async function startProxy(target, prefix) {
  const { hostname, port } = new URL(target)
  const pass = (incoming) => {
    const path = incoming.url.startsWith(prefix) ? `/${incoming.url.slice(prefix.length)}` : '/outside-of-the-prefix'
    return request({ hostname, port, path, method: incoming.method, headers: incoming.headers })
  }
  const proxy = createServer((incoming, answer) => {
    const onward = pass(incoming)
    onward.on('response', (response) => {
      answer.writeHead(response.statusCode, response.headers)
      response.pipe(answer)
    })
    onward.on('error', () => answer.destroy())
    incoming.pipe(onward)
  })
  const sockets = new Set()
  const links = new Set() // both ends of each WebSocket
  let fuse = Infinity
  const cut = (link) => {
    links.delete(link)
    for (const socket of link) socket.destroy()
  }
  const burn = (link) => {
    if (--fuse > 0) return
    fuse = Infinity
    cut(link)
  }
  proxy.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  proxy.on('upgrade', (incoming, client) => {
    const onward = pass(incoming)
    onward.on('upgrade', (response, server) => {
      const headers = Object.entries(response.headers).map(([name, value]) => `${name}: ${value}\r\n`)
      client.write(`HTTP/1.1 101 Switching Protocols\r\n${headers.join('')}\r\n`)
      client.pipe(server).pipe(client)
      const link = [client, server]
      links.add(link)
      for (const socket of link) {
        socket.on('error', () => socket.destroy())
        socket.on('close', () => cut(link))
        socket.on('data', () => burn(link))
      }
    })
    onward.on('response', () => client.destroy())
    onward.on('error', () => client.destroy())
    onward.end()
  })
  await new Promise((done) => proxy.listen(0, '127.0.0.1', done))
  return {
    url: `http://127.0.0.1:${proxy.address().port}${prefix}`,
    /** Cuts every open WebSocket. */
    cutAll() {
      for (const link of links) cut(link)
    },
    /** Holds everything from connected clients to the server until release. */
    hold() {
      for (const [client, server] of links) client.unpipe(server)
    },
    release() {
      for (const [client, server] of links) client.pipe(server)
    },
    /** Cuts the WebSocket that carries the n-th chunk of data from now. */
    cutAfter(n) {
      fuse = n
    },
    close() {
      for (const socket of sockets) socket.destroy()
      return new Promise((done) => proxy.close(done))
    },
  }
}
