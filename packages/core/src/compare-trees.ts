import { compareSides, compareTimes } from './compare.ts'
import { isIncomplete, statListed } from './complete.ts'
import type { ResolvedConfig } from './config.ts'
import type { Difference } from './engine-types.ts'
import { messageOf } from './errors.ts'
import { Filter } from './filter/filter.ts'
import { readIgnoreFiles } from './filter/ignore-files.ts'
import { commonHash, fingerprintOf } from './fingerprint.ts'
import { mergeJoin, type Joined } from './merge-join.ts'
import type { AbortOptions, Path, ReadableStorage } from './protocol.ts'
import { scan, type ScannedEntry } from './scan.ts'
import type { SyncableEntry } from './plan.ts'

export interface CompareTreesOptions extends AbortOptions {
  readonly source: ReadableStorage
  readonly destination: ReadableStorage
  readonly config: ResolvedConfig
}

/**
 * Compares two trees by the comparison mode, without a state: every path, in the order in which paths are complete.
 *
 * A path that cannot be compared is a `problem`, never an `equal`.
 */
export async function* compareTrees(options: CompareTreesOptions): AsyncGenerator<Difference, void, undefined> {
  const { source, destination, signal } = options
  const filter = await settledFilter(options)
  const scanOf = (storage: ReadableStorage): AsyncIterable<readonly ScannedEntry[]> => scan(storage, { filter, signal })
  for await (const page of mergeJoin([scanOf(source), scanOf(destination)], [source.name, destination.name])) {
    signal?.throwIfAborted()
    for (const row of page) yield await compareRow(row, options)
  }
}

/** The rules of every ignore file in both trees. */
async function settledFilter({ source, destination, config, signal }: CompareTreesOptions): Promise<Filter> {
  const name = config.ignoreFile ?? '.syncignore'
  if (name === false) return new Filter(config)
  const known = new Set<Path>([name])
  for (;;) {
    const filter = new Filter(config, await readIgnoreFiles(source, destination, [...known], { signal }))
    const before = known.size
    for (const storage of [source, destination]) {
      for await (const _page of scan(storage, { filter, signal, onIgnoreFile: path => known.add(path) }));
    }
    if (known.size === before) return filter
  }
}

async function compareRow(row: Joined<ScannedEntry>, options: CompareTreesOptions): Promise<Difference> {
  const [source, destination] = row.entries
  const view = { path: row.path, source: shown(source), destination: shown(destination) }
  for (const [side, entry] of [
    ['source', source],
    ['destination', destination],
  ] as const) {
    if (entry?.kind === 'hidden') return { ...view, status: 'ignored', kind: 'hidden', reason: 'a rule hides it' }
    if (entry?.kind === 'problem') return { ...view, status: 'problem', kind: 'problem', reason: `${side}: ${entry.reason}` }
  }
  if (row.clash !== undefined) return { ...view, status: 'problem', kind: 'problem', reason: 'a file and a directory have this name on one side' }
  const [ours, theirs] = [source, destination] as readonly (SyncableEntry | undefined)[]
  if (theirs === undefined) return { ...view, status: 'source-only', kind: (ours as SyncableEntry).kind, reason: 'only at the source' }
  if (ours === undefined) return { ...view, status: 'destination-only', kind: theirs.kind, reason: 'only at the destination' }
  try {
    const { equal, reason } = await compareEntries(ours, theirs, options)
    return { ...view, status: equal ? 'equal' : 'differs', kind: ours.kind, reason }
  } catch (error) {
    options.signal?.throwIfAborted()
    return { ...view, status: 'problem', kind: 'problem', reason: `cannot be compared: ${messageOf(error)}` }
  }
}

async function compareEntries(
  listedSource: SyncableEntry,
  listedDestination: SyncableEntry,
  { source, destination, config, signal }: CompareTreesOptions,
): Promise<{ equal: boolean; reason: string }> {
  let [ours, theirs] = [listedSource, listedDestination]
  /** Before times are compared: a listing may have left them out. */
  const complete = async (): Promise<void> => {
    ;[ours, theirs] = await Promise.all([withTime(source, ours, signal), withTime(destination, theirs, signal)])
  }
  if (config.comparisonMode === 'mtime-only' || config.comparisonMode === 'size-and-mtime') await complete()
  const listed = compareSides(ours, theirs, config.comparisonMode, config.toleranceMs)
  if (listed.verdict !== 'ask-hash') return { equal: listed.verdict === 'equal', reason: listed.reason }
  const name = commonHash(source, destination)
  if (name !== undefined && ours.kind === 'file' && theirs.kind === 'file') {
    const [left, right] = await Promise.all([fingerprintOf(source, ours, name, { signal }), fingerprintOf(destination, theirs, name, { signal })])
    if (left !== undefined && right !== undefined) return { equal: left === right, reason: `${left === right ? 'same' : 'different'} ${name}` }
  }
  if (config.comparisonMode === 'hash-only') throw new Error(`${source.name} and ${destination.name} have no hash of it in common`)
  await complete()
  const times = compareTimes(ours, theirs, config.toleranceMs)
  return { equal: times.verdict === 'equal', reason: `${times.reason}, no common hash` }
}

/** The entry with the time that its store keeps. @throws what `stat` threw */
async function withTime(storage: ReadableStorage, entry: SyncableEntry, signal: AbortSignal | undefined): Promise<SyncableEntry> {
  if (!isIncomplete(entry, storage)) return entry
  const now = await statListed(storage, entry, { signal })
  if (now.kind === 'problem') throw now.error
  return now
}

function shown(entry: ScannedEntry | undefined): Difference['source'] {
  return entry === undefined || entry.kind === 'hidden' ? null : entry
}
