import { isStorageError, messageOf, StorageError, type Entry, type Path, type StorageErrorCode, type TransferItem } from '@syncline/core'
import type { Stats } from 'node:fs'
import {
  directory,
  formatOf,
  regularFile,
  symbolicLink,
  toDirectoryEntry,
  toFileEntry,
  toProblemEntry,
  toSymlinkEntry,
  type FileNumbers,
} from './entry.ts'
import type { ScanSink } from './scan.ts'
import type { ThreadOutcome } from './transfer-items.ts'

// What goes between threads. A structured clone of an object per entry costs more than the `lstat` that made it, so entries travel as columns:
// one array of numbers and one string of names per page. A name holds no "/" and a path no NUL, so these separate them.

const columns = 5

/** An error that can be sent. */
export interface PackedError {
  readonly code: StorageErrorCode
  readonly message: string
  readonly path: Path | undefined
  readonly retryable: boolean
}

export function packError(error: unknown): PackedError {
  if (!isStorageError(error)) return { code: 'UNKNOWN', message: messageOf(error), path: undefined, retryable: false }
  const { code, message, path, retryable } = error
  return { code, message, path, retryable }
}

export function unpackError({ code, message, path, retryable }: PackedError): StorageError {
  return new StorageError(code, message, { path, retryable })
}

/** Entries of one page. */
export interface PackedPage {
  /** Directories with their final "/", separated by NUL, and how many entries each has in a row. */
  readonly prefixes: string
  readonly counts: readonly number[]
  /** Separated by "/". */
  readonly names: string
  /** Inode, size, mtime, ctime, mode of each entry; all 0 for a problem. */
  readonly numbers: Float64Array
  readonly targets: readonly string[]
  readonly problems: readonly (readonly [reason: string, error: PackedError | undefined])[]
}

/** Collects a page as columns. */
export class ColumnSink implements ScanSink {
  readonly #names: string[] = []
  readonly #prefixes: string[] = []
  readonly #counts: number[] = []
  readonly #targets: string[] = []
  readonly #problems: [string, PackedError | undefined][] = []
  readonly #numbers: Float64Array

  /** @param limit - entries at most */
  constructor(limit: number) {
    this.#numbers = new Float64Array(limit * columns)
  }

  get count(): number {
    return this.#names.length
  }

  addFile(prefix: string, name: string, stats: Stats): void {
    this.#add(prefix, name, stats)
  }

  addDirectory(prefix: string, name: string, stats: Stats): void {
    this.#add(prefix, name, stats)
  }

  addSymlink(prefix: string, name: string, stats: Stats, target: string): void {
    this.#targets.push(target)
    this.#add(prefix, name, stats)
  }

  addProblem(prefix: string, name: string, reason: string, error?: StorageError): void {
    this.#problems.push([reason, error && packError(error)])
    this.#add(prefix, name, undefined)
  }

  pack(): PackedPage {
    return {
      prefixes: this.#prefixes.join('\0'),
      counts: this.#counts,
      names: this.#names.join('/'),
      numbers: this.#numbers,
      targets: this.#targets,
      problems: this.#problems,
    }
  }

  #add(prefix: string, name: string, stats: Stats | undefined): void {
    const last = this.#prefixes.length - 1
    if (last >= 0 && this.#prefixes[last] === prefix) (this.#counts[last] as number)++
    else {
      this.#prefixes.push(prefix)
      this.#counts.push(1)
    }
    if (stats !== undefined) putNumbers(this.#numbers, this.#names.length, stats)
    this.#names.push(name)
  }
}

/** The entries of a packed page. */
export function unpackPage(page: PackedPage): Entry[] {
  const entries: Entry[] = []
  if (page.counts.length === 0) return entries
  const names = page.names.split('/')
  const prefixes = page.prefixes.split('\0')
  let [target, problem] = [0, 0]
  for (let i = 0; i < prefixes.length; i++) {
    const prefix = prefixes[i] as string
    for (let left = page.counts[i] as number; left > 0; left--) {
      const index = entries.length
      const path = prefix + (names[index] as string)
      const numbers = numbersAt(page.numbers, index)
      switch (formatOf(numbers.mode)) {
        case regularFile:
          entries.push(toFileEntry(path, numbers))
          break
        case directory:
          entries.push(toDirectoryEntry(path, numbers))
          break
        case symbolicLink:
          entries.push(toSymlinkEntry(path, page.targets[target++] as string, numbers.mtimeMs))
          break
        default: {
          const [reason, error] = page.problems[problem++] as PackedPage['problems'][number]
          entries.push(toProblemEntry(path, reason, error && unpackError(error)))
        }
      }
    }
  }
  return entries
}

/** A batch for `transferFrom`. */
export interface PackedItems {
  /** Separated by NUL, as all texts here. */
  readonly from: string
  /** Empty if all are as in `from`. */
  readonly to: string
  /** Size, modified, mode of each item; NaN for what is not set. */
  readonly numbers: Float64Array
  readonly fromMatch: string
  readonly ifMatch: string
  /** 1: create only. */
  readonly create: Uint8Array
}

export function packItems(items: readonly TransferItem[]): PackedItems {
  const numbers = new Float64Array(items.length * 3)
  const create = new Uint8Array(items.length)
  items.forEach((item, index) => {
    numbers[index * 3] = item.size
    numbers[index * 3 + 1] = item.modified ?? Number.NaN
    numbers[index * 3 + 2] = item.mode ?? Number.NaN
    create[index] = item.ifNoneMatch === '*' ? 1 : 0
  })
  return {
    from: items.map(item => item.from).join('\0'),
    to: items.every(item => item.to === item.from) ? '' : items.map(item => item.to).join('\0'),
    numbers,
    fromMatch: items.map(item => item.fromMatch ?? '').join('\0'),
    ifMatch: items.map(item => item.ifMatch ?? '').join('\0'),
    create,
  }
}

export function unpackItems(packed: PackedItems): TransferItem[] {
  const from = packed.from.split('\0')
  const to = packed.to === '' ? from : packed.to.split('\0')
  const fromMatch = packed.fromMatch.split('\0')
  const ifMatch = packed.ifMatch.split('\0')
  const { numbers, create } = packed
  return from.map((path, index) => {
    const item: { -readonly [K in keyof TransferItem]: TransferItem[K] } = { from: path, to: to[index] as string, size: numbers[index * 3] as number }
    const modified = numbers[index * 3 + 1] as number
    const mode = numbers[index * 3 + 2] as number
    if (!Number.isNaN(modified)) item.modified = modified
    if (!Number.isNaN(mode)) item.mode = mode
    if (fromMatch[index] !== '') item.fromMatch = fromMatch[index] as string
    if (ifMatch[index] !== '') item.ifMatch = ifMatch[index] as string
    if (create[index] === 1) item.ifNoneMatch = '*'
    return item
  })
}

/** What became of a batch. */
export interface PackedOutcomes {
  /** As in {@link PackedPage}; all 0 for an error. */
  readonly numbers: Float64Array
  /** Separated by "/"; empty where none was computed. */
  readonly hashes: string
  /** In the order of the items that failed; `undefined` for one that was not begun. */
  readonly errors: readonly (PackedError | undefined)[]
}

export function packOutcomes(outcomes: readonly ThreadOutcome[]): PackedOutcomes {
  const numbers = new Float64Array(outcomes.length * columns)
  const hashes: string[] = []
  const errors: (PackedError | undefined)[] = []
  for (const [index, outcome] of outcomes.entries()) {
    if (outcome === undefined || 'error' in outcome) {
      hashes.push('')
      errors.push(outcome && packError(outcome.error))
    } else {
      putNumbers(numbers, index, outcome.copied.stats)
      hashes.push(outcome.copied.hash ?? '')
    }
  }
  return { numbers, hashes: hashes.join('/'), errors }
}

export function unpackOutcomes(packed: PackedOutcomes): ThreadOutcome[] {
  let failed = 0
  return packed.hashes.split('/').map((hash, index) => {
    const stats = numbersAt(packed.numbers, index)
    if (stats.mode !== 0) return { copied: { stats, hash: hash === '' ? undefined : hash } }
    const error = packed.errors[failed++]
    return error && { error: unpackError(error) }
  })
}

function putNumbers(numbers: Float64Array, index: number, stats: FileNumbers): void {
  const at = index * columns
  numbers[at] = stats.ino
  numbers[at + 1] = stats.size
  numbers[at + 2] = stats.mtimeMs
  numbers[at + 3] = stats.ctimeMs
  numbers[at + 4] = stats.mode
}

function numbersAt(numbers: Float64Array, index: number): FileNumbers {
  const at = index * columns
  return {
    ino: numbers[at] as number,
    size: numbers[at + 1] as number,
    mtimeMs: numbers[at + 2] as number,
    ctimeMs: numbers[at + 3] as number,
    mode: numbers[at + 4] as number,
  }
}
