// How fast send streams of btrfs are checked on their way: bytes per second of one core, by processor time, so that a busy machine gives the same. No btrfs is
// needed. The first argument is how many bytes are checked in each round, the second how many rounds there are.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { median } from './lib/measure.mjs'

const bytes = Number(process.argv[2] ?? 2 ** 30)
const rounds = Number(process.argv[3] ?? 5)
/** Bytes of one volume; it comes again and again until there are enough. */
const volumeSize = 64 * 2 ** 20

const directory = mkdtempSync(join(tmpdir(), 'syncline-stream-'))
try {
  const { validated, encodeHeader, encodeCommand, crc32c } = await sources(directory)
  const measure = async (/** @type {string} */ what, /** @type {() => Promise<number>} */ work) => {
    const speeds = []
    for (let round = 0; round < rounds; round++) {
      const before = process.cpuUsage()
      const count = await work()
      const { user, system } = process.cpuUsage(before)
      speeds.push(count / ((user + system) / 1e6))
    }
    process.stdout.write(
      `${what.padEnd(62)} ${(median(speeds) / 1e9).toFixed(2)} GB/s (${speeds.map(speed => (speed / 1e9).toFixed(2)).join(' ')})\n`,
    )
  }
  for (const [version, dataSize] of /** @type {const} */ ([
    [1, 48 * 1024],
    [2, 128 * 1024],
  ]))
    // prettier-ignore
    for (const fileSize of [2 ** 20, 4096]) {
      const volume = makeVolume(version, dataSize, fileSize)
      for (const chunkSize of [64 * 1024, 2 ** 20])
        await measure(`version ${version}, files of ${fileSize / 1024} KiB, in chunks of ${chunkSize / 1024} KiB`, async () => {
          let count = 0
          for await (const chunk of validated(chunks(volume, chunkSize))) count += chunk.length
          return count
        })
    }
  const block = new Uint8Array(128 * 1024).fill(0x5a)
  await measure('the checksum alone, which is the limit', async () => {
    for (let count = 0; count < bytes; count += block.length) crc32c(block)
    return bytes
  })

  /** @param {1 | 2} version @param {number} dataSize @param {number} fileSize */
  function makeVolume(version, dataSize, fileSize) {
    const time = { seconds: 1.7e9, nanoseconds: 123_456_789 }
    const parts = [encodeHeader(version)]
    const add = (/** @type {object} */ command) => parts.push(encodeCommand(command, version))
    add({ name: 'subvol', path: 'v', uuid: '8aeb5ca3-45d6-5744-b680-2657d0877460', transid: 7 })
    const data = Uint8Array.from({ length: Math.min(dataSize, fileSize) }, (_, i) => (i * 2_654_435_761) >>> 13)
    for (let size = 0, file = 0; size < volumeSize; size += fileSize, file++) {
      const path = `directory-${Math.floor(file / 100)}/file-${file}.dat`
      add({ name: 'mkfile', path: `o${file + 257}-7-0`, inode: file + 257 })
      add({ name: 'rename', path: `o${file + 257}-7-0`, to: path })
      for (let offset = 0; offset < fileSize; offset += dataSize) add({ name: 'write', path, offset, data: data.subarray(0, fileSize - offset) })
      add({ name: 'chown', path, uid: 0, gid: 0 })
      add({ name: 'chmod', path, mode: 0o644 })
      add({ name: 'utimes', path, atime: time, mtime: time, ctime: time })
    }
    add({ name: 'end' })
    return Buffer.concat(parts)
  }
} finally {
  rmSync(directory, { recursive: true, force: true })
}

/** @param {Uint8Array} volume @param {number} size */
async function* chunks(volume, size) {
  for (let count = 0; count < bytes; count += volume.length) for (let at = 0; at < volume.length; at += size) yield volume.subarray(at, at + size)
}

/** The package's own sources, also what it does not export. @param {string} folder */
async function sources(folder) {
  const stream = fileURLToPath(new URL('../../packages/btrfs/src/stream', import.meta.url))
  const outfile = join(folder, 'sources.mjs')
  const contents = `export { validated } from './validate.ts'
    export { encodeCommand, encodeHeader } from './writer.ts'
    export { crc32c } from './crc32c.ts'`
  const conditions = ['@syncline/source']
  await build({ stdin: { contents, resolveDir: stream }, bundle: true, format: 'esm', platform: 'node', conditions, outfile, logLevel: 'error' })
  return import(pathToFileURL(outfile).href)
}
