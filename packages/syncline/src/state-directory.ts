import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import {
  collect,
  decorate,
  isWritable,
  StorageError,
  type Bytes,
  type FileEntry,
  type OpenStorageOptions,
  type Path,
  type WritableStorage,
} from '@syncline/core'
import { fs } from '@syncline/fs'
import { parseLocation } from './location.ts'
import { open } from './open.ts'

/** Where the states of all pairs are by default: `$XDG_STATE_HOME/syncline`, else `~/.local/state/syncline`. */
export function stateHome(variables: Readonly<Record<string, string | undefined>>): string {
  const { XDG_STATE_HOME: home } = variables
  // The specification has relative paths ignored.
  return join(home !== undefined && isAbsolute(home) ? home : join(homedir(), '.local', 'state'), 'syncline')
}

/** Longer than it takes from looking at a file to replacing it. */
const settleMs = 250

/**
 * A local directory for a state; made when something is first written, readable by its owner only, because a state has the names of all files.
 *
 * Preconditions are decided here, which a file system does not do by itself: a lock can then be taken without waiting whether somebody else took it too.
 */
export function openStateDirectory(directory: string): WritableStorage {
  const storage = fs(directory, { workers: 0 })
  return decorate(storage, {
    capabilities: { ...storage.capabilities, conditional: true },
    write: async (path, content, options = {}) => {
      await mkdir(directory, { recursive: true, mode: 0o700 })
      if (options.ifNoneMatch !== undefined) return createFile(storage, directory, path, content)
      const entry = await storage.write(path, content, options)
      if (options.ifMatch === undefined) return entry
      // Two may have seen the same old version. Each waits until the other must have written as well: the last one has won.
      await delay(settleMs)
      const now = await storage.stat(path, options)
      if (now?.kind === 'file' && now.etag === entry.etag) return entry
      throw new StorageError('PRECONDITION_FAILED', `${path} in ${directory} was replaced by another process`, { path })
    },
  })
}

/** Of several processes that create a file with O_EXCL one succeeds, on every file system; a hard link or a rename cannot promise that on all. */
async function createFile(storage: WritableStorage, directory: string, path: Path, content: Bytes): Promise<FileEntry> {
  try {
    await writeFile(join(directory, path), await collect(content), { flag: 'wx', mode: 0o600 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST')
      throw new StorageError('PRECONDITION_FAILED', `${path} exists in ${directory}`, { path, cause: error })
    throw error
  }
  const entry = await storage.stat(path)
  if (entry?.kind === 'file') return entry
  throw new StorageError('PRECONDITION_FAILED', `${path} in ${directory} was removed by another process`, { path })
}

/** Opens the state at a path or URL. @throws TypeError if that place can only be read */
export async function openStateAt(location: string, options?: OpenStorageOptions): Promise<WritableStorage> {
  const parsed = parseLocation(location, process.cwd())
  if (parsed.kind === 'path') return openStateDirectory(parsed.path)
  const storage = await open(location, options)
  if (!isWritable(storage)) throw new TypeError(`${storage.name} can only be read, so it cannot keep a state`)
  return storage
}

/** The pairs whose state is below `home`; states that cannot be read are left out. */
export async function listKnownPairs(home: string): Promise<{ readonly source: string; readonly destination: string }[]> {
  const names = await readdir(home).catch(() => [])
  const pairs: { readonly source: string; readonly destination: string }[] = []
  for (const name of names.sort()) {
    try {
      const { sync } = JSON.parse(await readFile(join(home, name, 'sync_metadata.json'), 'utf8')) as {
        sync?: { source?: unknown; destination?: unknown }
      }
      if (typeof sync?.source === 'string' && typeof sync.destination === 'string') pairs.push({ source: sync.source, destination: sync.destination })
    } catch {
      // A damaged state is told of by the commands that use it.
    }
  }
  return pairs
}
