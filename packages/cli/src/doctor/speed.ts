import { joinPath, type AbortOptions, type Path, type ReadableStorage, StorageError, type WritableStorage } from '@syncline/core'
import type { Finding } from './findings.ts'

type Speed = Extract<Finding, { type: 'speed' }>

const mebibyte = 1024 * 1024
const probeBytes = 8 * mebibyte
const chunkBytes = 256 * 1024
const lookUps = 15

/**
 * Writes 8 MiB that do not compress, reads them back and compares them, and looks a file up several times.
 *
 * @throws StorageError `CORRUPT` if other bytes come back
 */
export async function measureSpeed(storage: WritableStorage, directory: Path, options: AbortOptions): Promise<Speed> {
  const path = joinPath(directory, 'speed')
  const content = randomBytes(probeBytes)
  const write = await timed(() => storage.write(path, chunksOf(content), { size: content.length, ...options }))
  const latencyMs = await measureLatency(storage, path, options)
  const chunks: Uint8Array[] = []
  const read = await timed(async () => {
    for await (const chunk of storage.read(path, options)) chunks.push(chunk)
  })
  if (!isSame(content, chunks)) throw new StorageError('CORRUPT', `${path} on ${storage.name} came back with other bytes`, { path })
  return { type: 'speed', latencyMs, bytes: probeBytes, writeBytesPerSecond: rate(probeBytes, write), readBytesPerSecond: rate(probeBytes, read) }
}

/** Of a tree that cannot be written: reads the beginning of a file. */
export async function measureReading(
  storage: ReadableStorage,
  file: { readonly path: Path; readonly size: number } | undefined,
  options: AbortOptions,
): Promise<Speed> {
  const latencyMs = await measureLatency(storage, file?.path ?? '', options)
  if (file === undefined || file.size === 0) return { type: 'speed', latencyMs, bytes: 0 }
  let bytes = 0
  const read = await timed(async () => {
    for await (const chunk of storage.read(file.path, { length: probeBytes, ...options })) bytes += chunk.length
  })
  return { type: 'speed', latencyMs, bytes, readBytesPerSecond: rate(bytes, read) }
}

async function measureLatency(storage: ReadableStorage, path: Path, options: AbortOptions): Promise<number> {
  const times: number[] = []
  for (let i = 0; i < lookUps; i++) times.push(await timed(() => storage.stat(path, options)))
  return times.sort((a, b) => a - b)[lookUps >> 1] as number
}

/** Milliseconds. */
async function timed(work: () => Promise<unknown>): Promise<number> {
  const before = performance.now()
  await work()
  return performance.now() - before
}

function rate(bytes: number, ms: number): number {
  return Math.round((bytes / Math.max(ms, 0.001)) * 1000)
}

function randomBytes(size: number): Uint8Array {
  const bytes = new Uint8Array(size)
  // The most that one call gives.
  for (let at = 0; at < size; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536))
  return bytes
}

async function* chunksOf(content: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < content.length; at += chunkBytes) yield content.subarray(at, at + chunkBytes)
}

function isSame(content: Uint8Array, chunks: readonly Uint8Array[]): boolean {
  let at = 0
  for (const chunk of chunks) {
    for (const byte of chunk) if (byte !== content[at++]) return false
  }
  return at === content.length
}
