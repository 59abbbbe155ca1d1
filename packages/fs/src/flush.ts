import { close, constants, fsync, open } from 'node:fs'
import { promisify } from 'node:util'
import { parentPath, type Path } from '@syncline/core'
import { errnoOf, isMissing, toStorageError } from './errno.ts'
import { removeStaleTemporary } from './temporary.ts'
import type { Tree } from './tree.ts'

const openAsync = promisify(open)
const fsyncAsync = promisify(fsync)
const closeAsync = promisify(close)

/** Up to this many files and directories are synced one by one; more are cheaper as a whole file system. */
const fewChanges = 64
/** A disk takes several at once; one after the other costs a full write each. */
const inFlight = 8

/** What was changed and may not be on the disk yet. */
export class Changes {
  // As they come: sets cost more than the rest of a small file's bookkeeping, and many runs never flush.
  #files: Path[] = []
  #directories: Path[] = []

  /** Content was written, or attributes were set. */
  addFile(path: Path): void {
    this.#files.push(path)
    this.addName(path)
  }

  /** A name appeared or went. */
  addName(path: Path): void {
    const last = this.#directories[this.#directories.length - 1]
    // Most come from the directory of the one before.
    if (last !== undefined && path.lastIndexOf('/') === (last === '' ? -1 : last.length) && path.startsWith(last)) return
    this.#directories.push(parentPath(path))
  }

  /** Hands over what there is, and forgets it. */
  take(): { readonly files: ReadonlySet<Path>; readonly directories: ReadonlySet<Path> } {
    const taken = { files: new Set(this.#files), directories: new Set(this.#directories) }
    this.#files = []
    this.#directories = []
    return taken
  }

  /** Takes back what could not be made durable. */
  restore({ files, directories }: ReturnType<Changes['take']>): void {
    for (const path of files) this.#files.push(path)
    for (const path of directories) this.#directories.push(path)
  }
}

/** Makes every finished change durable, and removes what dead processes left half-written. */
export async function flush(tree: Tree, changes: Changes, temporaries: Set<string>, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted()
  const taken = changes.take()
  try {
    const isFew = taken.files.size + taken.directories.size <= fewChanges
    if (isFew || !(await syncFileSystem(tree))) await syncEach(tree, [...taken.files, ...taken.directories], signal)
  } catch (error) {
    changes.restore(taken)
    if (signal?.aborted === true) throw signal.reason
    throw error
  }
  removeTemporaries(temporaries)
}

/** `sync -f` of coreutils and busybox: the `syncfs` call, which Node lacks. False where there is none. */
async function syncFileSystem(tree: Tree): Promise<boolean> {
  if (process.platform !== 'linux') return false
  try {
    // Loaded here: with what it brings it costs a tenth of the start of a command, and most runs change nothing.
    const { execFile } = await import('node:child_process')
    await promisify(execFile)('sync', ['-f', '--', tree.root])
    return true
  } catch {
    // No such program or option, or the disk failed: syncing one by one works, or says what failed and where.
    return false
  }
}

async function syncEach(tree: Tree, paths: readonly Path[], signal: AbortSignal | undefined): Promise<void> {
  let next = 0
  const run = async (): Promise<void> => {
    for (let path = paths[next++]; path !== undefined; path = paths[next++]) {
      signal?.throwIfAborted()
      await syncOne(tree, path)
    }
  }
  const results = await Promise.allSettled(Array.from({ length: inFlight }, run))
  for (const result of results) if (result.status === 'rejected') throw result.reason
}

async function syncOne(tree: Tree, path: Path): Promise<void> {
  // What a link points to was not changed here, and may be a pipe that nobody writes to.
  const flags = tree.symlinks === 'follow' ? 'r' : constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)
  try {
    const fd = await openAsync(tree.locate(path), flags)
    try {
      await fsyncAsync(fd)
    } finally {
      await closeAsync(fd)
    }
  } catch (error) {
    // Removed since; its directory is synced too. A link has no content. A file we may not read was opened by nobody else here.
    if (isMissing(error) || ['ELOOP', 'EISDIR'].includes(errnoOf(error) ?? '')) return
    throw toStorageError(error, 'make durable', path, tree.root)
  }
}

function removeTemporaries(temporaries: Set<string>): void {
  for (const file of temporaries) {
    temporaries.delete(file)
    try {
      removeStaleTemporary(file, Date.now())
    } catch {
      // Not ours to remove, or the disk is read-only: it stays hidden and harms nothing.
    }
  }
}
