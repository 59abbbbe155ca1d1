// What it costs to check out, check and commit many small objects. Nothing is left behind.
//   node objects.mjs [objects, default 100000] [directory for a checkout to disk]
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const objects = Number(process.argv[2] ?? 100_000)
const place = process.argv[3]
const perFolder = 100

const directory = mkdtempSync(join(tmpdir(), 'syncline-objects-'))
try {
  const { objectsOf, memory, fs } = await sources(directory)
  const { Check, Checkout, ClassRegistry, Commit, DefaultSynchronizer, DirectorySynchronizer, ObjectSpace, SnarfRepository, repositoryFromStorage } =
    objectsOf

  class Page {
    /** @param {number} [i] */
    constructor(i = 0) {
      this.title = `Page ${i}`
      this.text = `The text of page ${i}, which is about nothing in particular.`
      this.revision = i
      this.tags = ['wiki', `tag${i % 17}`]
    }
  }
  const space = new ObjectSpace({ registry: new ClassRegistry().defineClass('wiki.Page', Page) })
    .defaultSynchronizer(DefaultSynchronizer)
    .synchronizer('__builtin__.dict', DirectorySynchronizer)
  const root = new Map()
  for (let i = 0; i < objects; i++) {
    const folder = `folder-${String(Math.floor(i / perFolder)).padStart(5, '0')}`
    if (!root.has(folder)) root.set(folder, new Map())
    root.get(folder).set(`page-${i}`, new Page(i))
  }

  const rows = []
  const timed = async (/** @type {string} */ what, /** @type {() => Promise<unknown>} */ work) => {
    const before = process.cpuUsage()
    const start = performance.now()
    const result = await work()
    const { user, system } = process.cpuUsage(before)
    rows.push({ what, 'cpu s': ((user + system) / 1e6).toFixed(2), 'wall s': ((performance.now() - start) / 1000).toFixed(2) })
    return result
  }
  const snarf = new SnarfRepository()
  await timed('check out to an archive in memory', () => new Checkout(space, snarf).perform(root, 'wiki'))
  await timed('check', () => new Check(space, snarf).check(root, '', 'wiki'))
  await timed('commit, nothing changed', () => new Commit(space, snarf).perform(root, '', 'wiki'))
  await timed('commit into nothing', () => new Commit(space, snarf).perform(new Map(), 'wiki', 'wiki'))
  await timed('check out to memory files', () => new Checkout(space, repositoryFromStorage(memory())).perform(root, 'wiki'))
  if (place !== undefined) {
    const target = mkdtempSync(join(place, 'syncline-objects-'))
    try {
      await timed(`check out to ${place}`, () => new Checkout(space, repositoryFromStorage(fs(target))).perform(root, 'wiki'))
      await timed('check out again, nothing changed', () => new Checkout(space, repositoryFromStorage(fs(target))).perform(root, 'wiki'))
    } finally {
      rmSync(target, { recursive: true })
    }
  }
  process.stdout.write(
    `${objects} objects in folders of ${perFolder}, ${(snarf.archive().length / 1e6).toFixed(1)} MB as an archive, peak memory ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MB\n`,
  )
  console.table(rows)
} finally {
  rmSync(directory, { recursive: true })
}

/** The sources as they are, in one file. @param {string} target */
async function sources(target) {
  const outfile = join(target, 'sources.mjs')
  await build({
    stdin: {
      contents:
        "export * as objectsOf from './packages/snarf/src/objects/index.ts'\nexport { memory } from './packages/core/src/index.ts'\nexport { fs } from './packages/fs/src/index.ts'",
      resolveDir: fileURLToPath(new URL('../..', import.meta.url)),
      loader: 'ts',
    },
    bundle: true,
    platform: 'node',
    format: 'esm',
    conditions: ['@syncline/source'],
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)" },
    outfile,
  })
  return import(pathToFileURL(outfile).href)
}
