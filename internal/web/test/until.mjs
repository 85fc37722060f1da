// Waits for a condition, with a deadline.

import { DEADLINE_MS } from './pace.mjs'

const LOOK_MS = 5

/** Resolves when condition returns something true; rejects after ms with the condition in the error. */
export async function until(condition, ms = DEADLINE_MS) {
  const end = Date.now() + ms
  while (!condition()) {
    if (Date.now() > end) throw new Error(`not within ${ms} ms: ${condition}`)
    await new Promise((done) => setTimeout(done, LOOK_MS))
  }
}
