import { baseName, checkPath, type Path, StorageError, type WriteOptions } from '@syncline/core'
import type { Known } from './known.ts'
import { isTemporary } from './temporary.ts'

/** Bytes of a name and of a path, as most file systems have it. */
const longestName = 255
const longestPath = 4000

/** A line break would be a command of its own; other control characters come back changed from many servers. */
// eslint-disable-next-line no-control-regex -- exactly those
const controls = /[\u0000-\u001f\u007f]/

/** Says why the server cannot hold a path, `undefined` if nothing is known against it. */
export function refusal(path: Path, known: Known): string | undefined {
  if (path === '') return undefined
  if (controls.test(path)) return 'FTP has no way to send a name with control characters'
  if (/\p{Surrogate}/u.test(path)) return 'the name is not valid Unicode'
  const bytes = Buffer.byteLength(path)
  if (bytes > longestPath) return `the path has ${bytes} bytes, and servers take ${longestPath} at most`
  if (isTemporary(baseName(path))) return 'such names are kept for files that are being written'
  for (const name of path.split('/')) {
    if (name.length * 3 > longestName && Buffer.byteLength(name) > longestName) return `a name has more than ${longestName} bytes`
    if (name.endsWith(' ') && known.rewrites.includes('trailing space')) return 'the server changes a space at the end of a name'
    if (name.includes('\\') && known.rewrites.includes('backslash')) return 'the server does not take a backslash in a name'
  }
  return undefined
}

/** Returns `path` if it can be written. @throws StorageError `INVALID_PATH`, naming the reason */
export function checkWritable(path: string, known: Known, name: string): Path {
  const problem = refusal(checkPath(path), known)
  if (problem !== undefined) throw new StorageError('INVALID_PATH', `${name} cannot hold ${JSON.stringify(path)}: ${problem}`, { path })
  return path
}

/** Returns `path` if it can be asked for; `undefined` if nothing can be there. @throws StorageError `INVALID_PATH` if it is no path */
export function checkReadable(path: string): Path | undefined {
  checkPath(path)
  // eslint-disable-next-line no-control-regex -- what the control connection cannot carry
  return /[\u0000\r\n]/.test(path) || /\p{Surrogate}/u.test(path) ? undefined : path
}

/** What can be said before anything is sent. */
export function checkConditions({ known, name }: { readonly known: Known; readonly name: string }, path: Path, { ifMatch }: WriteOptions): void {
  checkWritable(path, known, name)
  if (path === '') throw new StorageError('IS_A_DIRECTORY', `${name} is a directory`, { path })
  if (ifMatch === undefined) return
  throw new StorageError('PRECONDITION_FAILED', `${name} has no etags, so no version of ${path} can be named`, { path })
}
