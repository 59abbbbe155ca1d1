import { StorageError, type AbortOptions, type Bytes, type ReadableStorage } from '@syncline/core'
import { validated } from '../stream/validate.ts'
import { PartHasher } from './part-hasher.ts'
import type { Dump } from './read-dumps.ts'
import { VolumeCheck } from './stream-check.ts'

/** Undoes what a dump went through before it was stored. @param dump - `dump.record.pipeline` tells what that was */
export type DumpDecoder = (content: Bytes, dump: Dump, options: AbortOptions) => Bytes

/** How to read dumps. */
export interface DumpContentOptions extends AbortOptions {
  /** Needed for dumps that went through a pipeline. */
  readonly decode?: DumpDecoder | undefined
}

/**
 * The send stream of a dump, checked on its way: every command by its checksum and for what it may do, the file by its length and its hash, and that it
 * is the volume that the dump is said to have. The last bytes are given out when all of that holds, so a receiver that got them got no other.
 *
 * @throws StorageError `CORRUPT`; `NOT_SUPPORTED` for a dump that went through a pipeline, without a way back
 */
export async function* dumpContent(
  storage: ReadableStorage,
  dump: Dump,
  options: DumpContentOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const { signal, decode } = options
  const { path, record } = dump
  let content: Bytes = asRecorded(storage, dump, signal)
  if (record?.pipeline !== undefined) {
    if (decode === undefined)
      throw new StorageError('NOT_SUPPORTED', `${path} went through ${record.pipeline} before it was stored; say how that is undone`, { path })
    content = decode(content, dump, { signal })
  }
  const check = new VolumeCheck(dump)
  try {
    yield* validated(content, { onItem: item => check.take(item) })
  } catch (error) {
    if (!(error instanceof StorageError) || error.code !== 'CORRUPT' || error.path !== undefined) throw error
    throw new StorageError('CORRUPT', `${path} on ${storage.name}: ${error.message}`, { path, cause: error })
  }
}

/** What is stored, held back by a chunk until it is proven to be what was written. */
async function* asRecorded(
  storage: ReadableStorage,
  { path, record }: Dump,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (record === undefined) {
    yield* storage.read(path, { signal })
    return
  }
  const hasher = new PartHasher(Infinity)
  let last: Uint8Array | undefined
  for await (const chunk of storage.read(path, { signal })) {
    if (last !== undefined) yield last
    hasher.update(chunk)
    // A copy, because the storage may use its buffer again.
    last = chunk.slice()
  }
  const { bytes, sha256 } = hasher.digest()
  if (bytes !== record.bytes || sha256 !== record.sha256)
    throw new StorageError('CORRUPT', `${path} on ${storage.name} is not what was written: ${describe(bytes, record.bytes)}`, { path })
  if (last !== undefined) yield last
}

function describe(found: number, written: number): string {
  return found === written ? 'its SHA-256 is another one' : `it has ${found} instead of ${written} bytes`
}
