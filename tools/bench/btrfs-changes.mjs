// What a listing of a subvolume costs when nothing, or one file, has changed: by what has changed since the last snapshot, against a walk. Both take the snapshot
// and delete it; the time of a snapshot alone is shown, too. Needs root, loop devices and btrfs-progs. Build first: pnpm turbo build --filter @syncline/btrfs
import { execFileSync } from 'node:child_process'
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { btrfs } from '../../packages/btrfs/dist/index.js'
import { median } from './lib/measure.mjs'

const fileCount = Number(process.argv[2] ?? 100_000)
const rounds = Number(process.argv[3] ?? 5)

/** @param {string} program @param {readonly string[]} args */
const run = (program, ...args) => execFileSync(program, args, { stdio: ['ignore', 'pipe', 'pipe'] }).toString()

// In memory where that is: a disk would be measured instead.
const directory = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'syncline-bench-btrfs-'))
const [image, mount] = [join(directory, 'image'), join(directory, 'mount')]
const data = join(mount, 'data')
mkdirSync(mount)
run('truncate', '--size=2G', image)
run('mkfs.btrfs', '-q', '-f', image)
run('mount', '-o', 'loop', image, mount)
try {
  run('btrfs', 'subvolume', 'create', data)
  for (let file = 0; file < fileCount; file++) {
    const folder = join(data, `directory ${Math.floor(file / 100)}`)
    if (file % 100 === 0) mkdirSync(folder)
    writeFileSync(join(folder, `file ${file}.txt`), `${file}`)
  }
  run('sync', '-f', mount)
  // So that there is one to compare with.
  await list(true)
  await measure('a snapshot, and no listing', () => list(false, false))
  await measure('a walk', () => list(false))
  await measure('what has changed: nothing', () => list(true))
  await measure('what has changed: one file', () => {
    appendFileSync(join(data, 'directory 7', 'file 707.txt'), 'more')
    return list(true)
  })
  await measure('a walk, nothing cached', () => list(false), remount)
  await measure('what has changed: nothing, nothing cached', () => list(true), remount)
} finally {
  run('umount', mount)
  rmSync(directory, { recursive: true })
}

function remount() {
  run('umount', mount)
  run('mount', '-o', 'loop', image, mount)
}

/** @param {boolean} keep @param {boolean} [lists] */
async function list(keep, lists = true) {
  const storage = await btrfs(data, { keep })
  const frozen = await storage.snapshot?.()
  let count = 0
  if (lists) for await (const page of frozen?.list('') ?? []) count += Array.isArray(page) ? page.length : 1
  await frozen?.close?.()
  await storage.close?.()
  if (lists && count !== fileCount + Math.ceil(fileCount / 100)) throw new Error(`${count} entries were listed`)
}

/** @param {string} what @param {() => Promise<void>} work @param {() => void} [prepare] */
async function measure(what, work, prepare = () => undefined) {
  const times = []
  for (let round = 0; round < rounds; round++) {
    prepare()
    const start = performance.now()
    await work()
    times.push(performance.now() - start)
  }
  process.stdout.write(`${what.padEnd(45)} ${median(times).toFixed(0)} ms (${times.map(time => time.toFixed(0)).join(' ')})\n`)
}
