import { messageOf } from '@syncline/core'
import { SaxesParser } from 'saxes'
import { attributesOf, type Entries, type EntryAttributes, InvalidEntriesFileError } from './entries.ts'

/** Limits of {@link readEntries}. */
export interface ReadEntriesOptions {
  /** For messages: the path of the file; default `Entries.xml`. */
  readonly path?: string
  /** Bytes at most; default 256 MiB. */
  readonly maximumSize?: number
  /** Reads the old form, an XML pickle of a dictionary of dictionaries, whose document element is `pickle`. Absent: such a file is refused. */
  readonly unpickle?: (text: string) => unknown
}

/**
 * Reads an `Entries.xml`. Of two entries of one name the last one counts; unknown attributes are kept; nothing but the five entities of XML is expanded.
 *
 * @throws InvalidEntriesFileError with line and column for anything that is no list of entries
 */
export function readEntries(content: Uint8Array | string, options: ReadEntriesOptions = {}): Entries {
  const { path = 'Entries.xml', maximumSize = 256 * 1024 * 1024, unpickle } = options
  if (content.length > maximumSize) {
    throw new InvalidEntriesFileError(
      `${path} has ${content.length} bytes, more than the ${maximumSize} that are allowed; raise maximumSize to read it`,
    )
  }
  const text = typeof content === 'string' ? content : decode(content, path)
  const reader = new EntriesReader(path)
  reader.read(text)
  if (!reader.isPickle) return reader.entries
  if (unpickle === undefined)
    throw new InvalidEntriesFileError(`${path} has the old form of metadata, an XML pickle, and nothing is given to read it with`)
  return fromPickle(unpickle(text), path)
}

function decode(content: Uint8Array, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content)
  } catch (cause) {
    throw new InvalidEntriesFileError(`${path} is not UTF-8`, { cause })
  }
}

class EntriesReader {
  readonly entries = new Map<string, EntryAttributes>()
  isPickle = false
  readonly #path: string
  readonly #parser = new SaxesParser()
  #depth = 0

  constructor(path: string) {
    this.#path = path
  }

  read(text: string): void {
    const parser = this.#parser
    parser.on('error', error => this.#fail(error.message.replace(/^\d+:\d+: /, '')))
    parser.on('doctype', () => this.#fail('a document type is not allowed'))
    parser.on('xmldecl', ({ encoding = 'utf-8' }) => {
      if (encoding.toLowerCase() !== 'utf-8') this.#fail(`it declares the encoding ${encoding}; only utf-8 is read`)
    })
    parser.on('opentag', ({ name, attributes }) => this.#open(name, attributes))
    parser.on('closetag', () => this.#depth--)
    parser.on('text', data => this.#text(data))
    parser.on('cdata', data => this.#text(data))
    try {
      parser.write(text).close()
    } catch (error) {
      if (error instanceof InvalidEntriesFileError) throw error
      throw new InvalidEntriesFileError(`${this.#path}: ${messageOf(error)}`, { cause: error })
    }
  }

  #open(element: string, attributes: Readonly<Record<string, string>>): void {
    const depth = this.#depth++
    if (this.isPickle) return
    if (depth === 0) {
      if (element === 'pickle') this.isPickle = true
      else if (element !== 'entries') this.#fail(`the document element is <${element}>, not <entries>`)
      return
    }
    if (element === 'entries') this.#fail('<entries> must be the document element')
    if (element !== 'entry') this.#fail(`unknown element <${element}>`)
    if (depth > 1) this.#fail('illegal element nesting')
    const pairs = Object.entries(attributes)
    const name = pairs.find(([attribute]) => attribute === 'name')?.[1]
    if (name === undefined) this.#fail('an entry has no name')
    this.entries.set(name, attributesOf(pairs.filter(([attribute]) => attribute !== 'name')))
  }

  #text(data: string): void {
    if (!this.isPickle && data.trim() !== '') this.#fail(`arbitrary character data not supported: ${JSON.stringify(data.trim().slice(0, 40))}`)
  }

  #fail(problem: string): never {
    const { line, column } = this.#parser
    throw new InvalidEntriesFileError(`${this.#path}, line ${line}, column ${column}: ${problem}`)
  }
}

function fromPickle(value: unknown, path: string): Entries {
  const entries = new Map<string, EntryAttributes>()
  for (const [name, attributes] of pairsOf(value, path)) {
    const pairs: (readonly [string, string])[] = []
    for (const [attribute, text] of pairsOf(attributes, path)) {
      if (typeof text !== 'string') throw new InvalidEntriesFileError(`${path}: the attribute ${attribute} of ${JSON.stringify(name)} is no string`)
      pairs.push([attribute, text])
    }
    entries.set(name, attributesOf(pairs))
  }
  return entries
}

function pairsOf(value: unknown, path: string): readonly (readonly [string, unknown])[] {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  const pairs: readonly (readonly [unknown, unknown])[] | undefined =
    value instanceof Map ? [...(value as Map<unknown, unknown>)] : isObject ? Object.entries(value as object) : undefined
  if (pairs?.every((pair): pair is readonly [string, unknown] => typeof pair[0] === 'string') === true) return pairs
  throw new InvalidEntriesFileError(`${path}: the pickle is no dictionary of dictionaries of strings`)
}
