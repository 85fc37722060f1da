// How fast this machine is now: what must happen soon may take so many round trips, not so many milliseconds.

import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'

const TRIPS = 100
const IDLE_MS = 80 // an idle machine of two cores needs less for these
const MOST = 20 // times as long; what hangs is found everywhere

/** How many times longer than on an idle machine round trips over loopback take, with some work at both ends; at most MOST. */
async function roundTrips() {
  const message = Buffer.alloc(64 << 10)
  const began = performance.now()
  const server = createServer((socket) => socket.on('data', (data) => socket.write(createHash('sha256').update(data).digest())))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = connect(server.address().port, '127.0.0.1')
  const took = () => (performance.now() - began) / IDLE_MS
  for (let i = 0; i < TRIPS && took() < MOST; i++) {
    socket.write(createHash('sha256').update(message).digest())
    await once(socket, 'data')
    createHash('sha256').update(message).digest()
  }
  socket.destroy()
  server.close()
  return Math.min(Math.max(1, took()), MOST)
}

const multiple = await roundTrips()

/** So many milliseconds of an idle machine, on this one. */
export const pace = (ms) => Math.round(ms * multiple)

/** Within it something happens that must happen. */
export const DEADLINE_MS = pace(20_000)

/** Within it a whole test is over. */
export const LIMIT = { timeout: pace(120_000) }
