// The page: polls the metrics and draws them.

import { Chart } from './chart.js'
import { bytes, count, number, rate, share, span } from './text.js'

const EVERY_MS = 5000
const HOUR_MS = 3_600_000
const ROWS = 50

const latency = (title, of) => ({
  title,
  text: span,
  series: ['p50', 'p95', 'p99'].map((quantile) => [quantile.toUpperCase(), (point) => point[of][quantile]]),
})

const charts = [
  { title: 'Requests: HTTP and upgrades', text: rate, series: [['', (point) => point.requests]] },
  { title: 'Error rate of requests and messages', text: share, series: [['', (point) => point.error_rate]] },
  latency('Relay: frame in to frame out', 'relay'),
  { title: 'Messages', text: rate, series: [['', (point) => point.messages]] },
  { title: 'Matches', text: rate, series: [['', (point) => point.matches]] },
  latency('Wait for a match', 'match_wait'),
  latency('Commit', 'commit'),
  latency('Resume', 'resume'),
  { title: 'Active connections', text: count, series: [['', (point) => point.sockets]] },
  {
    title: 'Sessions',
    text: count,
    series: ['unauthenticated', 'idle', 'waiting', 'matched', 'away'].map((state) => [state, (point) => point.sessions[state] ?? 0]),
  },
  {
    title: 'Storage',
    text: bytes,
    binary: true,
    series: [
      ['database', (point) => point.database_bytes],
      ['write-ahead log', (point) => point.wal_bytes],
      ['mailboxes', (point) => point.mailbox_bytes],
    ],
  },
  { title: 'Memory', text: bytes, binary: true, series: [['', (point) => point.memory_bytes]] },
  { title: 'CPU usage of one core', text: share, series: [['', (point) => point.cpu]] },
].map((each) => new Chart(each))

const sum = (figures, family) =>
  Object.entries(figures).reduce((total, [name, value]) => (name.startsWith(`${family}{`) ? total + value : total), 0)

/** The current values to show: a name, and its value in a status. */
const now = [
  ['Requests since start', ({ figures }) => count(sum(figures, 'chatme_http_requests_total') + sum(figures, 'chatme_upgrades_total'))],
  ['Messages received', ({ figures }) => count(figures.chatme_messages_received_total)],
  ['Matches', ({ figures }) => count(figures.chatme_matches_total)],
  ['Errors sent', ({ figures }) => count(sum(figures, 'chatme_errors_total'))],
  ['Active connections', ({ figures }) => count(figures.chatme_sockets)],
  ['Of which parked', ({ figures }) => count(figures.chatme_sockets_parked)],
  ['Relay P50 since start', (status) => maybe(status.latency.chatme_relay_seconds.p50)],
  ['Relay P95', (status) => maybe(status.latency.chatme_relay_seconds.p95)],
  ['Relay P99', (status) => maybe(status.latency.chatme_relay_seconds.p99)],
  ['Database', ({ figures }) => bytes(figures.chatme_database_bytes)],
  ['Free disk space', ({ figures }) => bytes(figures.chatme_disk_free_bytes)],
  ['CPU time', ({ figures }) => span(figures.process_cpu_seconds_total)],
  ['Memory', ({ figures }) => bytes(figures.process_resident_memory_bytes)],
  ['Running for', ({ figures }) => span(Math.max(0, Date.now() / 1000 - figures.process_start_time_seconds))],
]

const maybe = (value) => (value === null ? '–' : span(value))

function element(name, text, ...children) {
  const made = document.createElement(name)
  if (text !== undefined) made.textContent = text
  made.append(...children)
  return made
}

/** Fetches data; throws an error with the server's text. */
async function ask(path) {
  const answer = await fetch(`data/${path}`)
  if (!answer.ok) throw new Error((await answer.text()).trim())
  return answer.json()
}

function showNow(status) {
  const tiles = now.map(([name, of]) => element('div', undefined, element('dt', name), element('dd', of(status))))
  document.querySelector('#now').replaceChildren(...tiles)
}

/** Shows rows as a table, columns: [heading, row => text]. */
function showTable(id, columns, rows, total, none) {
  const place = document.querySelector(id)
  if (rows.length === 0) {
    place.replaceChildren(element('p', none))
    return
  }
  const head = element('tr', undefined, ...columns.map(([name]) => element('th', name)))
  const lines = rows.map((row) => element('tr', undefined, ...columns.map(([, of]) => element('td', of(row) ?? ''))))
  const table = element('table', undefined, element('thead', undefined, head), element('tbody', undefined, ...lines))
  const note = total > rows.length ? [element('p', `${count(rows.length)} of ${count(total)} shown.`)] : []
  place.replaceChildren(table, ...note)
}

const local = (time) => (time ? new Date(time).toLocaleString() : '')

async function showQueue() {
  const { queue, total } = await ask(`queue?limit=${ROWS}`)
  const columns = [
    ['Position', (row) => number(row.position)],
    ['Session', (row) => row.session],
    ['Client', (row) => row.kind],
    ['Since', (row) => local(row.since)],
    ['Waiting', (row) => span(row.waiting_s)],
    ['Here', (row) => row.here],
  ]
  showTable('#queue', columns, queue, total, 'No session is waiting.')
}

async function showSessions() {
  const { sessions, total } = await ask(`sessions?limit=${ROWS}`)
  const columns = [
    ['Session', (row) => row.session],
    ['State', (row) => row.state],
    ['Client', (row) => row.kind],
    ['Here', (row) => row.here],
    ['Created', (row) => local(row.created)],
    ['In this state since', (row) => local(row.state_since)],
  ]
  showTable('#sessions', columns, sessions, total, 'There are no sessions.')
}

let points = []

async function showHistory() {
  const newer = await ask(`history?since=${points.at(-1)?.at ?? 0}`)
  const at = Date.now()
  points = [...points, ...newer].filter((point) => point.at > at - HOUR_MS)
  for (const chart of charts) chart.draw(points, at)
}

/** Updates the page once, and shows what failed. */
async function show() {
  const state = document.querySelector('#state')
  try {
    const [status] = await Promise.all([ask('status'), showHistory(), showQueue(), showSessions()])
    showNow(status)
    state.textContent = status.ready ? 'The server is ready.' : `The server is not ready: ${status.reason}`
    state.classList.toggle('bad', !status.ready)
    document.body.dataset.shown = 'true'
  } catch (error) {
    state.textContent = error instanceof TypeError ? 'chatme dashboard has stopped: start it again and open the address that it prints.' : error.message
    state.classList.add('bad')
  }
}

document.querySelector('#charts').append(...charts.map((chart) => chart.figure))
for (;;) {
  if (!document.hidden) await show()
  await new Promise((done) => setTimeout(done, EVERY_MS))
}
