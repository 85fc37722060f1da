// One chart: lines over the last hour, or as much of it as exists, as SVG.

import { clock } from './text.js'

const SVG = 'http://www.w3.org/2000/svg'
const WIDTH = 360
const HEIGHT = 130
const TOP = 14
const BOTTOM = 116
const LONGEST_MS = 3_600_000
const SHORTEST_MS = 300_000

function svg(name, attributes, text) {
  const element = document.createElementNS(SVG, name)
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value)
  if (text !== undefined) element.textContent = text
  return element
}

/** The least of 1, 2 and 5 times a power of ten, or of two for sizes, that is at least n. */
function ceiling(n, binary) {
  if (n <= 0) return 1
  if (binary) return 2 ** Math.ceil(Math.log2(n))
  const power = 10 ** Math.floor(Math.log10(n))
  return [1, 2, 5, 10].map((step) => step * power).find((top) => top >= n * (1 - 1e-9))
}

export class Chart {
  /** series: [name, point => number or null]; text formats a value. */
  constructor({ title, series, text, binary = false }) {
    Object.assign(this, { title, series, text, binary, points: [] })
    this.figure = document.createElement('figure')
    const caption = document.createElement('figcaption')
    caption.textContent = title
    this.picture = svg('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img' })
    this.legend = document.createElement('ul')
    this.figure.append(caption, this.picture, this.legend)
    this.picture.addEventListener('pointermove', (event) => this.#read(event))
    this.picture.addEventListener('pointerleave', () => {
      this.marked = undefined
      this.draw(this.points, this.now)
    })
  }

  /** Draws the points before now. */
  draw(points, now) {
    const begin = Math.max(now - LONGEST_MS, Math.min(points[0]?.at ?? now, now - SHORTEST_MS))
    Object.assign(this, { points, now, begin })
    const values = points.map((point) => this.series.map(([, of]) => of(point)))
    const top = ceiling(Math.max(0, ...values.flat().filter((value) => value !== null)), this.binary)
    const x = (at) => (WIDTH * (at - begin)) / (now - begin)
    const y = (value) => BOTTOM - (BOTTOM - TOP) * (value / top)
    const parts = []
    for (const part of [0, 0.5, 1]) {
      parts.push(svg('line', { class: 'grid', x1: 0, x2: WIDTH, y1: y(top * part), y2: y(top * part) }))
    }
    parts.push(svg('text', { x: 0, y: TOP - 4 }, this.text(top)))
    parts.push(svg('text', { x: 0, y: HEIGHT - 3 }, clock(begin)))
    parts.push(svg('text', { x: WIDTH, y: HEIGHT - 3, 'text-anchor': 'end' }, clock(now)))
    this.series.forEach((_, i) => {
      const line = path(points, values, i, x, y)
      if (line) parts.push(svg('path', { class: `series c${i + 1}`, d: line }))
    })
    if (this.marked) parts.push(svg('line', { class: 'marker', x1: x(this.marked.at), x2: x(this.marked.at), y1: TOP, y2: BOTTOM }))
    this.picture.replaceChildren(...parts)
    this.#tell(this.marked ?? points.at(-1))
  }

  /** Writes the values of a point, also for screen readers. */
  #tell(point) {
    const told = this.series.map(([name, of], i) => {
      const value = point ? of(point) : null
      const text = value === null ? '–' : this.text(value)
      const item = document.createElement('li')
      item.className = `c${i + 1}`
      const words = document.createElement('span')
      words.textContent = name ? `${name} ${text}` : text
      item.append(words)
      return item
    })
    this.legend.replaceChildren(...told)
    if (this.marked) {
      const at = document.createElement('span')
      at.textContent = `at ${clock(point.at)}`
      this.legend.append(at)
    }
    this.picture.setAttribute('aria-label', `${this.title}: ${told.map((item) => item.textContent).join(', ')}`)
  }

  /** Shows the values of the point nearest to the pointer. */
  #read(event) {
    if (this.points.length === 0) return
    const box = this.picture.getBoundingClientRect()
    const at = this.begin + ((this.now - this.begin) * (event.clientX - box.left)) / box.width
    this.marked = this.points.reduce((best, point) => (Math.abs(point.at - at) < Math.abs(best.at - at) ? point : best), this.points[0])
    this.draw(this.points, this.now)
  }
}

/** The path of one series, with a gap wherever there is no value; a lone value is a dot. */
function path(points, values, i, x, y) {
  let line = ''
  let drawing = false
  points.forEach((point, n) => {
    const value = values[n][i]
    if (value === null) {
      drawing = false
      return
    }
    const place = `${x(point.at).toFixed(1)} ${y(value).toFixed(1)}`
    line += drawing ? `L${place}` : `M${place}h0`
    drawing = true
  })
  return line
}
