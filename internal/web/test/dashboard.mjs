// Runs "chatme dashboard" for a test server.

import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { DEADLINE_MS } from './pace.mjs'

export class Dashboard {
  #process

  /** Starts it for server, and waits for its address. */
  static async start(server) {
    const dashboard = new Dashboard()
    const child = spawn(server.binary, ['dashboard', '--db', server.database], { stdio: ['ignore', 'pipe', 'inherit'] })
    dashboard.#process = child
    dashboard.url = await new Promise((done, fail) => {
      const deadline = setTimeout(() => fail(new Error(`no address from the dashboard within ${DEADLINE_MS} ms`)), DEADLINE_MS)
      child.once('exit', (code) => fail(new Error(`the dashboard exited with ${code}`)))
      createInterface({ input: child.stdout }).on('line', (line) => {
        const address = /http:\/\/127\.0\.0\.1:\d+\/\w+\//.exec(line)
        if (!address) return
        clearTimeout(deadline)
        done(address[0])
      })
    })
    return dashboard
  }

  async close() {
    const child = this.#process
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise((done) => child.once('exit', done))
    child.kill('SIGINT')
    await ended
  }
}
