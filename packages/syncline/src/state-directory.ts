import { mkdir, readdir, readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { decorate, isWritable, type WritableStorage } from '@syncline/core'
import { fs } from '@syncline/fs'
import { parseLocation } from './location.ts'
import { open } from './open.ts'

/** Where the states of all pairs are by default: `$XDG_STATE_HOME/syncline`, else `~/.local/state/syncline`. */
export function stateHome(variables: Readonly<Record<string, string | undefined>>): string {
  const { XDG_STATE_HOME: home } = variables
  // The specification has relative paths ignored.
  return join(home !== undefined && isAbsolute(home) ? home : join(homedir(), '.local', 'state'), 'syncline')
}

/** A local directory for a state; made when something is first written, readable by its owner only, because a state has the names of all files. */
export function openStateDirectory(directory: string): WritableStorage {
  const storage = fs(directory, { workers: 0 })
  return decorate(storage, {
    write: async (path, content, options) => {
      await mkdir(directory, { recursive: true, mode: 0o700 })
      return storage.write(path, content, options)
    },
  })
}

/** Opens the state at a path or URL. @throws TypeError if that place can only be read */
export async function openStateAt(location: string): Promise<WritableStorage> {
  const parsed = parseLocation(location, process.cwd())
  if (parsed.kind === 'path') return openStateDirectory(parsed.path)
  const storage = await open(location)
  if (!isWritable(storage)) throw new TypeError(`${storage.name} can only be read, so it cannot keep a state`)
  return storage
}

/** The pairs whose state is below `home`; states that cannot be read are left out. */
export async function listKnownPairs(home: string): Promise<{ readonly source: string; readonly destination: string }[]> {
  const names = await readdir(home).catch(() => [])
  const pairs: { readonly source: string; readonly destination: string }[] = []
  for (const name of names.sort()) {
    try {
      const { sync } = JSON.parse(await readFile(join(home, name, 'sync_metadata.json'), 'utf8')) as { sync?: { source?: unknown; destination?: unknown } }
      if (typeof sync?.source === 'string' && typeof sync.destination === 'string') pairs.push({ source: sync.source, destination: sync.destination })
    } catch {
      // A damaged state is told of by the commands that use it.
    }
  }
  return pairs
}
