// Measures replication of btrfs subvolumes against the bare pipe `btrfs send | btrfs receive`, here and over ssh, and a run that has nothing to do.
// Needs root, loop devices, btrfs-progs, and for ssh the services of tools/services. Build first: pnpm turbo build --filter @syncline/btrfs
import { execFileSync } from 'node:child_process'
import { randomFillSync } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { service } from '@syncline/services'
import { BtrSync, defaultRoot, ProgressTransfer } from '../../packages/btrfs/dist/index.js'
import { median } from './lib/measure.mjs'

const rounds = Number(process.argv[2] ?? 5)
const fileCount = 1000
const fileSize = Math.floor(2 ** 30 / fileCount)
const snapshotCount = 100

/** @param {string} program @param {readonly string[]} args */
const run = (program, ...args) => execFileSync(program, args, { stdio: ['ignore', 'pipe', 'pipe'] }).toString()

// In memory where that is: a disk would be measured instead.
const directory = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'syncline-bench-btrfs-'))
const [a, b] = ['a', 'b'].map(name => {
  const [image, mount] = [join(directory, `${name}.img`), join(directory, name)]
  mkdirSync(mount)
  run('truncate', '--size=4G', image)
  run('mkfs.btrfs', '-q', '-f', image)
  run('mount', '-o', 'loop', image, mount)
  return mount
})

/** @param {() => unknown} work @returns {Promise<number>} seconds */
async function seconds(work) {
  const start = performance.now()
  await work()
  return (performance.now() - start) / 1000
}

/** Deletes what was received, and waits until its room is free. */
function empty() {
  for (const name of run('find', b, '-mindepth', '1', '-maxdepth', '1').split('\n').filter(Boolean)) run('btrfs', 'subvolume', 'delete', name)
  run('btrfs', 'subvolume', 'sync', b)
  run('sync', '-f', b)
}

/** @param {import('../../packages/btrfs/src/roots/root.ts').RootFactory} destinations */
async function replicate(destinations) {
  const roots = defaultRoot('local')()
  const [src, dst] = await Promise.all([roots.getRoot(a), destinations.getRoot(b)])
  if (!(await new BtrSync(src.root, dst.root).sync(new ProgressTransfer()))) throw new Error('the replication failed')
}

/** @param {Readonly<Record<string, readonly number[]>>} samples */
function table(samples) {
  for (const [name, values] of Object.entries(samples)) {
    const [least, most] = [Math.min(...values), Math.max(...values)]
    process.stdout.write(`| ${name} | ${least.toFixed(2)} | ${median(values).toFixed(2)} | ${most.toFixed(2)} |\n`)
  }
}

/** Ratio of throughput: of medians, and of the median of the rounds. @param {readonly number[]} raw @param {readonly number[]} ours */
function ratio(raw, ours) {
  const each = raw.map((value, at) => value / (ours[at] ?? NaN))
  return `${(median(raw) / median(ours)).toFixed(2)} by medians, ${median(each).toFixed(2)} as the median of the rounds, ${(Math.min(...raw) / Math.min(...ours)).toFixed(2)} at best`
}

try {
  run('btrfs', 'subvolume', 'create', join(a, 'data'))
  const block = Buffer.alloc(fileSize)
  for (let at = 0; at < fileCount; at++) {
    const folder = join(a, 'data', `d${at % 20}`)
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, `f${at}`), randomFillSync(block))
  }
  run('btrfs', 'subvolume', 'snapshot', '-r', join(a, 'data'), join(a, 's1'))
  run('sync', '-f', a)

  const server = await service('sshd')
  const ssh = server.available
    ? [
        '-F',
        '/dev/null',
        '-o',
        'BatchMode=yes',
        '-o',
        `UserKnownHostsFile=${server.knownHostsFile}`,
        '-i',
        server.keyFile,
        '-p',
        `${server.port}`,
        '-l',
        'root',
        server.host,
      ]
    : undefined
  /** @type {Record<string, (() => unknown)>} */
  const variants = {
    'bare pipe': () => run('bash', '-c', 'set -o pipefail; btrfs send "$1/s1" 2>/dev/null | btrfs receive "$2" && sync -f "$2"', 'bash', a, b),
    replicated: () => replicate(defaultRoot('local')()),
  }
  if (server.available && ssh !== undefined) {
    variants['bare pipe over ssh'] = () =>
      run(
        'bash',
        '-c',
        'set -o pipefail; a=$1 b=$2; shift 2; btrfs send "$a/s1" 2>/dev/null | ssh "$@" "btrfs receive $b && sync -f $b"',
        'bash',
        a,
        b,
        ...ssh,
      )
    variants['replicated over ssh'] = async () => {
      const { host, port, keyFile: identityFile, knownHostsFile } = server
      const roots = defaultRoot('ssh')({ host, port, user: 'root', identityFile, knownHostsFile, configFile: '/dev/null' })
      await replicate(roots)
      await roots.close()
    }
  }
  /** @type {Record<string, number[]>} */
  const samples = Object.fromEntries(Object.keys(variants).map(name => [name, []]))
  for (let round = 0; round < rounds; round++) {
    // Every other round in the other order, so that neither always comes first.
    const order = round % 2 === 0 ? Object.entries(variants) : Object.entries(variants).reverse()
    for (const [name, work] of order) {
      empty()
      samples[name]?.push(await seconds(work))
      process.stderr.write(`${name}: ${samples[name]?.at(-1)?.toFixed(2)} s\n`)
    }
  }
  process.stdout.write(`1 GiB in ${fileCount} files, seconds of ${rounds} rounds: least, median, most\n\n`)
  table(samples)
  process.stdout.write(`\nThroughput, replicated to bare: ${ratio(samples['bare pipe'] ?? [], samples.replicated ?? [])}\n`)
  if (ssh !== undefined) process.stdout.write(`Over ssh: ${ratio(samples['bare pipe over ssh'] ?? [], samples['replicated over ssh'] ?? [])}\n`)

  empty()
  run('btrfs', 'subvolume', 'delete', join(a, 's1'))
  for (let at = 0; at < snapshotCount; at++) run('btrfs', 'subvolume', 'snapshot', '-r', join(a, 'data'), join(a, `snap-${at}`))
  await replicate(defaultRoot('local')())
  /** @type {Record<string, number[]>} */
  const idle = { 'btrfs subvolume list': [], 'nothing to do': [] }
  for (let round = 0; round < rounds; round++) {
    idle['btrfs subvolume list']?.push(await seconds(() => run('btrfs', 'subvolume', 'list', '-a', a)))
    idle['nothing to do']?.push(await seconds(() => replicate(defaultRoot('local')())))
  }
  process.stdout.write(`\n${snapshotCount} snapshots that are all there\n\n`)
  table(idle)
} finally {
  for (const mount of [a, b]) run('umount', mount)
  rmSync(directory, { recursive: true })
}
