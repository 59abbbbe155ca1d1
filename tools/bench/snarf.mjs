// Writing and reading snarf archives against tar, and how much memory large ones take.
//   node snarf.mjs [--rounds 5] [--files 10000] [--gib 5] [--directory DIR]
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
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

/**
 * Once with everything in memory, where only processor time counts, and once from the disk to the disk: nothing is cached before, and all is written
 * when a step ends. `tar` alone leaves that to the system; ours makes durable what it writes either way.
 *
 * @param {(...words: string[]) => string[]} snarf
 */
function compareWithTar(snarf) {
  const tree = at('tree')
  for (let i = 0; i < files; i++) {
    if (i % 100 === 0) mkdirSync(join(tree, `d${i / 100}`), { recursive: true })
    writeFileSync(join(tree, `d${Math.floor(i / 100)}`, `file ${i}`), Buffer.alloc(4096, i & 255))
  }
  run(['sync'])
  compare(
    'in memory',
    snarf,
    tree,
    () => undefined,
    command => command,
  )
  if (process.getuid?.() !== 0) return print('\nfrom disk to disk: not measured, only root can empty the cache')
  const emptyCache = () => {
    run(['sync'])
    writeFileSync('/proc/sys/vm/drop_caches', '3')
    // What every step needs before it begins is no part of it.
    run([process.execPath, '-e', '0'])
    run(['tar', '--version'])
    readFileSync(at('child.mjs'))
  }
  compare('from disk to disk', snarf, tree, emptyCache, command => ['sh', '-c', '"$@" && sync -f "$0"', root, ...command])
}

/**
 * @param {string} title
 * @param {(...words: string[]) => string[]} snarf
 * @param {string} tree
 * @param {() => void} prepare before each step
 * @param {(command: string[]) => string[]} durable
 */
function compare(title, snarf, tree, prepare, durable) {
  /** @type {Record<string, import('./lib/measure.mjs').Cost[]>} */
  const costs = {}
  for (let round = 0; round <= rounds; round++) {
    const fresh = (/** @type {string} */ name) => {
      const directory = at(`${name}, ${title} ${round}`)
      mkdirSync(directory)
      return directory
    }
    const steps = [
      ['tar -c', durable(['tar', '-C', tree, '-cf', at('tree.tar'), '.'])],
      ['snarf create', snarf('create', at('tree.snarf'), tree)],
      ['tar -x', durable(['tar', '-C', fresh('tar'), '-xf', at('tree.tar')])],
      ['snarf extract', snarf('extract', at('tree.snarf'), fresh('snarf'))],
      ['snarf verify', snarf('verify', at('tree.snarf'))],
    ]
    for (const [name, command] of steps) {
      prepare()
      const cost = measure(command)
      // The first round warms what can be warmed.
      if (round > 0) (costs[name] ??= []).push(cost)
    }
    // The trees stay to the end: for some seconds ext4 walks past every inode that was deleted, which costs the next round more than its work.
    for (const name of ['tree.tar', 'tree.snarf']) rmSync(at(name))
  }
  const wall = (/** @type {string} */ name) => median(costs[name].map(cost => cost.wall))
  print(`\n${files} files of 4 KiB, ${title}, median of ${rounds}:\n`)
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
