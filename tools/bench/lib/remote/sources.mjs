import { closeSync, existsSync, mkdirSync, openSync, renameSync, rmSync, utimesSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { randomFillSync } from 'node:crypto'

const chunk = 1024 * 1024

/** A tree of the past, so that nothing is as new as the run that looks at it. Whole seconds, because that is what most servers keep. */
const modified = new Date('2026-01-02T03:04:05Z')

/**
 * A directory with files, a hundred to a folder; made once and kept.
 *
 * @param {string} directory
 * @param {{ readonly files: number, readonly size: number }} shape
 */
export function sourceOf(directory, { files, size }) {
  const path = join(directory, 'remote-sources', `${files}x${size}`)
  if (existsSync(path)) return path
  const unfinished = `${path}.new`
  rmSync(unfinished, { recursive: true, force: true })
  fill(unfinished, files, size)
  renameSync(unfinished, path)
  return path
}

/** @param {string} directory @param {number} files @param {number} size */
function fill(directory, files, size) {
  const content = Buffer.alloc(Math.min(size, chunk))
  for (let i = 0; i < files; i++) {
    const folder = join(directory, `dir-${String(Math.floor(i / 100)).padStart(5, '0')}`)
    if (i % 100 === 0) mkdirSync(folder, { recursive: true })
    const file = join(folder, `file-${String(i % 100).padStart(3, '0')}.dat`)
    if (size <= chunk) writeFileSync(file, randomFillSync(content))
    else writeBig(file, size, content)
    utimesSync(file, modified, modified)
  }
}

/** @param {string} file @param {number} size @param {Buffer} content */
function writeBig(file, size, content) {
  const fd = openSync(file, 'w')
  for (let at = 0; at < size; at += content.length) writeSync(fd, randomFillSync(content), 0, Math.min(content.length, size - at))
  closeSync(fd)
}
