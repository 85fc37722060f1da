// Measures how fast this machine is now: deadlines are in round trips, not in milliseconds.

import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'

const TRIPS = 100
const IDLE_MS = 80 // an idle machine with two cores needs less for these
const MOST = 20 // times as long; a hang is still found

/** Returns how many times longer loopback round trips with some work take than on an idle machine; at most MOST. */
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

/** Scales ms of an idle machine to this one. */
export const pace = (ms) => Math.round(ms * multiple)

/** The deadline for an expected event. */
export const DEADLINE_MS = pace(20_000)

/** The time limit of a test. */
export const LIMIT = { timeout: pace(120_000) }
