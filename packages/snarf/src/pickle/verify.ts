import { PicklingError, UnpicklingError } from './errors.ts'
import type { DumpOptions, Pickler } from './pickler.ts'

/** Stands for an object elsewhere while a pickle is checked. */
class Elsewhere {
  readonly id: string

  constructor(id: string) {
    this.id = id
  }
}

/**
 * Reads a pickle and writes it again.
 *
 * @throws PicklingError if that fails or gives other bytes: then a class keeps less than it needs, or reads other than it writes
 */
export function verifyDump(pickler: Pickler, text: Uint8Array, options: DumpOptions): void {
  const { maxDepth } = options
  let again: Uint8Array
  try {
    const value = pickler.load(text, { preserve: true, maxDepth, maxBytes: Infinity, persistentLoad: id => new Elsewhere(id) })
    again = pickler.dump(value, { maxDepth, persistentId: object => (object instanceof Elsewhere ? object.id : undefined) })
  } catch (cause) {
    throw new PicklingError(`the pickle cannot be read back: ${cause instanceof Error ? cause.message : String(cause)}`, '$', { cause })
  }
  const at = firstDifference(text, again)
  if (at < 0) return
  const line = text.subarray(0, at).reduce((lines, byte) => (byte === 10 ? lines + 1 : lines), 1)
  const message = `the pickle differs after reading it and writing it again, from line ${line} on: ${JSON.stringify(lineAt(text, at))} became ${JSON.stringify(lineAt(again, at))}`
  throw new PicklingError(message, '$')
}

function firstDifference(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return i
  return a.length === b.length ? -1 : length
}

function lineAt(text: Uint8Array, offset: number): string {
  const start = text.lastIndexOf(10, Math.max(offset - 1, 0)) + 1
  const end = text.indexOf(10, offset)
  return new TextDecoder().decode(text.subarray(Math.min(start, offset), Math.min(end < 0 ? text.length : end, start + 100))).trim()
}

/** The error of a text that is longer than allowed. */
export function tooBig(length: number, maxBytes: number): UnpicklingError {
  return new UnpicklingError(`the pickle has ${length} bytes, more than the ${maxBytes} allowed; allow more with maxBytes`, { line: 1, column: 1 })
}

/** Runs what calls itself for each level of a value, and names the way out if the stack ends first. */
export function withStack<T>(work: () => T, toError: (message: string) => Error): T {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof RangeError) || !/call stack/i.test(error.message)) throw error
    throw toError('values are nested deeper than this process can follow; use a smaller maxDepth, or keep the parts as objects of their own')
  }
}
