import { collect, type Entry, isStorageError, type ListOptions, type Path, type ReadableStorage, type StorageErrorCode } from '@syncline/core'
import { type PromiseNumber, promises } from './promises.ts'

/** A broken promise: what the storage did, and what the protocol asks. */
export class ConformanceError extends Error {
  override readonly name = 'ConformanceError'
  readonly promise: PromiseNumber

  constructor(promise: PromiseNumber, observed: string, cause?: unknown) {
    super(`${observed}\n${promise} asks: ${promises[promise]}. See docs/protocol.md.`, cause === undefined ? undefined : { cause })
    this.promise = promise
  }
}

/** Fails the test unless `holds`. `observed` says what the storage did. */
export function must(promise: PromiseNumber, holds: boolean, observed: string | (() => string)): asserts holds {
  if (!holds) throw new ConformanceError(promise, typeof observed === 'string' ? observed : observed())
}

/** Fails the test unless the two have the same JSON. */
export function mustEqual(promise: PromiseNumber, what: string, actual: unknown, expected: unknown): void {
  if (show(actual) !== show(expected)) throw new ConformanceError(promise, `${what} is ${show(actual)}, expected ${show(expected)}`)
}

/** Runs `call`, which must reject with a `StorageError` of one of `codes`, with `path` if it is given. */
export async function mustReject(
  promise: PromiseNumber,
  what: string,
  call: () => Promise<unknown>,
  codes: readonly StorageErrorCode[],
  path?: Path,
): Promise<void> {
  let result: unknown
  try {
    result = await call()
  } catch (error) {
    must(promise, isStorageError(error), () => `${what} rejected with ${describeError(error)}, expected a StorageError with ${codes.join(' or ')}`)
    must(promise, codes.includes(error.code), () => `${what} rejected with ${describeError(error)}, expected the code ${codes.join(' or ')}`)
    if (path !== undefined) must('P5', error.path === path, () => `${what} rejected with the path ${show(error.path)}, expected ${show(path)}`)
    return
  }
  throw new ConformanceError(promise, `${what} resolved to ${show(result)}, expected a rejection with ${codes.join(' or ')}`)
}

/** Waits for `call`, but not for ever: a storage that hangs must fail its test, not stop the suite. */
export async function withPatience<T>(promise: PromiseNumber, what: string, patienceMs: number, call: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new ConformanceError(promise, `${what} did not settle within ${patienceMs} ms`)), patienceMs)
  })
  try {
    return await Promise.race([call, timeout])
  } finally {
    clearTimeout(timer)
  }
}

/** A listing as one array. */
export async function listAll(storage: ReadableStorage, path: Path = '', options?: ListOptions): Promise<readonly Entry[]> {
  const entries: Entry[] = []
  for await (const item of storage.list(path, options)) {
    if (Array.isArray(item)) for (const entry of item as readonly Entry[]) entries.push(entry)
    else entries.push(item as Entry)
  }
  return entries
}

/** The paths of all that is no directory, sorted by bytes. */
export async function leafPaths(storage: ReadableStorage): Promise<readonly string[]> {
  return (await listAll(storage))
    .filter(entry => entry.kind !== 'directory')
    .map(entry => entry.path)
    .sort(compareBytesOf)
}

export async function readText(storage: ReadableStorage, path: Path): Promise<string> {
  return new TextDecoder().decode(await collect(storage.read(path)))
}

/**
 * Key order, from the definition: the UTF-8 bytes, a directory with "/" at its end.
 *
 * Not core's comparison: a mistake there would hide the same mistake here.
 */
export function compareKeysByBytes(a: Entry, b: Entry): number {
  return compareBytesOf(a.kind === 'directory' ? `${a.path}/` : a.path, b.kind === 'directory' ? `${b.path}/` : b.path)
}

export function compareBytesOf(a: string, b: string): number {
  const x = utf8.encode(a)
  const y = utf8.encode(b)
  for (let i = 0; i < x.length && i < y.length; i++) if (x[i] !== y[i]) return (x[i] as number) - (y[i] as number)
  return x.length - y.length
}

const utf8 = new TextEncoder()

export function bytesOf(text: string): Uint8Array {
  return utf8.encode(text)
}

/** Bytes that differ at every place and from every other seed. */
export function pattern(size: number, seed = 1): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size)
  let state = seed * 2654435761
  for (let i = 0; i < size; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    bytes[i] = state >>> 24
  }
  return bytes
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** Content in chunks of a size; the last may be shorter. */
export async function* chunked(content: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < content.length; at += size) yield content.slice(at, at + size)
}

export function show(value: unknown): string {
  const text = JSON.stringify(value) as string | undefined
  return text === undefined ? String(value) : text.length > 500 ? `${text.slice(0, 500)}…` : text
}

export function describeError(error: unknown): string {
  if (isStorageError(error)) return `StorageError ${error.code} (${error.message})`
  return error instanceof Error ? `${error.name} (${error.message})` : show(error)
}
