import { Document, isAlias, isMap, isScalar, isSeq, type Node, Pair, parseDocument, Scalar, YAMLMap, YAMLSeq } from 'yaml'
import type { ClassRegistry } from '../registry/class-registry.ts'
import { readDocument } from '../xmlpickle/read-document.ts'
import { PicklingError, UnpicklingError } from './errors.ts'
import { defaultMaxYamlBytes, defaultMaxYamlDepth, syntaxDepth } from './limits.ts'
import type { DumpOptions, LoadOptions, Pickler } from './pickler.ts'
import { positionOf } from './position.ts'
import { type Tagged, TaggedList, tagValue } from './tagged.ts'
import { type Syntax, untag } from './untag.ts'
import { tooBig, verifyDump, withStack } from './verify.ts'

/**
 * Reads and writes YAML 1.2: what {@link JSONPickler} writes, with text of several lines as such.
 *
 * Anchors, aliases and YAML's own tags are refused; references are `$ref`, as in JSON.
 */
export class YAMLPickler implements Pickler {
  readonly name = 'yaml'
  readonly extension = '.yaml'
  readonly #registry: ClassRegistry

  constructor(registry: ClassRegistry) {
    this.#registry = registry
  }

  dump(value: unknown, options: DumpOptions = {}): Uint8Array {
    const { persistentId, maxDepth = defaultMaxYamlDepth, verify = false } = options
    const text = withStack(
      () => {
        const document = new Document(null, { schema: 'core', version: '1.2' })
        document.contents = toNode(tagValue(value, { registry: this.#registry, persistentId, maxDepth })) as never
        return document.toString({ lineWidth: 0, minContentWidth: 0, indentSeq: true, doubleQuotedAsJSON: true })
      },
      message => new PicklingError(message, '$'),
    )
    const bytes = new TextEncoder().encode(text)
    if (verify) verifyDump(this, bytes, options)
    return bytes
  }

  load(text: Uint8Array | string, options: LoadOptions = {}): unknown {
    const { persistentLoad, into, preserve = false, maxDepth = defaultMaxYamlDepth, maxBytes = defaultMaxYamlBytes } = options
    if (text.length > maxBytes) throw tooBig(text.length, maxBytes)
    const document = typeof text === 'string' ? text : readDocument(text)
    return withStack(
      () => untag(parseYaml(document, syntaxDepth(maxDepth)), document, { registry: this.#registry, persistentLoad, into, preserve, maxDepth }),
      message => new UnpicklingError(message, { line: 1, column: 1 }),
    )
  }
}

/** Text that goes into YAML as it is; other text is quoted with escapes. */
const readable = /^(?![\n ])[\n\x20-\x7e\u00a1-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\u{10000}-\u{10ffff}]*$/u

function toNode(tagged: Tagged): Node {
  if (tagged === null || typeof tagged !== 'object') return toScalar(tagged)
  if (tagged instanceof TaggedList) {
    const list = new YAMLSeq()
    for (const item of tagged.items) list.items.push(toNode(item))
    if (tagged.tag === '$list' && tagged.id === undefined) return list
    const map = new YAMLMap()
    if (tagged.id !== undefined) map.items.push(new Pair(toScalar('$id'), toScalar(tagged.id)))
    map.items.push(new Pair(toScalar(tagged.tag), list))
    return map
  }
  const map = new YAMLMap()
  for (const [name, item] of tagged.written()) map.items.push(new Pair(toScalar(name), toNode(item)))
  return map
}

function toScalar(value: null | boolean | number | string): Scalar {
  const scalar = new Scalar(value)
  if (typeof value === 'string' && !readable.test(value)) scalar.type = Scalar.QUOTE_DOUBLE
  if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) scalar.format = 'EXP'
  return scalar
}

/** YAML with the place of each value. @throws UnpicklingError naming line and column */
function parseYaml(text: string, maxDepth: number): Syntax {
  const document = parseDocument(text, {
    schema: 'core',
    version: '1.2',
    intAsBigInt: true,
    uniqueKeys: true,
    prettyErrors: false,
    logLevel: 'error',
  })
  const [problem] = [...document.errors, ...document.warnings]
  if (problem !== undefined && /call stack/i.test(problem.message)) throw new RangeError(problem.message)
  if (problem !== undefined) throw new UnpicklingError(`this is no YAML: ${problem.message}`, positionOf(text, Math.min(problem.pos[0], text.length)))
  return toSyntax(document.contents, text, maxDepth)
}

function toSyntax(node: unknown, text: string, depth: number): Syntax {
  const offset = (node as Node | null)?.range?.[0] ?? 0
  const fail = (message: string): UnpicklingError => new UnpicklingError(message, positionOf(text, offset))
  if (node === null) return { type: 'scalar', value: null, offset }
  if (isAlias(node) || (node as { anchor?: string }).anchor !== undefined)
    throw fail('anchors and aliases are not read; shared values are $id and $ref')
  if ((node as Node).tag !== undefined) throw fail(`the tag ${String((node as Node).tag).slice(0, 60)} is not read; classes are $class`)
  if (depth <= 0) throw fail('values are nested too deep; allow more with maxDepth')
  if (isScalar(node)) return { type: 'scalar', value: toPlain(node.value, fail), offset }
  if (isSeq(node)) return { type: 'list', items: node.items.map(item => toSyntax(item, text, depth - 1)), offset }
  if (!isMap(node)) throw fail('this is neither a scalar nor a list nor a mapping')
  const entries = new Map<string, Syntax>()
  for (const { key, value } of node.items) {
    const name = toSyntax(key, text, depth - 1)
    if (name.type !== 'scalar' || typeof name.value !== 'string') throw fail('a name of a mapping is no string; quote it, or use $map')
    if (entries.has(name.value)) throw fail(`the name ${JSON.stringify(name.value.slice(0, 60))} is there twice`)
    entries.set(name.value, toSyntax(value, text, depth - 1))
  }
  return { type: 'map', entries, offset }
}

function toPlain(value: unknown, fail: (message: string) => UnpicklingError): null | boolean | number | string {
  if (typeof value === 'bigint') {
    const number = Number(value)
    if (Number.isSafeInteger(number)) return number
    throw fail(`a number cannot hold the integer ${String(value).slice(0, 60)}; write $bigint: "…"`)
  }
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value
  if (typeof value === 'number' && Number.isFinite(value)) return value
  throw fail('this value has no counterpart here; numbers that are not finite are $float: "nan" or "inf"')
}
