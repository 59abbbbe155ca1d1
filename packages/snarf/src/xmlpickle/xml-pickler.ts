import { PicklingError, UnpicklingError } from '../pickle/errors.ts'
import { defaultMaxBytes, defaultMaxDepth } from '../pickle/limits.ts'
import type { DumpOptions, LoadOptions, Pickler } from '../pickle/pickler.ts'
import { tooBig, verifyDump, withStack } from '../pickle/verify.ts'
import type { ClassRegistry } from '../registry/class-registry.ts'
import { buildNodes } from './build-nodes.ts'
import { decodeXml } from './decode.ts'
import { readDocument } from './read-document.ts'
import type { Compat } from './text.ts'
import { writeNodes } from './write-nodes.ts'

/** Of an XML pickler. */
export interface XMLPicklerOptions {
  /**
   * `fixed` (default): the bytes of zope.fssync 3.6.1 wherever it can read them again and nothing is missing in them, and readable bytes elsewhere.
   * `zope-3.6.1`: exactly its bytes, with its faults.
   */
  readonly compat?: Compat | undefined
}

/**
 * Reads and writes the XML pickle of zope.fssync.
 *
 * @example
 * const pickler = new XMLPickler(new ClassRegistry().defineClass('app.models.Page', Page))
 * const text = pickler.dump(new Page())
 * const page = pickler.load(text)
 */
export class XMLPickler implements Pickler {
  readonly name = 'xml'
  readonly extension = '.xml'
  readonly #registry: ClassRegistry
  readonly #compat: Compat

  constructor(registry: ClassRegistry, options: XMLPicklerOptions = {}) {
    this.#registry = registry
    this.#compat = options.compat ?? 'fixed'
  }

  dump(value: unknown, options: DumpOptions = {}): Uint8Array {
    const { persistentId, maxDepth = defaultMaxDepth, verify = false } = options
    const text = withStack(
      () => writeNodes(buildNodes(value, { registry: this.#registry, compat: this.#compat, persistentId, maxDepth }), this.#compat),
      message => new PicklingError(message, '$'),
    )
    if (verify) verifyDump(this, text, options)
    return text
  }

  load(text: Uint8Array | string, options: LoadOptions = {}): unknown {
    const { persistentLoad, into, preserve = false, maxDepth = defaultMaxDepth, maxBytes = defaultMaxBytes } = options
    if (text.length > maxBytes) throw tooBig(text.length, maxBytes)
    const document = typeof text === 'string' ? text : readDocument(text)
    return withStack(
      () => decodeXml(document, { registry: this.#registry, persistentLoad, into, preserve, maxDepth }),
      message => new UnpicklingError(message, { line: 1, column: 1 }),
    )
  }
}
