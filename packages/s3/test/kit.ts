import { collect, type Entry, type ReadableStorage } from '@syncline/core'

/** Bytes that are the same for the same seed, and compress to nothing else. */
export function pattern(size: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(size)
  let x = seed * 2654435761
  for (let i = 0; i < size; i++) {
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    bytes[i] = x
  }
  return bytes
}

/** Content in chunks of a mebibyte. */
export async function* inChunks(bytes: Uint8Array, size = 1024 * 1024): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

export async function listAll(storage: ReadableStorage, ...args: Parameters<ReadableStorage['list']>): Promise<Entry[]> {
  const entries: Entry[] = []
  for await (const page of storage.list(...args)) entries.push(...(Array.isArray(page) ? (page as Entry[]) : [page as Entry]))
  return entries
}

/** Compared as a number, because a failed comparison of buffers prints them. */
export async function isContent(storage: ReadableStorage, path: string, expected: Uint8Array): Promise<boolean> {
  return Buffer.compare(await collect(storage.read(path)), expected) === 0
}
