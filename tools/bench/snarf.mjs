// Writing and reading snarf archives against tar, and how much memory large ones take.
//   node snarf.mjs [--rounds 5] [--files 10000] [--gib 5] [--directory DIR]
import { mkdirSync, mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { build } from 'esbuild'
import { measure, median, run } from './lib/measure.mjs'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    files: { type: 'string', default: '10000' },
    gib: { type: 'string', default: '5' },
    directory: { type: 'string', default: tmpdir() },
  },
})
const [rounds, files, gib] = [values.rounds, values.files, values.gib].map(Number)
const root = mkdtempSync(join(values.directory, 'syncline-snarf-bench-'))
const at = (/** @type {string} */ name) => join(root, name)
const print = (/** @type {string} */ line) => void process.stdout.write(`${line}\n`)

try {
  const child = at('child.mjs')
  await build({
    entryPoints: [fileURLToPath(new URL('./lib/snarf-child.mjs', import.meta.url))],
    outfile: child,
    bundle: true,
    platform: 'node',
    format: 'esm',
    conditions: ['@syncline/source'],
    logLevel: 'error',
  })
  const snarf = (/** @type {readonly string[]} */ ...words) => [process.execPath, child, ...words]
  if (files > 0) compareWithTar(snarf)
  if (gib > 0) measureLarge(snarf)
} finally {
  rmSync(root, { recursive: true, force: true })
}

/** @param {(...words: string[]) => string[]} snarf */
function compareWithTar(snarf) {
  const tree = at('tree')
  for (let i = 0; i < files; i++) {
    if (i % 100 === 0) mkdirSync(join(tree, `d${i / 100}`), { recursive: true })
    writeFileSync(join(tree, `d${Math.floor(i / 100)}`, `file ${i}`), Buffer.alloc(4096, i & 255))
  }
  run(['sync'])
  /** @type {Record<string, import('./lib/measure.mjs').Cost[]>} */
  const costs = {}
  for (let round = 0; round <= rounds; round++) {
    const fresh = (/** @type {string} */ name) => {
      mkdirSync(at(`${name}-${round}`))
      return at(`${name}-${round}`)
    }
    const steps = [
      ['tar -c', ['tar', '-C', tree, '-cf', at('tree.tar'), '.']],
      ['snarf create', snarf('create', at('tree.snarf'), tree)],
      ['tar -x', ['tar', '-C', fresh('tar'), '-xf', at('tree.tar')]],
      ['snarf extract', snarf('extract', at('tree.snarf'), fresh('snarf'))],
      ['snarf verify', snarf('verify', at('tree.snarf'))],
    ]
    for (const [name, command] of steps) {
      const cost = measure(command)
      // The first round warms the cache of the disk.
      if (round > 0) (costs[name] ??= []).push(cost)
    }
    for (const name of ['tree.tar', 'tree.snarf', `tar-${round}`, `snarf-${round}`]) rmSync(at(name), { recursive: true })
  }
  const wall = (/** @type {string} */ name) => median(costs[name].map(cost => cost.wall))
  print(`${files} files of 4 KiB, median of ${rounds}:\n`)
  print('| step | seconds | CPU seconds | peak MiB | speed of tar |\n| --- | --- | --- | --- | --- |')
  for (const name of Object.keys(costs)) {
    const peer = name === 'snarf create' ? 'tar -c' : name === 'snarf extract' ? 'tar -x' : undefined
    const [cpu, memory] = ['cpu', 'memory'].map(what => median(costs[name].map(cost => cost[what])))
    print(`| ${name} | ${wall(name).toFixed(2)} | ${cpu.toFixed(2)} | ${memory.toFixed(0)} | ${peer ? (wall(peer) / wall(name)).toFixed(2) : ''} |`)
  }
}

/** @param {(...words: string[]) => string[]} snarf */
function measureLarge(snarf) {
  mkdirSync(at('large'))
  for (const name of ['one', 'two']) {
    writeFileSync(join(at('large'), name), '')
    truncateSync(join(at('large'), name), (gib / 2) * 1024 ** 3)
  }
  writeFileSync(at('small'), 'one more')
  print(`\n${gib} GiB in two files:\n\n| step | seconds | CPU seconds | peak MiB |\n| --- | --- | --- | --- |`)
  for (const [name, command] of [
    ['snarf create', snarf('create', at('large.snarf'), at('large'))],
    ['snarf verify', snarf('verify', at('large.snarf'))],
    ['snarf list', snarf('list', at('large.snarf'))],
    ['write one small file into it', snarf('rewrite', root, 'large.snarf', at('small'), 'small')],
    [`write a file of ${gib / 2} GiB into it`, snarf('rewrite', root, 'large.snarf', join(at('large'), 'one'), 'three')],
    ['snarf extract', snarf('extract', at('large.snarf'), at('out'))],
  ]) {
    const { wall, cpu, memory } = measure(command)
    print(`| ${name} | ${wall.toFixed(2)} | ${cpu.toFixed(2)} | ${memory.toFixed(0)} |`)
  }
  const size = statSync(join(at('out'), 'three')).size
  if (size !== (gib / 2) * 1024 ** 3) throw new Error(`${size} bytes were extracted`)
}
