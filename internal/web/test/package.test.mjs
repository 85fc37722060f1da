// The published package: only the module, with its own types.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const web = fileURLToPath(new URL('..', import.meta.url))
const tsc = join(web, 'node_modules/typescript/bin/tsc')

/** Runs act with a directory that is removed after the test. */
async function inScratch(t, act) {
  const directory = await mkdtemp(join(tmpdir(), 'chatme-package-'))
  t.after(() => rm(directory, { recursive: true, force: true }))
  return act(directory)
}

/** Runs the compiler; its output is the error. */
const compile = (...args) =>
  run(process.execPath, [tsc, ...args], { cwd: web }).catch((error) => {
    throw new Error(error.stdout || error.message)
  })

test('the module type-checks, and its types match the committed ones', (t) =>
  inScratch(t, async (directory) => {
    await compile('-p', web, '--outDir', directory)
    const [committed, fresh] = await Promise.all([join(web, 'static'), directory].map((d) => readFile(join(d, 'chatme.d.ts'), 'utf8')))
    assert.equal(committed, fresh, 'run: npm --prefix internal/web run types')
  }))

const USE = `
import { ChatMe, type Message } from 'chatme-client'
const chat = new ChatMe({ url: 'ws://chat.test', apiKey: 'key', storage: null, signal: new AbortController().signal })
const undo: () => void = chat.on('message', (m: Message) => { const n: number = m.n })
chat.prefer({ topics: ['music'] })
const offered: string[] = [...chat.topics, ...chat.languages, ...(chat.partner?.common ?? [])]
chat.on('matched', (frame) => { const type: string = frame.type })
const here: Promise<boolean> = chat.search().then((partner) => partner.here)
`

test('an application is checked against the types', (t) =>
  inScratch(t, async (directory) => {
    const file = join(directory, 'use.ts')
    const { lib, target, module } = { lib: 'es2022,dom', target: 'es2022', module: 'esnext' }
    const tsconfig = join(directory, 'tsconfig.json')
    const options = { lib: lib.split(','), target, module, moduleResolution: 'bundler', strict: true, noEmit: true, types: [] }
    const paths = { 'chatme-client': [join(web, 'static/chatme.d.ts')] }
    await writeFile(tsconfig, JSON.stringify({ compilerOptions: { ...options, paths }, files: [file] }))
    await writeFile(file, USE)
    await compile('-p', tsconfig)
    await writeFile(file, `${USE}\nchat.on('mesage', () => {})`)
    await assert.rejects(compile('-p', tsconfig), /"mesage"/)
  }))

test('the package contains the module, its types, the README and the license', async () => {
  const { stdout } = await run('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: web })
  const listed = Object.values(JSON.parse(stdout))[0]
  assert.deepEqual(listed.files.map((f) => f.path).sort(), ['LICENSE', 'README.md', 'package.json', 'static/chatme.d.ts', 'static/chatme.js'])
})

test('an application imports the installed package by its name', async () => {
  const { ChatMe } = await import('chatme-client') // through the package's exports
  assert.equal(ChatMe, (await import('../static/chatme.js')).ChatMe)
})

test('the license is that of the project', async () => {
  const [own, whole] = await Promise.all(['LICENSE', '../../LICENSE'].map((path) => readFile(join(web, path), 'utf8')))
  assert.equal(own, whole)
})
