import { isStorageError, messageOf, type AbortOptions, type Entry, type Path, type ReadableStorage } from '@syncline/core'
import type { RawPath } from '../stream/command.ts'
import { listDirectory, readNotice, readRecord } from './dump-files.ts'
import { dumpEnding, recordEnding, uploadEnding, type DumpIdentity } from './dump-name.ts'
import type { DumpRecord } from './dump-record.ts'
import { mapLimited } from './limited.ts'
import { readStart } from './read-start.ts'

/** A dump in a directory of dumps. */
export interface Dump extends DumpIdentity {
  /** In its storage. */
  readonly path: Path
  /** Of the volume; a character per byte. */
  readonly name: RawPath
  /** Of the file. */
  readonly bytes: number
  /** Absent: nothing says that it is whole. It was made by something else, or by a run that broke off. */
  readonly record?: DumpRecord
}

/** Something in a directory of dumps that is not as it should be. */
export interface DumpProblem {
  readonly path: Path
  /** A sentence for people. */
  readonly reason: string
}

/** What a directory of dumps holds. */
export interface DumpIndex {
  /** In the order of their paths. */
  readonly dumps: readonly Dump[]
  /** Uploads that broke off: where each dump would be, and since when. */
  readonly unfinished: readonly { readonly path: Path; readonly begun: string }[]
  readonly problems: readonly DumpProblem[]
}

/** Options of {@link readDumps}. */
export interface ReadDumpsOptions extends AbortOptions {
  /** A dump in the directory, whatever it is called. Of the others only those beside it are read, not what is below. */
  readonly file?: Path | undefined
}

/** Endings of streams that are as they were sent: ours, and that of btrsync. */
const plainEndings = [dumpEnding, '.btrfs_stream']

/**
 * Tells which volumes a directory and what is below it hold dumps of, from their records, and from the first command of those that have none.
 *
 * Costs a listing and one small read per dump. Whether their content is sound is for {@link verifyDumps}.
 */
export async function readDumps(storage: ReadableStorage, { file, ...options }: ReadDumpsOptions = {}): Promise<DumpIndex> {
  const { concurrency = 1 } = storage.capabilities
  const entries = await listDirectory(storage, { ...options, ...(file !== undefined && { recursive: false }) })
  const problems: DumpProblem[] = []
  const names = new Set<Path>(file === undefined ? [] : [file])
  const unfinished: DumpIndex['unfinished'][number][] = []
  for (const [path, entry] of entries) {
    if (entry.kind === 'problem') problems.push({ path, reason: entry.reason })
    else if (entry.kind === 'file') {
      if (path.endsWith(uploadEnding)) {
        const dump = path.slice(0, -uploadEnding.length)
        const notice = entries.has(dump + recordEnding) ? undefined : await readNotice(storage, dump, options)
        if (notice !== undefined) unfinished.push({ path: dump, begun: notice.begun })
      } else if (path.endsWith(recordEnding)) {
        const dump = path.slice(0, -recordEnding.length)
        if (dump.includes(dumpEnding)) names.add(dump)
      } else if (plainEndings.some(ending => path.endsWith(ending))) names.add(path)
    }
  }
  const read = (path: Path): Promise<Dump | DumpProblem> => readDump(storage, path, entries, options)
  const dumps: Dump[] = []
  for (const found of await mapLimited([...names].sort(), concurrency, read)) {
    if ('reason' in found) problems.push(found)
    else dumps.push(found)
  }
  return { dumps, unfinished, problems }
}

async function readDump(storage: ReadableStorage, path: Path, entries: ReadonlyMap<Path, Entry>, options: AbortOptions): Promise<Dump | DumpProblem> {
  const entry = entries.get(path)
  let record: DumpRecord | undefined
  if (entries.has(path + recordEnding)) {
    try {
      record = await readRecord(storage, path, options)
    } catch (error) {
      options.signal?.throwIfAborted()
      if (isStorageError(error)) throw error
      return { path: path + recordEnding, reason: `the record of ${path} cannot be read: ${messageOf(error)}` }
    }
  }
  if (entry?.kind !== 'file') return { path, reason: `there is a record of ${path}, but not the dump itself` }
  if (record !== undefined) {
    const { name, uuid, ctransid, parentUuid, parentCtransid } = record
    const parent = parentUuid !== undefined && parentCtransid !== undefined && { parentUuid, parentCtransid }
    return { path, name, uuid, ctransid, ...parent, bytes: entry.size, record }
  }
  const start = await readStart(storage, path, options)
  if (typeof start === 'string') return { path, reason: `${path} has no record, and ${start}` }
  return { path, name: start.name, ...start.identity, bytes: entry.size }
}
