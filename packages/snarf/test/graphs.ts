import { ClassRegistry, PyByteArray, PyComplex, PyDate, PyDateTime, PyDecimal, PyFrozenSet, PyOrderedDict, PyTuple } from '../src/registry/index.ts'

export class Page {
  title: unknown
}
class Classic {}
class Persistent {}
class Folder extends Map<unknown, unknown> {
  note?: unknown
}
class Series extends Array<unknown> {
  unit?: unknown
}
/** Keeps what it holds out of sight: state and arguments are its own business. */
class Vault {
  #held: unknown
  constructor(held: unknown) {
    this.#held = held
  }
  static open(vault: Vault): unknown {
    return vault.#held
  }
  static fill(vault: Vault, held: unknown): void {
    vault.#held = held
  }
}
class Point {
  readonly x: number
  readonly y: number
  constructor(x: number, y: number) {
    this.x = x
    this.y = y
  }
}

/** A registry with classes of every kind. */
export function testRegistry(): ClassRegistry {
  return new ClassRegistry()
    .defineClass('app.models.Page', Page)
    .defineClass('app.models.Classic', Classic, { style: 'classic' })
    .defineClass('app.models.Persistent', Persistent, { style: 'persistent' })
    .defineClass('app.models.Folder', Folder)
    .defineClass('app.models.Series', Series)
    .defineClass('app.models.Vault', Vault, { create: () => new Vault(undefined), getState: Vault.open, setState: Vault.fill })
    .defineClass('app.models.Point', Point, {
      reduce: ({ x, y }) => ({ callable: 'app.models.Point', args: [x, y] }),
      construct: (x, y) => new Point(x as number, y as number),
    })
    .defineFunction('app.models.area', area)
}

function area(): number {
  return 0
}

const texts = [
  '',
  'a',
  '\\',
  '\n',
  'title',
  '$ref',
  '$$',
  '__proto__',
  'constructor',
  'a b',
  ' x ',
  ']]>',
  '<&>',
  '\r\n',
  '\t',
  'é',
  '\u{1f600}',
  '\ud800',
  '\0',
]
texts.push(
  '\u007f\u0085\u2028\ufeff',
  '\ufffe',
  'null',
  '1',
  '- a',
  'a: b',
  '# c',
  'two\nlines\n',
  '  indented\nlines',
  'x'.repeat(200),
  '&amp;',
  '~',
  '0x1f',
  'ab\n',
)
const numbers = [
  0,
  -0,
  1,
  -1,
  0.1,
  1e21,
  1e-7,
  2 ** 53,
  -(2 ** 53),
  2 ** 53 - 1,
  NaN,
  Infinity,
  -Infinity,
  Number.MAX_VALUE,
  Number.MIN_VALUE,
  123456789.125,
]
const bigints = [0n, -1n, 2n ** 64n, -(10n ** 400n)]

/** Builds a graph from numbers: the same numbers give the same graph, and fewer of them a smaller one. */
export function graphOf(tape: readonly number[], withPlainMaps: boolean): unknown {
  let at = 0
  const next = (below: number): number => (at < tape.length ? (tape[at++] as number) % below : 0)
  const pick = <T>(items: readonly T[]): T => items[next(items.length)] as T
  const made: object[] = []
  const keep = <T extends object>(object: T): T => {
    made.push(object)
    return object
  }
  const text = (): string => pick(texts) + (next(4) === 1 ? pick(texts) : '')
  const fill = (object: object, depth: number): void => {
    for (let i = next(4); i > 0; i--)
      Object.defineProperty(object, pick(['x', 'title', 'aa', '$id', '__proto__', 'é', 'b c']), {
        value: value(depth - 1),
        writable: true,
        enumerable: true,
        configurable: true,
      })
  }
  const scalar = (): unknown => {
    switch (next(9)) {
      case 0:
        return null
      case 1:
        return next(2) === 0
      case 2:
        return pick(numbers)
      case 3:
        return pick(bigints)
      case 4:
        return keep(Uint8Array.from({ length: next(90) }, () => next(256)))
      case 5:
        return keep(next(2) === 0 ? new Date(next(2 ** 31) * 1000 + next(1000)) : new PyDateTime(next(2 ** 31) * 1000, 1 + next(999)))
      case 6:
        return keep(
          pick([() => new PyDate(1 + next(9999), 1 + next(12), 1 + next(28)), () => new PyDecimal('-1.50E+3'), () => new PyComplex(next(5), -0.5)])(),
        )
      case 7:
        return pick<unknown>([Page, Folder, area])
      default:
        return text()
    }
  }
  const value = (depth: number): unknown => {
    if (made.length > 0 && next(5) === 1) return pick(made)
    if (depth <= 0 || at >= tape.length) return scalar()
    switch (next(16)) {
      case 0: {
        const list = keep([] as unknown[])
        for (let i = next(5); i > 0; i--) list.push(value(depth - 1))
        return list
      }
      case 1: {
        const items: unknown[] = []
        const tuple = new PyTuple([items, value(depth - 1)])
        keep(items)
        made.push(tuple)
        items.push(value(depth - 1))
        return tuple
      }
      case 2:
      case 3: {
        const object = keep(Object.create(null) as object)
        for (let i = next(5); i > 0; i--) (object as Record<string, unknown>)[text()] = value(depth - 1)
        return object
      }
      case 4: {
        const map = keep(new Map<unknown, unknown>())
        if (!withPlainMaps) map.set(next(9), value(depth - 1))
        for (let i = next(4); i > 0; i--)
          map.set(pick([() => text(), () => next(50) / 4, () => null, () => true, () => new PyTuple([next(9), text()])])(), value(depth - 1))
        return map
      }
      case 5: {
        const set = keep(new Set<unknown>())
        for (let i = next(5); i > 0; i--) set.add(pick([() => text(), () => next(100), () => null])())
        return set
      }
      case 6:
        return keep(new PyFrozenSet([next(9), text()]))
      case 7:
        return keep(new PyOrderedDict([[text(), scalarOnly()]]))
      case 8:
      case 9: {
        const page = keep(pick([() => new Page(), () => new Page(), () => new Classic(), () => new Persistent()])())
        fill(page, depth)
        return page
      }
      case 10: {
        const folder = keep(new Folder())
        // What lies in the base value cannot refer to the object: it does not exist yet.
        if (next(2) === 1) folder.set(text(), scalarOnly())
        fill(folder, depth)
        return folder
      }
      case 11: {
        const series = keep(new Series())
        series.push(scalarOnly())
        if (next(2) === 1) series.unit = value(depth - 1)
        return series
      }
      case 12: {
        const vault = keep(new Vault(null))
        Vault.fill(vault, value(depth - 1))
        return vault
      }
      case 13:
        return keep(new Point(next(9), next(9)))
      case 14:
        return keep(PyByteArray.from({ length: next(9) }, () => next(256)) as PyByteArray)
      default:
        return scalar()
    }
  }
  const scalarOnly = (): unknown => pick([() => text(), () => pick(numbers), () => null])()
  return value(6)
}

/** Where two graphs differ, in content, classes or what is shared; undefined if nowhere. `isLoose`: a Map of strings equals an object. */
export function differenceOf(a: unknown, b: unknown, isLoose: boolean): string | undefined {
  const seen = new Map<object, object>()
  const back = new Map<object, object>()
  const differ = (x: unknown, y: unknown, place: string): string | undefined => {
    if (typeof x !== 'object' || x === null || typeof y !== 'object' || y === null)
      return Object.is(x, y) ? undefined : `${place}: ${show(x)} and ${show(y)}`
    if (seen.has(x) || back.has(y)) return seen.get(x) === y && back.get(y) === x ? undefined : `${place}: shared differently`
    seen.set(x, y)
    back.set(y, x)
    if (prototypeOf(x, isLoose) !== prototypeOf(y, isLoose)) return `${place}: of different classes`
    if (x instanceof Vault) return differ(Vault.open(x), Vault.open(y as Vault), `${place}.held`)
    if (x instanceof Date && x.getTime() !== (y as Date).getTime()) return `${place}: ${show(x)} and ${show(y)}`
    const left = partsOf(x)
    const right = partsOf(y)
    if (left.length !== right.length) return `${place}: ${left.length} and ${right.length} parts`
    for (let i = 0; i < left.length; i++) {
      const found = differ(left[i], right[i], `${place}[${i}]`)
      if (found !== undefined) return found
    }
    return undefined
  }
  return differ(a, b, '$')
}

function prototypeOf(object: object, isLoose: boolean): unknown {
  const prototype: unknown = Object.getPrototypeOf(object)
  const isPlain = prototype === null || prototype === Object.prototype
  const isStrings = isLoose && prototype === Map.prototype && [...(object as Map<unknown, unknown>).keys()].every(key => typeof key === 'string')
  return isPlain || isStrings ? null : prototype
}

/** Everything an object holds, in an order that does not depend on how it was made. */
function partsOf(object: object): unknown[] {
  const own = Object.keys(object)
    .filter(key => (object as Record<string, unknown>)[key] !== undefined)
    .sort()
    .flatMap(key => [key, (object as Record<string, unknown>)[key]])
  if (object instanceof PyOrderedDict) return [...object].flat()
  if (object instanceof Map) return [...[...object].sort(byText).flat(), ...own]
  return object instanceof Set ? [...object].sort((x, y) => byText([x], [y])) : own
}

function byText(a: readonly unknown[], b: readonly unknown[]): number {
  const x = keyText(a[0])
  const y = keyText(b[0])
  return x < y ? -1 : x > y ? 1 : 0
}

function keyText(key: unknown): string {
  return Array.isArray(key) ? `tuple ${key.map(keyText).join()}` : `${typeof key} ${String(key)}`
}

function show(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value)
}
