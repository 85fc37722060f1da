// Formats numbers for people.

const grouped = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })

/** A count, 12,345. */
export const count = (n) => grouped.format(n)

/** A rate or another small number, to three digits. */
export const number = (n) => (n >= 100 ? count(n) : String(Number(n.toPrecision(3))))

/** A rate per second. */
export const rate = (n) => `${number(n)}/s`

/** A share, 0 to 1. */
export const share = (n) => `${number(n * 100)} %`

/** A span in seconds. */
export function span(seconds) {
  if (seconds === 0) return '0 s'
  if (seconds < 1e-3) return `${number(seconds * 1e6)} µs`
  if (seconds < 1) return `${number(seconds * 1e3)} ms`
  if (seconds < 120) return `${number(seconds)} s`
  if (seconds < 7200) return `${number(seconds / 60)} min`
  if (seconds < 172800) return `${number(seconds / 3600)} h`
  return `${number(seconds / 86400)} days`
}

/** A size in bytes. */
export function bytes(n) {
  for (const unit of ['bytes', 'KiB', 'MiB']) {
    if (n < 1024) return `${number(n)} ${unit}`
    n /= 1024
  }
  return `${number(n)} GiB`
}

/** A moment, in unix milliseconds, as the local time of day. */
export const clock = (at) => new Date(at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit' })
