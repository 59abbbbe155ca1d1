import { isAlias, isMap, isScalar, isSeq, parseDocument, visit, type Document, type Node, type Pair, type YAMLMap, type YAMLSeq } from 'yaml'
import { diff3 } from './diff3.ts'

/** Formats that are merged by keys. */
export type StructuredFormat = 'json' | 'yaml'

/** How a merge by keys ended; `undefined` where the format cannot be merged by keys, e.g. because a text is damaged or uses aliases. */
export type StructuredMerge = { readonly text: string; readonly canonical: string } | 'conflict' | undefined

/**
 * Merges maps by their keys, lists by their items, and everything else as a whole.
 *
 * The result is the local text with what the other side changed in it, written anew; numbers keep their digits.
 */
export function mergeStructured(format: StructuredFormat, local: string, original: string, remote: string): StructuredMerge {
  const [mine, base, theirs] = [parse(format, local), original === '' ? null : parse(format, original), parse(format, remote)]
  if (mine === undefined || base === undefined || theirs === undefined) return undefined
  const merged = mergeNodes(rootOf(mine), rootOf(base), rootOf(theirs))
  if (merged === conflict) return 'conflict'
  mine.contents = merged as typeof mine.contents
  const text = format === 'json' ? formatJson(merged, local) : mine.toString({ lineWidth: 0 })
  const canonical = canonicalOf(merged)
  // What does not come back as it was meant is not written.
  return canonicalText(format, text) === canonical ? { text, canonical } : undefined
}

/** Stands for everything a text says, whatever its layout; `undefined` for what cannot be merged by keys. */
export function canonicalText(format: StructuredFormat, text: string): string | undefined {
  const document = parse(format, text)
  return document === undefined ? undefined : canonicalOf(rootOf(document))
}

/** `null` for an absent value. */
type Value = Node | null
const conflict = Symbol('conflict')

function parse(format: StructuredFormat, text: string): Document | undefined {
  if (format === 'json' && !isJson(text)) return undefined
  const document = parseDocument(text, { keepSourceTokens: true, uniqueKeys: true, logLevel: 'silent', intAsBigInt: true, merge: false })
  if (document.errors.length > 0 || document.warnings.length > 0) return undefined
  let isPlain = true
  visit(document, {
    Alias: () => void (isPlain = false),
    Node: (_key, node) => void (isPlain &&= (node as { anchor?: string }).anchor === undefined),
    Pair: (_key, pair) => void (isPlain &&= isScalar(pair.key)),
  })
  return isPlain ? document : undefined
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function rootOf(document: Document | null): Value {
  return document?.contents ?? null
}

function mergeNodes(local: Value, original: Value, remote: Value): Value | typeof conflict {
  const [l, o, r] = [canonicalOf(local), canonicalOf(original), canonicalOf(remote)]
  if (l === r || r === o) return local
  if (l === o) return remote
  const isBase = original === null
  if (isMap(local) && isMap(remote) && (isBase || isMap(original)) && local.tag === remote.tag)
    return mergeMaps(local, original as YAMLMap | null, remote)
  if (isSeq(local) && isSeq(remote) && isSeq(original) && local.tag === remote.tag) return mergeLists(local, original, remote)
  return conflict
}

function mergeMaps(local: YAMLMap, original: YAMLMap | null, remote: YAMLMap): Value | typeof conflict {
  const [mine, base, theirs] = [pairsOf(local), pairsOf(original), pairsOf(remote)]
  const isSorted = [...mine.keys()].every((key, i, keys) => i === 0 || (keys[i - 1] as string) < key)
  for (const key of new Set([...mine.keys(), ...theirs.keys()])) {
    const merged = mergeNodes(valueOf(mine.get(key)), valueOf(base.get(key)), valueOf(theirs.get(key)))
    if (merged === conflict) return conflict
    const pair = mine.get(key)
    if (pair === undefined) {
      if (merged === null) continue
      const added = theirs.get(key) as Pair
      const at = isSorted ? local.items.findIndex(item => keyOf(item) > key) : -1
      local.items.splice(at === -1 ? local.items.length : at, 0, added)
    } else if (merged === null) local.items.splice(local.items.indexOf(pair), 1)
    else pair.value = merged
  }
  return local
}

function mergeLists(local: YAMLSeq, original: YAMLSeq, remote: YAMLSeq): Value | typeof conflict {
  const nodes = new Map<string, unknown>()
  const texts = ({ items }: YAMLSeq): string[] =>
    items.map(item => {
      const text = canonicalOf(item as Value)
      nodes.set(text, item)
      return text
    })
  const [b, o, a] = [texts(remote), texts(original), texts(local)]
  const items: unknown[] = []
  for (const region of diff3(a, o, b) ?? [{ local: a, remote: b }]) {
    if (!('merged' in region)) return conflict
    for (const text of region.merged) items.push(nodes.get(text))
  }
  local.items = items
  return local
}

function pairsOf(map: YAMLMap | null): Map<string, Pair> {
  return new Map((map?.items ?? []).map(pair => [keyOf(pair), pair]))
}

function keyOf({ key }: Pair): string {
  return canonicalOf(key as Value)
}

/** A value that is written as nothing is a value still. */
function valueOf(pair: Pair | undefined): Value {
  return (pair?.value as Value | undefined) ?? null
}

function canonicalOf(value: Value): string {
  if (value === null) return ''
  const tag = (value as { tag?: string }).tag ?? ''
  if (isMap(value))
    return `${tag}{${[...pairsOf(value)]
      .map(([key, pair]) => `${key}:${canonicalOf(valueOf(pair))}`)
      .sort()
      .join(',')}}`
  if (isSeq(value)) return `${tag}[${value.items.map(item => canonicalOf(item as Value)).join(',')}]`
  if (isAlias(value) || !isScalar(value)) return tag
  // By its digits: 1.0 and 1 are two numbers in many a language.
  return typeof value.value === 'string' ? `${tag}${JSON.stringify(value.value)}` : `${tag}(${value.source ?? String(value.value)})`
}

/** JSON with the indent of another text. */
function formatJson(value: Value, like: string): string {
  const indent = /^\s*[[{]\r?\n([ \t]+)/.exec(like)?.[1]
  const isSpaced = like.includes('": ') || like.includes(', ')
  const end = /\n$/.test(like) ? '\n' : ''
  return `${format(value, '')}${end}`

  function format(node: unknown, margin: string): string {
    const inner = margin + (indent ?? '')
    if (isMap(node))
      return wrap(
        '{',
        node.items.map(pair => `${format(pair.key, inner)}:${indent !== undefined || isSpaced ? ' ' : ''}${format(pair.value, inner)}`),
        '}',
        margin,
      )
    if (isSeq(node))
      return wrap(
        '[',
        node.items.map(item => format(item, inner)),
        ']',
        margin,
      )
    if (!isScalar(node)) return 'null'
    return typeof node.value === 'string' ? JSON.stringify(node.value) : (node.source ?? String(node.value))
  }

  function wrap(open: string, items: readonly string[], close: string, margin: string): string {
    if (items.length === 0) return open + close
    if (indent === undefined) return `${open}${items.join(isSpaced ? ', ' : ',')}${close}`
    return `${open}\n${items.map(item => `${margin}${indent}${item}`).join(',\n')}\n${margin}${close}`
  }
}
