import {
  type Bytes,
  collect,
  decorate,
  type Decorated,
  type Entry,
  type FileEntry,
  type Overrides,
  type ReadableStorage,
  toBytes,
  type WritableStorage,
} from '@syncline/core'

/** What is cut short, and where. */
export interface TruncatingOptions {
  /** Bytes that are lost at the end; default 1. */
  readonly bytes?: number
  /** Which way loses them; default both. */
  readonly at?: 'read' | 'write' | 'both'
}

/** Loses the end of every file: a read ends early without an error, a write stores less and says that all is well. */
export function truncating<S extends ReadableStorage>(storage: S, { bytes = 1, at = 'both' }: TruncatingOptions = {}): Decorated<S> {
  const { write } = storage as ReadableStorage & Partial<WritableStorage>
  const overrides: Overrides<WritableStorage> = {
    ...(at !== 'write' && {
      async *read(path, options) {
        const content = await collect(storage.read(path, options))
        yield* toBytes(content.subarray(0, Math.max(0, content.length - bytes)))
      },
    }),
    ...(at !== 'read' &&
      write !== undefined && {
        async write(path, content, options = {}) {
          const whole = await collect(content)
          const kept = whole.subarray(0, Math.max(0, whole.length - bytes))
          const entry = await write.call(storage, path, toBytes(kept), { ...options, size: kept.length })
          return { ...entry, size: whole.length }
        },
      }),
  }
  return decorate(storage, overrides as Overrides<S>)
}

/** Shows every file with another size than it has, in listings, stats and the answers of writes; default one byte more. */
export function lyingAboutSizes<S extends ReadableStorage>(storage: S, lie: (size: number) => number = size => size + 1): Decorated<S> {
  const { write } = storage as ReadableStorage & Partial<WritableStorage>
  const lied = <E extends Entry>(entry: E): E => (entry.kind === 'file' ? { ...entry, size: lie(entry.size) } : entry)
  const overrides: Overrides<WritableStorage> = {
    ...mapping(storage, entries => entries.map(lied)),
    async stat(path, options) {
      const entry = await storage.stat(path, options)
      return entry && lied(entry)
    },
    ...(write && {
      write: async (path: string, content: Bytes, options?: Parameters<typeof write>[2]): Promise<FileEntry> =>
        lied(await write.call(storage, path, content, options)),
    }),
  }
  return decorate(storage, overrides as Overrides<S>)
}

/** A `list` whose pages are changed on their way. */
export function mapping(storage: ReadableStorage, change: (entries: readonly Entry[]) => readonly Entry[]): Pick<ReadableStorage, 'list'> {
  return {
    async *list(path, options) {
      for await (const item of storage.list(path, options)) yield change(Array.isArray(item) ? (item as readonly Entry[]) : [item as Entry])
    },
  }
}
