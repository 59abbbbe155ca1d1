import {
  closeSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'

/**
 * @typedef {object} Workload
 * @property {string} title
 * @property {number} files
 * @property {number} mib
 * @property {(directory: string) => void} make
 * @property {boolean} [noOpOnly] too many entries to copy in every round
 * @property {boolean} [firstOnly]
 * @property {boolean} [slowPeers] small enough for those that take long
 */

/** A tree of the past, so that nothing is as new as the run that looks at it. */
const modified = new Date('2026-01-02T03:04:05.678Z')

/** @type {Readonly<Record<string, Workload>>} */
export const workloads = {
  a: { title: '10,000 x 4 KiB', files: 10_100, mib: 40, make: directory => makeFiles(directory, 100, 100, 4096), slowPeers: true },
  b: { title: '100,000 x 1 KiB', files: 101_000, mib: 400, make: directory => makeFiles(directory, 1000, 100, 1024), slowPeers: true },
  c: { title: 'one 2 GiB file', files: 1, mib: 2048, make: directory => makeBigFile(directory, 2048), firstOnly: true },
  d: { title: 'real node_modules', files: 40_000, mib: 600, make: copyNodeModules },
  e: { title: '1,000,000 empty files', files: 1_010_000, mib: 512, make: directory => makeFiles(directory, 10_000, 100, 0), noOpOnly: true },
}

/**
 * The source tree of a workload, made once and kept.
 *
 * @param {string} directory
 * @param {string} name
 */
export function sourceOf(directory, name) {
  const path = join(directory, 'sources', name)
  if (existsSync(path)) return path
  const unfinished = `${path}.new`
  rmSync(unfinished, { recursive: true, force: true })
  mkdirSync(unfinished, { recursive: true })
  workloads[name].make(unfinished)
  renameSync(unfinished, path)
  return path
}

/** @param {string} directory @param {number} directories @param {number} files in each @param {number} size */
function makeFiles(directory, directories, files, size) {
  for (let d = 0; d < directories; d++) {
    const folder = join(directory, `dir-${String(d).padStart(5, '0')}`)
    mkdirSync(folder)
    for (let f = 0; f < files; f++) {
      const file = join(folder, `file-${String(f).padStart(3, '0')}.dat`)
      writeFileSync(file, contentOf(size, d * files + f))
      utimesSync(file, modified, modified)
    }
  }
}

/** @param {string} directory @param {number} mib */
function makeBigFile(directory, mib) {
  const fd = openSync(join(directory, 'big.dat'), 'w')
  for (let i = 0; i < mib; i++) writeSync(fd, contentOf(1024 * 1024, i))
  closeSync(fd)
}

/** The repository's own, without the caches of its tools. @param {string} directory */
function copyNodeModules(directory) {
  const from = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '../../../node_modules')
  cpSync(from, directory, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true, filter: path => !path.endsWith('/.cache') })
}

/** Bytes that differ from file to file and do not compress to nothing. @param {number} size @param {number} seed */
function contentOf(size, seed) {
  const content = Buffer.allocUnsafe(size)
  let x = (seed * 2654435761 + 12345) >>> 0 || 1
  for (let i = 0; i + 4 <= size; i += 4) {
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    content.writeInt32LE(x | 0, i)
  }
  return content
}

/**
 * Rewrites one file in a hundred with other content of the same size.
 *
 * @param {string} directory
 * @param {number} round so that every round changes other files
 */
export function changeOnePercent(directory, round) {
  let count = 0
  const visit = (/** @type {string} */ folder) => {
    for (const each of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, each.name)
      if (each.isDirectory()) visit(path)
      else if (each.isFile() && (count++ + round) % 100 === 7) writeFileSync(path, contentOf(lstatSync(path).size, count + round * 7919))
    }
  }
  visit(directory)
}
