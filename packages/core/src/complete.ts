import type { Ancestor } from './ancestor.ts'
import type { ResolvedConfig } from './config.ts'
import { messageOf, StorageError } from './errors.ts'
import type { Side } from './modes.ts'
import { isBelow } from './path.ts'
import type { AbortOptions, Entry, FileEntry, ReadableStorage } from './protocol.ts'
import type { ScannedEntry } from './scan.ts'
import { sides, type SyncRow } from './site.ts'

/** Requests for a side that does not say how many at a time help. */
const defaultConcurrency = 8

export interface CompleterOptions extends AbortOptions {
  readonly source: ReadableStorage
  readonly destination: ReadableStorage
  /** When the last run began that looked at both sides, in milliseconds since the Unix epoch; 0 if there was none. */
  readonly asOf: number
  /** What the run will do; without it every file is worth asking for. */
  readonly config?: Pick<ResolvedConfig, 'mode' | 'acceptDestinationChanges' | 'only'> | undefined
}

/** Whether a listing has not told all that `stat` would tell of a file. */
export function isIncomplete(entry: ScannedEntry | Ancestor | undefined, storage: ReadableStorage): entry is FileEntry {
  if (entry?.kind !== 'file') return false
  return entry.modified === undefined ? storage.capabilities.modifiedPrecision !== undefined : (entry as FileEntry).modifiedPrecision !== undefined
}

/** The entry as `stat` tells it; a problem if that is not what the listing had, or cannot be had. */
export async function statListed(storage: ReadableStorage, listed: FileEntry, options: AbortOptions): Promise<Entry> {
  try {
    const now = await storage.stat(listed.path, options)
    if (now?.kind === 'file') return now
    throw new StorageError('PRECONDITION_FAILED', `it changed while ${storage.name} was scanned; run the sync again`, { path: listed.path })
  } catch (error) {
    options.signal?.throwIfAborted()
    return { kind: 'problem', path: listed.path, reason: messageOf(error), error }
  }
}

/**
 * Fills in what listings leave out of files: times that would cost a request for each, or are shown only to the minute.
 *
 * Where the state knows a file and what the listing shows fits it, the rest is as the state has it. Only the other files are asked for, several at a
 * time, so a run in which nothing changed sends no request beyond the listing.
 */
export class Completer {
  readonly #options: CompleterOptions
  #looked = false

  constructor(options: CompleterOptions) {
    this.#options = options
  }

  /** Whether a file was looked at because a change could have hidden behind its coarse time: the state then is true of this run's time. */
  get looked(): boolean {
    return this.#looked
  }

  /** Completes rows in place. Resolves to `undefined`, without a promise, when there is nothing to ask. */
  complete(rows: readonly SyncRow[]): Promise<void> | undefined {
    const missing: { readonly row: SyncRow; readonly side: Side; readonly listed: FileEntry }[] = []
    for (const row of rows) {
      if (this.#isLeftAlone(row)) continue
      for (const side of sides) {
        const at = side === 'source' ? 0 : 1
        const listed = row.entries[at]
        if (!isIncomplete(listed, this.#options[side])) continue
        const known = this.#fromState(listed, row.entries[at + 2] as Ancestor | undefined)
        if (known === undefined) missing.push({ row, side, listed })
        else (row.entries as (ScannedEntry | Ancestor | undefined)[])[at] = known
      }
    }
    return missing.length === 0 ? undefined : this.#ask(missing)
  }

  /** What a run does not act on, whatever it is, is not worth a request: what only the target of a backup has, and what a run of a part leaves out. */
  #isLeftAlone({ path, entries }: SyncRow): boolean {
    const { config } = this.#options
    if (config === undefined) return false
    if (config.mode === 'source-backup' && !config.acceptDestinationChanges && entries[0] === undefined) return true
    if (config.mode === 'destination-backup' && entries[1] === undefined) return true
    if (config.only === undefined) return false
    for (const part of config.only) if (path === part || isBelow(path, part)) return false
    return true
  }

  /** What the state knows of the very file that the listing shows; `undefined` if it may be another. */
  #fromState(listed: FileEntry, ancestor: Ancestor | undefined): FileEntry | undefined {
    if (ancestor?.kind !== 'file' || ancestor.size !== listed.size) return undefined
    const { modifiedPrecision, ...entry } = listed
    const { modified, mode } = ancestor
    const known = { ...entry, ...(modified !== undefined && { modified }), ...(entry.mode === undefined && mode !== undefined && { mode }) }
    if (listed.etag !== undefined && ancestor.etag !== undefined) return listed.etag === ancestor.etag ? known : undefined
    if (modified === undefined || listed.modified === undefined || modifiedPrecision === undefined) return undefined
    // Listings cut off. One that rounds costs a request, not a mistake.
    if (modified < listed.modified || modified >= listed.modified + modifiedPrecision) return undefined
    // An edit after the last look hides behind this time only if it came before the shown time moved on.
    if (listed.modified + modifiedPrecision <= this.#options.asOf) return known
    this.#looked = true
    return undefined
  }

  async #ask(missing: readonly { readonly row: SyncRow; readonly side: Side; readonly listed: FileEntry }[]): Promise<void> {
    const { signal } = this.#options
    for (const side of sides) {
      const mine = missing.filter(item => item.side === side).values()
      const storage = this.#options[side]
      const work = async (): Promise<void> => {
        for (const { row, listed } of mine) {
          signal?.throwIfAborted()
          ;(row.entries as (ScannedEntry | Ancestor | undefined)[])[side === 'source' ? 0 : 1] = await statListed(storage, listed, { signal })
        }
      }
      const workers = storage.capabilities.concurrency ?? defaultConcurrency
      await Promise.all(Array.from({ length: workers }, work))
    }
  }
}
