// Never run: the type check is the test. Each `@ts-expect-error` fails to compile when the line below it becomes legal.
import type { SyncEngine } from './engine.ts'
import type { Entry, ReadableStorage, WritableStorage } from './protocol.ts'
import { isWritable } from './protocol.ts'
import type { SyncPairOptions } from './sync-pair.ts'
import { memory } from './storages/memory.ts'

declare const readable: ReadableStorage
declare const writable: WritableStorage
declare const entry: Entry

/** An optional operation is called only where it exists. */
export async function optionalOperations(): Promise<void> {
  // @ts-expect-error TS2722: `copy` may be absent
  await writable.copy('a', 'b')
  await writable.copy?.('a', 'b')
  // @ts-expect-error TS2722: `snapshot` may be absent
  await readable.snapshot()
  // @ts-expect-error TS2722: `move` may be absent
  await writable.move('a', 'b')
  // @ts-expect-error TS2722: `flush` may be absent
  await writable.flush()
  // @ts-expect-error TS2722: `hash` may be absent
  await readable.hash('a', 'sha256')
  if (writable.copy !== undefined) await writable.copy('a', 'b')
}

/** What can only be read is no place to write to. */
export async function readOnlyIsNoTarget(): Promise<void> {
  // @ts-expect-error TS2322: `write` and `remove` are missing
  const target: WritableStorage = readable
  // @ts-expect-error TS2339: a readable storage has no `write`
  await readable.write('a', target.read('a'))
  if (isWritable(readable)) await readable.remove('a')
  // @ts-expect-error TS2322: the state is written
  const options: SyncPairOptions = { source: readable, destination: writable, state: readable }
  void options
}

/** The kind of an entry decides what it has. */
export function unionsNarrow(): string | number | boolean {
  // @ts-expect-error TS2339: a directory has no size
  void entry.size
  switch (entry.kind) {
    case 'file':
      return entry.size
    case 'symlink':
      return entry.target
    case 'directory':
      // @ts-expect-error TS2339: nor after narrowing
      return entry.size
    case 'problem':
      return entry.reason
    default:
      return entry satisfies never
  }
}

/** An absent option is left out, never `undefined`, unless its type says so. */
export async function exactOptions(signal: AbortSignal | undefined): Promise<void> {
  await writable.stat('a', { signal })
  // @ts-expect-error TS2379: `ifMatch: undefined` is not "no precondition"
  await writable.remove('a', { ifMatch: undefined })
  // @ts-expect-error TS2345: create only is the one value there is
  await writable.write('a', readable.read('a'), { ifNoneMatch: 'etag' })
}

/** The words of options are checked. */
export function wordsOfOptions(engine: SyncEngine): void {
  const pair = { source: memory(), destination: memory() }
  void engine.syncPair(pair, { mode: 'two-way', conflictResolution: 'keep-both' })
  // @ts-expect-error TS2322: no such mode
  void engine.syncPair(pair, { mode: 'both-ways' })
}

/** A web stream and a generator are content, without a cast. */
export async function anyStreamIsContent(web: ReadableStream<Uint8Array>): Promise<void> {
  await writable.write('a', web)
  await writable.write('b', (async function* () {})())
  // @ts-expect-error TS2345: text is not bytes; `toBytes` makes it so
  await writable.write('c', 'text')
}
