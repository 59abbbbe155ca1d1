import { compareUtf8 } from '@syncline/core'
import type { ClassRegistry } from './class-registry.ts'
import { PyFloat, PyInt, PyString, PyTuple, PyUnicode } from './python-values.ts'

/**
 * Sorts as Python 2 does: nothing, then numbers by value, then everything else by the name of its type and then by content.
 *
 * `str` and `unicode` compare with each other by content. Together with a tuple, whose name lies between theirs, that is no order at all, and what
 * Python makes of it depends on its hash table; then they are sorted by type here. What has no order of its own, such as an object, keeps the order
 * it came in.
 *
 * @returns `values`, sorted in place
 */
export function sortPython<T>(values: T[], registry: ClassRegistry): T[] {
  const types = new Set(values.map(value => (rankOf(value) < 2 ? '' : typeName(value, registry))))
  const isCircular = types.has('str') && types.has('unicode') && [...types].some(name => name > 'str' && name < 'unicode')
  const order: Order = { registry, byType: isCircular }
  return values.sort((a, b) => compare(a, b, order))
}

interface Order {
  readonly registry: ClassRegistry
  readonly byType: boolean
}

function compare(a: unknown, b: unknown, order: Order): number {
  const rankA = rankOf(a)
  const rankB = rankOf(b)
  if (rankA !== rankB) return rankA - rankB
  if (rankA === 0) return 0
  if (rankA === 1) return compareNumbers(a, b)
  const typeA = typeName(a, order.registry)
  const typeB = typeName(b, order.registry)
  const textA = textOf(a)
  const textB = textOf(b)
  if (textA !== undefined && textB !== undefined && (typeA === typeB || !order.byType)) return compareUtf8(textA, textB)
  if (typeA !== typeB) return compareUtf8(typeA, typeB)
  if (a instanceof PyTuple && b instanceof PyTuple) return compareSequences(a, b, (x, y) => compare(x, y, order))
  if (a instanceof Uint8Array && b instanceof Uint8Array) return compareSequences(a, b, (x, y) => (x as number) - (y as number))
  return 0
}

function rankOf(value: unknown): number {
  if (value === null) return 0
  return isNumber(value) ? 1 : 2
}

function isNumber(value: unknown): value is number | bigint | boolean | PyFloat | PyInt {
  return typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean' || value instanceof PyFloat || value instanceof PyInt
}

/** JavaScript compares numbers and bigints by value. What is no number at all goes first, where Python leaves it to chance. */
function compareNumbers(a: unknown, b: unknown): number {
  const x = plainNumber(a)
  const y = plainNumber(b)
  if (Number.isNaN(x)) return Number.isNaN(y) ? 0 : -1
  if (Number.isNaN(y)) return 1
  return x < y ? -1 : x > y ? 1 : 0
}

function plainNumber(value: unknown): number | bigint {
  if (value instanceof PyFloat || value instanceof PyInt) return value.value
  return typeof value === 'bigint' ? value : Number(value)
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  return value instanceof PyUnicode || value instanceof PyString ? value.value : undefined
}

function typeName(value: unknown, registry: ClassRegistry): string {
  const name = registry.classNameOf(value)
  return name.slice(name.lastIndexOf('.') + 1)
}

function compareSequences(a: ArrayLike<unknown>, b: ArrayLike<unknown>, compare: (a: unknown, b: unknown) => number): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const order = compare(a[i], b[i])
    if (order !== 0) return order
  }
  return a.length - b.length
}
