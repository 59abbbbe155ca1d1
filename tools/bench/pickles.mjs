// Speed of the picklers on a graph of small objects: MB/s of text, each way.
import { rmSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { median } from './lib/measure.mjs'

const objects = Number(process.argv[2] ?? 40_000)
const rounds = Number(process.argv[3] ?? 5)
const directory = mkdtempSync(join(tmpdir(), 'syncline-pickles-'))
try {
  const { ClassRegistry, JSONPickler, XMLPickler, YAMLPickler } = await sources(directory)
  class Page {}
  const registry = new ClassRegistry().defineClass('app.models.Page', Page)
  const pages = Array.from({ length: objects }, (_, i) =>
    Object.assign(new Page(), {
      title: `Page ${i}`,
      body: `Some text with <b>markup</b> & more, in the middle of page ${i}.`,
      size: i,
      ratio: i / 7,
      tags: ['wiki', 'draft', `tag ${i % 10}`],
      links: { home: i, next: i + 1 },
    }),
  )
  for (const [pickler, share] of [
    [new XMLPickler(registry), 1],
    [new JSONPickler(registry), 1],
    [new YAMLPickler(registry), 0.05],
  ]) {
    const value = pages.slice(0, Math.ceil(objects * share))
    /** @type {Uint8Array} */
    let text = new Uint8Array()
    const times = { dump: /** @type {number[]} */ ([]), load: /** @type {number[]} */ ([]) }
    for (let round = 0; round < rounds; round++) {
      times.dump.push(cpu(() => (text = pickler.dump(value))))
      times.load.push(cpu(() => pickler.load(text)))
    }
    const megabytes = text.length / 1e6
    const speed = (/** @type {number[]} */ seconds) => `${(megabytes / median(seconds)).toFixed(1)} MB/s`
    console.log(
      `${pickler.name.padEnd(5)}${megabytes.toFixed(1).padStart(6)} MB   write ${speed(times.dump).padStart(11)}   read ${speed(times.load).padStart(11)}`,
    )
  }
} finally {
  rmSync(directory, { recursive: true })
}

/** Seconds of CPU time. */
function cpu(/** @type {() => void} */ work) {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1e6
}

async function sources(/** @type {string} */ directory) {
  const outfile = join(directory, 'pickles.mjs')
  await build({
    stdin: {
      contents: `export * from './pickle/index.ts'; export * from './xmlpickle/index.ts'`,
      resolveDir: fileURLToPath(new URL('../../packages/snarf/src', import.meta.url)),
    },
    bundle: true,
    platform: 'neutral',
    format: 'esm',
    conditions: ['@syncline/source'],
    outfile,
    logLevel: 'error',
  })
  return import(pathToFileURL(outfile).href)
}
