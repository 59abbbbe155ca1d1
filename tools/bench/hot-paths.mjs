// What each step of the pipeline costs per entry when nothing changed, without a disk. Compare before and after a change of one of them.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL, fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { median } from './lib/measure.mjs'

const entries = Number(process.argv[2] ?? 1_000_000)
const rounds = Number(process.argv[3] ?? 3)
const pageLength = 1024

const directory = mkdtempSync(join(tmpdir(), 'syncline-hot-'))
try {
  const { mergeJoin, Planner, Filter, scan, memory, readTree, writeTree, ChangeLog, toAncestor } = await sources(directory)
  /** @type {Record<string, number[]>} */
  const costs = {}
  const timed = async (/** @type {string} */ what, /** @type {number} */ count, /** @type {() => Promise<void>} */ work) => {
    const before = process.cpuUsage()
    await work()
    const { user, system } = process.cpuUsage(before)
    ;(costs[what] ??= []).push((user + system) / count)
  }

  const state = memory()
  const changes = []
  for (const page of pages(0))
    for (const entry of page) changes.push({ path: entry.path, source: undefined, destination: toAncestor(entry, hashOf(entry)) })
  for (let round = 0; round < rounds; round++)
    await timed('write a state', entries, () =>
      writeTree(state, 'tree', { edits: new ChangeLog(changes).edits('destination', true), generation: 1, folded: 0 }),
    )
  changes.length = 0
  const stored = await state.stat('tree')

  const drain = async (/** @type {AsyncIterable<readonly unknown[]>} */ from) => {
    let count = 0
    for await (const page of from) count += page.length
    if (count !== entries) throw new Error(`${count} entries instead of ${entries}`)
  }
  const listed = Array.from(pages(0))
  const known = listed.map(page => page.map(entry => toAncestor(entry, hashOf(entry))))
  const storage = { name: 'listed', capabilities: { ordered: true, directories: true }, list: () => each(listed) }
  const options = plannerOptions(new Filter({}))
  for (let round = 0; round < rounds; round++) {
    await timed('read a state', entries, () => drain(readTree(state, 'tree')))
    await timed('scan: names, filter, count', entries, () => drain(scan(storage, { filter: new Filter({}) })))
    const join = () => mergeJoin([each(listed), each(listed), each(known), each(known)])
    await timed('join two sides and two states', entries, () => drain(join()))
    /** @type {unknown[][]} */
    const rows = []
    for await (const page of join()) rows.push(page)
    const planner = new Planner(options, { fingerprint: async () => undefined })
    await timed('plan what is unchanged', entries, async () => {
      for (const page of rows) await planner.add(page)
      const { unchanged } = await planner.finish()
      if (unchanged !== entries) throw new Error(`${unchanged} unchanged instead of ${entries}`)
    })
  }
  process.stdout.write(
    `Node ${process.version}, ${entries} entries, ${rounds} rounds; processor time with garbage collection\n\n| | µs per entry |\n| --- | --- |\n`,
  )
  for (const [what, values] of Object.entries(costs)) process.stdout.write(`| ${what} | ${median(values).toFixed(2)} |\n`)
  process.stdout.write(`\nState: ${Math.round(stored.size / entries)} bytes per entry and side.\n`)
} finally {
  rmSync(directory, { recursive: true, force: true })
}

/** Core from its sources, with what it does not export. @param {string} directory */
async function sources(directory) {
  const core = fileURLToPath(new URL('../../packages/core/src/', import.meta.url))
  const outfile = join(directory, 'core.mjs')
  const names = {
    './merge-join.ts': ['mergeJoin'],
    './planner.ts': ['Planner'],
    './filter/filter.ts': ['Filter'],
    './scan.ts': ['scan'],
    './storages/memory.ts': ['memory'],
    './state/tree-reader.ts': ['readTree'],
    './state/tree-writer.ts': ['writeTree'],
    './state/change-log.ts': ['ChangeLog'],
    './ancestor.ts': ['toAncestor'],
  }
  const contents = Object.entries(names)
    .map(([file, each]) => `export { ${each.join(', ')} } from '${file}'`)
    .join('\n')
  await build({ stdin: { contents, resolveDir: core }, bundle: true, format: 'esm', platform: 'node', outfile, logLevel: 'error' })
  return import(pathToFileURL(outfile).href)
}

/** A listing as a local tree gives it: a hundred files in each directory. @param {number} from first inode */
function* pages(from) {
  let page = []
  const text = (/** @type {string} */ joined) => Buffer.from(joined).toString()
  for (let i = 0; i < entries; i++) {
    const folder = `dir-${String(Math.floor(i / 101)).padStart(5, '0')}`
    page.push(
      i % 101 === 0
        ? { kind: 'directory', path: text(folder), modified: 1767323045678, mode: 0o755 }
        : {
            kind: 'file',
            path: text(`${folder}/file-${String(i % 101).padStart(3, '0')}.dat`),
            size: i % 5000,
            modified: 1767323045677.999,
            mode: 0o644,
            etag: text(`${from + i}-1795262016.${i % 4096000}`),
            id: text(`${from + i}`),
          },
    )
    if (page.length === pageLength) {
      yield page
      page = []
    }
  }
  if (page.length > 0) yield page
}

/** @template T @param {readonly T[]} items */
async function* each(items) {
  for (const item of items) yield item
}

/** @param {{ readonly kind: string }} entry */
function hashOf(entry) {
  return entry.kind === 'file' ? `sha256:${'0123456789abcdef'.repeat(4)}` : undefined
}

/** @param {unknown} filter */
function plannerOptions(filter) {
  const abilities = { name: 'local', directories: true, setsModified: true, setsMode: true }
  return {
    mode: 'source-to-destination',
    comparison: 'hash-then-mtime',
    toleranceMs: 2000,
    policy: 'newest-wins',
    initialSync: 'merge',
    firstContact: false,
    acceptDestinationChanges: false,
    forceUpload: false,
    forceDownload: false,
    trash: true,
    now: 0,
    source: abilities,
    destination: abilities,
    hash: 'sha256',
    filter,
  }
}
