import type { Ancestor } from '../ancestor.ts'
import { compareKeys, hasDirectoryKey } from '../path.ts'
import type { LazyPage } from '../merge-join.ts'
import type { Path, ReadableStorage } from '../protocol.ts'
import type { ScannedEntry } from '../scan.ts'
import { endOfSameLine } from './same-line.ts'
import { LineParser } from './tree-line.ts'
import { asDamage, damaged, decode, readBlocks, type ReadTreeOptions } from './tree-reader.ts'

export interface ReadTreeLinesOptions extends ReadTreeOptions {
  /** Told of damage before it is thrown: it may show while a page is used, and then this reader's user does not see it. */
  readonly onDamage?: ((error: unknown) => void) | undefined
}

/** Bytes decoded at a time where a line that is wanted can be decoded again by itself. */
const wideGroup = 16 * 1024
/** Where it cannot: strings cut from a text keep all of it in memory. */
const narrowGroup = 1024
const newline = 0x0a

/**
 * Reads a tree file in key order, in pages of lines that become entries only where somebody asks for them.
 *
 * @throws StorageError as `readTree`, also from the methods of the pages
 */
export async function* readTreeLines(
  storage: ReadableStorage,
  file: Path,
  options: ReadTreeLinesOptions = {},
): AsyncGenerator<LinePage, void, undefined> {
  const reading = new Reading(storage, file, options)
  const blocks = readBlocks(storage, file, options)
  try {
    for (;;) {
      const { done, value } = await blocks.next()
      if (done === true) {
        if (value.entries !== reading.count) throw damaged(storage, file, `it says it has ${value.entries} entries and has ${reading.count}`)
        return
      }
      const page = new LinePage(value, reading)
      if (!page.done) yield page
    }
  } catch (error) {
    throw reading.failure(error)
  } finally {
    await blocks.return(undefined as never)
  }
}

/** What the pages of one file have in common. */
class Reading {
  readonly parser: LineParser = new LineParser()
  readonly decoder: InstanceType<typeof TextDecoder> = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  /** Lines taken so far. */
  count = 0
  /** The key of the last one. */
  path: Path = ''
  directory = false
  readonly #storage: ReadableStorage
  readonly #file: Path
  readonly #onDamage: ((error: unknown) => void) | undefined

  constructor(storage: ReadableStorage, file: Path, options: ReadTreeLinesOptions) {
    this.#storage = storage
    this.#file = file
    this.#onDamage = options.onDamage
  }

  /** @throws StorageError `CORRUPT` if the entry does not come after the last line */
  checkOrder(entry: Ancestor): void {
    if (this.count === 0 || compareKeys(this.path, this.directory, entry.path, entry.kind === 'directory') < 0) return
    throw damaged(this.#storage, this.#file, `${JSON.stringify(entry.path)} is out of order`)
  }

  failure(error: unknown): unknown {
    const failure = asDamage(this.#storage, this.#file, error)
    this.#onDamage?.(failure)
    return failure
  }
}

/** Some lines of a tree file. Nearly all say what a listing says, and then they are only looked at. */
export class LinePage implements LazyPage<ScannedEntry | Ancestor> {
  readonly #bytes: Uint8Array
  readonly #reading: Reading
  /** Where the decoded text begins and ends in the bytes. */
  #from = 0
  #to = 0
  #text = ''
  #at = 0
  /** Whether each byte is one character. */
  #isPlain = true
  /** Whether every quote is the end or the beginning of a string. */
  #isLiteral = true
  /** As it was before the last `takeIfSame`. */
  #beforeAt = -1
  #beforePath: Path = ''
  #beforeDirectory = false

  /** @param bytes - whole lines */
  constructor(bytes: Uint8Array, reading: Reading) {
    this.#bytes = bytes
    this.#reading = reading
  }

  get done(): boolean {
    return this.#at === this.#text.length && this.#to === this.#bytes.length
  }

  /** Steps over the next line if it says what the entry says, as far as it matters for an entry that has not changed. */
  takeIfSame(entry: ScannedEntry | Ancestor): boolean {
    this.#decode()
    const end = this.#isLiteral ? endOfSameLine(this.#text, this.#at, entry) : -1
    if (end === -1) return false
    const reading = this.#reading
    this.#beforeAt = this.#at
    this.#beforePath = reading.path
    this.#beforeDirectory = reading.directory
    this.#at = end
    reading.path = entry.path
    reading.directory = entry.kind === 'directory'
    reading.count++
    return true
  }

  /** Takes back what `takeIfSame` did. */
  putBack(): void {
    if (this.#beforeAt === -1) throw new TypeError('no line was taken')
    this.#at = this.#beforeAt
    this.#reading.path = this.#beforePath
    this.#reading.directory = this.#beforeDirectory
    this.#reading.count--
    this.#beforeAt = -1
  }

  /** The next line as an entry. There is one. */
  next(): Ancestor {
    const reading = this.#reading
    try {
      this.#decode()
      const entry = this.#isPlain ? this.#ownLine() : this.#sharedLine()
      reading.checkOrder(entry)
      reading.path = entry.path
      reading.directory = hasDirectoryKey(entry)
      reading.count++
      return entry
    } catch (error) {
      throw reading.failure(error)
    }
  }

  #ownLine(): Ancestor {
    const { parser, decoder } = this.#reading
    const from = this.#from + this.#at
    const to = this.#bytes.indexOf(newline, from) + 1
    this.#at += to - from
    return parser.reset(decode(decoder, this.#bytes.subarray(from, to))).line()
  }

  #sharedLine(): Ancestor {
    const { parser } = this.#reading
    const entry = parser.reset(this.#text, this.#at).line()
    this.#at = parser.at
    return entry
  }

  /** Makes sure that there is text if there are bytes left. */
  #decode(): void {
    if (this.#at < this.#text.length || this.#to === this.#bytes.length) return
    this.#from = this.#to
    this.#decodeGroup(wideGroup)
    this.#isPlain = this.#text.length === this.#to - this.#from
    if (!this.#isPlain) this.#decodeGroup(narrowGroup)
    this.#isLiteral = !this.#text.includes('\\')
  }

  #decodeGroup(length: number): void {
    const bytes = this.#bytes
    this.#to = bytes.indexOf(newline, Math.min(this.#from + length, bytes.length - 1)) + 1
    this.#text = decode(this.#reading.decoder, bytes.subarray(this.#from, this.#to))
    this.#at = 0
  }
}
