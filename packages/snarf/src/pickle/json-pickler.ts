import type { ClassRegistry } from '../registry/class-registry.ts'
import { readDocument } from '../xmlpickle/read-document.ts'
import { PicklingError, UnpicklingError } from './errors.ts'
import { defaultMaxBytes, defaultMaxDepth, syntaxDepth } from './limits.ts'
import { parseJson } from './parse-json.ts'
import type { DumpOptions, LoadOptions, Pickler } from './pickler.ts'
import { type Tagged, TaggedList, type TaggedMap, tagValue } from './tagged.ts'
import { untag } from './untag.ts'
import { tooBig, verifyDump, withStack } from './verify.ts'

/**
 * Reads and writes JSON that people can read and compare: names sorted, one value a line, what JSON has no type for under names such as `$class`,
 * `$ref` and `$bytes`.
 *
 * @example
 * new JSONPickler(new ClassRegistry().defineClass('app.models.Page', Page)).dump(new Page())
 */
export class JSONPickler implements Pickler {
  readonly name = 'json'
  readonly extension = '.json'
  readonly #registry: ClassRegistry

  constructor(registry: ClassRegistry) {
    this.#registry = registry
  }

  dump(value: unknown, options: DumpOptions = {}): Uint8Array {
    const { persistentId, maxDepth = defaultMaxDepth, verify = false } = options
    const text = withStack(
      () => {
        const writer = new JsonWriter()
        writer.write(tagValue(value, { registry: this.#registry, persistentId, maxDepth }), '')
        return `${writer.text}\n`
      },
      message => new PicklingError(message, '$'),
    )
    const bytes = new TextEncoder().encode(text)
    if (verify) verifyDump(this, bytes, options)
    return bytes
  }

  load(text: Uint8Array | string, options: LoadOptions = {}): unknown {
    const { persistentLoad, into, preserve = false, maxDepth = defaultMaxDepth, maxBytes = defaultMaxBytes } = options
    if (text.length > maxBytes) throw tooBig(text.length, maxBytes)
    const document = typeof text === 'string' ? text : readDocument(text)
    return withStack(
      () => untag(parseJson(document, syntaxDepth(maxDepth)), document, { registry: this.#registry, persistentLoad, into, preserve, maxDepth }),
      message => new UnpicklingError(message, { line: 1, column: 1 }),
    )
  }
}

/** Appends to one text: joining the parts of each level would copy the innermost once for every level around it. */
class JsonWriter {
  text = ''

  write(tagged: Tagged, indent: string): void {
    if (typeof tagged === 'number') this.text += numberText(tagged)
    else if (tagged === null || typeof tagged !== 'object') this.text += JSON.stringify(tagged)
    else if (tagged instanceof TaggedList) this.#list(tagged, indent)
    else this.#map(tagged, indent)
  }

  #list({ id, tag, items }: TaggedList, indent: string): void {
    if (tag === '$list' && id === undefined) return this.#items(items, indent)
    const inner = `${indent}  `
    this.text += '{\n'
    if (id !== undefined) this.text += `${inner}"$id": ${id},\n`
    this.text += `${inner}${JSON.stringify(tag)}: `
    this.#items(items, inner)
    this.text += `\n${indent}}`
  }

  #items(items: readonly Tagged[], indent: string): void {
    if (items.length === 0) {
      this.text += '[]'
      return
    }
    const inner = `${indent}  `
    for (let i = 0; i < items.length; i++) {
      this.text += `${i === 0 ? '[' : ','}\n${inner}`
      this.write(items[i] as Tagged, inner)
    }
    this.text += `\n${indent}]`
  }

  #map(map: TaggedMap, indent: string): void {
    const entries = [...map.written()]
    const [first] = entries
    if (first === undefined) {
      this.text += '{}'
      return
    }
    if (entries.length === 1 && first[0].startsWith('$') && typeof first[1] !== 'object') {
      this.text += `{ ${JSON.stringify(first[0])}: ${JSON.stringify(first[1])} }`
      return
    }
    const inner = `${indent}  `
    let separator = '{'
    for (const [name, item] of entries) {
      this.text += `${separator}\n${inner}${JSON.stringify(name)}: `
      this.write(item, inner)
      separator = ','
    }
    this.text += `\n${indent}}`
  }
}

/** Integers that a reader might take for exact are written with an exponent. */
function numberText(value: number): string {
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? value.toExponential() : String(value)
}
