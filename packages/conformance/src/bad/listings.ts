import { decorate, type Decorated, type Entry, type Overrides, type Path, type ReadableStorage } from '@syncline/core'
import { listAll } from '../check.ts'

/** Paths with which a hostile server would reach out of the root, or confuse those who print or join them. */
export const hostilePaths: readonly string[] = [
  '../escaped',
  '..',
  '.',
  'd/../../escaped',
  '/absolute',
  'd//doubled',
  'd/',
  '',
  'nul\0byte',
  'new\nline',
  'carriage\rreturn',
  'back\\slash\\..\\..\\escaped',
  'C:\\windows',
  '\u001b[2Jescape',
  '\u202ereversed',
]

/** Which names a hostile listing adds. */
export interface HostileOptions {
  /** Default {@link hostilePaths}. */
  readonly paths?: readonly string[]
  readonly kind?: 'file' | 'directory'
}

/** Adds entries with hostile names to the listing of the root, at its end; they can be read as empty files. */
export function hostileNames<S extends ReadableStorage>(storage: S, { paths = hostilePaths, kind = 'file' }: HostileOptions = {}): Decorated<S> {
  const entries = paths.map((path): Entry => (kind === 'file' ? { kind, path, size: 0 } : { kind, path }))
  const overrides: Overrides<ReadableStorage> = {
    async *list(path, options) {
      yield* storage.list(path, options)
      if (path === '') yield entries
    },
    async stat(path, options) {
      return entries.find(entry => entry.path === path) ?? (await storage.stat(path, options))
    },
    async *read(path, options) {
      if (!paths.includes(path)) yield* storage.read(path, options)
    },
  }
  return decorate(storage, overrides as Overrides<S>)
}

/** Lists ever more files, in key order: what a client must be able to leave, and must not collect. `entries` says how many came. */
export function endless<S extends ReadableStorage>(storage: S): Decorated<S> & { readonly entries: number } {
  let count = 0
  const overrides: Overrides<ReadableStorage> = {
    async *list(path, options) {
      for (;;) {
        const page: Entry[] = []
        // Numbers of sixteen digits sort by bytes as they do by value.
        for (let i = 0; i < 100; i++)
          page.push({ kind: 'file', path: `${path === '' ? '' : `${path}/`}${String(count++).padStart(16, '0')}`, size: 0 })
        options?.signal?.throwIfAborted()
        yield page
        // A turn of the event loop, so that a timer of the test can run.
        await new Promise(resolve => setTimeout(resolve))
      }
    },
  }
  return Object.defineProperty(decorate(storage, overrides as Overrides<S>), 'entries', { get: () => count }) as Decorated<S> & {
    readonly entries: number
  }
}

/** Lists in reverse, although it still promises what the storage promised. */
export function unordered<S extends ReadableStorage>(storage: S): Decorated<S> {
  const overrides: Overrides<ReadableStorage> = {
    async *list(path, options) {
      yield [...(await listAll(storage, path, options))].reverse()
    },
  }
  return decorate(storage, overrides as Overrides<S>)
}

/** Leaves paths out of listings, as a server does that loses a page; `stat` and `read` still find them. */
export function forgetful<S extends ReadableStorage>(storage: S, isForgotten: (path: Path) => boolean): Decorated<S> {
  const overrides: Overrides<ReadableStorage> = {
    async *list(path, options) {
      yield (await listAll(storage, path, options)).filter(entry => !isForgotten(entry.path))
    },
  }
  return decorate(storage, overrides as Overrides<S>)
}
