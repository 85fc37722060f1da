// A real server for a test: the binary on a free port, with a random key and its own database.

import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { DEADLINE_MS, pace } from './pace.mjs'

const STOP_MS = pace(10_000)

const web = fileURLToPath(new URL('..', import.meta.url))
const binary = resolve(web, process.env.CHATME_BIN ?? '../../bin/chatme')

// The tests are faster than people; the rates are counted all the same.
const GENEROUS = {
  CHATME_SOCKET_FRAMES: '100000,100000/s',
  CHATME_SOCKET_MESSAGES: '100000,100000/s',
  CHATME_SOCKET_BYTES: '4GiB,4GiB/s',
  CHATME_SOCKET_PINGS: '100000,100000/s',
  CHATME_SESSION_RESUMES: '100000,100000/s',
  CHATME_SESSION_MATCHES: '100000,100000/s',
}

export class Server {
  key = randomBytes(12).toString('hex')
  log = []
  settings = {} // more, as environment variables; they apply from the next start
  #directory
  #address = '127.0.0.1:0'
  #process

  /** Starts a server with its key and settings as environment variables. */
  static async start(settings = {}) {
    if (!existsSync(binary)) throw new Error(`no server at ${binary}; build it first or set CHATME_BIN`)
    const server = new Server()
    server.settings = settings
    server.#directory = await mkdtemp(join(tmpdir(), 'chatme-web-'))
    try {
      await server.restart()
    } catch (error) {
      await server.close()
      throw error
    }
    return server
  }

  async close() {
    await this.#stop('SIGTERM')
    await rm(this.#directory, { recursive: true, force: true })
  }

  get binary() {
    return binary
  }

  get database() {
    return join(this.#directory, 'chatme.db')
  }

  get url() {
    return `http://${this.#address}/`
  }

  /** Kills the server. */
  crash() {
    return this.#stop('SIGKILL')
  }

  /** Starts the server, after a crash on the same database and port. */
  async restart() {
    const child = spawn(binary, ['serve', '--addr', this.#address, '--db', this.database], {
      cwd: this.#directory, // has no settings file
      env: { PATH: process.env.PATH, WEB_API_KEY: this.key, ...GENEROUS, ...this.settings },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    this.#process = child
    let deadline
    const listening = new Promise((done, fail) => {
      deadline = setTimeout(() => fail(new Error(`no "listening" from the server within ${DEADLINE_MS} ms`)), DEADLINE_MS)
      child.once('error', fail)
      child.once('exit', (code, signal) => fail(new Error(`the server exited (${signal ?? code}):\n${this.log.join('\n')}`)))
      createInterface({ input: child.stderr }).on('line', (line) => {
        this.log.push(line)
        const entry = parse(line)
        if (entry?.msg === 'listening') done(entry.addr)
      })
    })
    this.#address = await listening.finally(() => clearTimeout(deadline))
  }

  async #stop(signal) {
    const child = this.#process
    if (!child?.pid || child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise((done) => child.once('exit', done))
    child.kill(signal)
    const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
    await ended
    clearTimeout(late)
  }
}

function parse(line) {
  try {
    return JSON.parse(line)
  } catch {
    return null
  }
}
