import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { ClassRegistry, PyComplex, PyDate, PyFloat, PyInt, PyString, PyTuple, PyUnicode } from '../registry/index.ts'
import { XMLPickler } from './index.ts'

/** A value of Python as the fixture holds it. */
interface Input {
  readonly t?: string
  readonly ref?: number
  readonly n?: number
  readonly v?: string
  readonly latin1?: string
  readonly items?: readonly unknown[]
  readonly attrs?: readonly (readonly [Input, Input])[]
  readonly module?: string
  readonly name?: string
  readonly base?: Input
  readonly baseType?: string
}

interface Case {
  readonly title: string
  readonly input: Input
  readonly loads?: string
  readonly xmlpickler?: string
  readonly xmlpickler_error?: string
}

const cases = JSON.parse(readFileSync(new URL('../../test/fixtures/xmlpickle.json', import.meta.url), 'utf8')) as readonly Case[]

/** An object of a class that the test made up. */
interface Made {
  state?: unknown
  base?: unknown
}

/** Makes the values of one case, and registers the classes they need. */
class Maker {
  readonly registry = new ClassRegistry()
  readonly #known = new Map<number, unknown>()
  readonly #classes = new Map<string, new () => Made>()

  make(input: Input): unknown {
    if (input.ref !== undefined) return this.#known.get(input.ref)
    const { n, v = '' } = input
    switch (input.t) {
      case 'none':
        return null
      case 'bool':
        return input.v as unknown
      case 'int':
        return Number.isSafeInteger(Number(v)) ? Number(v) : new PyInt(BigInt(v))
      case 'long':
        return BigInt(v)
      case 'float':
        return new PyFloat(Number(v.replace('inf', 'Infinity')))
      case 'str':
        return this.#know(n, this.#str(input))
      case 'unicode':
        return this.#know(n, new PyUnicode(v))
      case 'tuple':
        return this.#know(n, new PyTuple((input.items as Input[]).map(item => this.make(item))))
      case 'list': {
        const list = this.#know(n, [] as unknown[])
        for (const item of input.items as Input[]) list.push(this.make(item))
        return list
      }
      case 'dict': {
        const map = this.#know(n, new Map<unknown, unknown>())
        for (const [key, value] of input.items as [Input, Input][]) map.set(this.make(key), this.make(value))
        return map
      }
      case 'global':
        return this.#global(`${input.module ?? ''}.${input.name ?? ''}`)
      default:
        return this.#instance(input)
    }
  }

  #know<T>(n: number | undefined, value: T): T {
    if (n !== undefined) this.#known.set(n, value)
    return value
  }

  #str({ v, latin1 }: Input): unknown {
    const text = v ?? latin1 ?? ''
    return /^[\t\n\r\x20-\x7e]*$/.test(text) ? new PyString(text) : Uint8Array.from(text, character => character.charCodeAt(0))
  }

  #global(name: string): unknown {
    if (name === '__builtin__.dict') return Map
    const named = (): void => undefined
    if (!name.includes('<')) this.registry.defineFunction(name, named)
    return named
  }

  #instance({ t, module, name, n, attrs = [], base, baseType }: Input): unknown {
    const dotted = `${module ?? ''}.${name ?? ''}`
    const type =
      this.#classes.get(dotted) ??
      class implements Made {
        state?: unknown
        base?: unknown
      }
    if (!this.#classes.has(dotted)) {
      this.#classes.set(dotted, type)
      this.registry.defineClass<Made>(dotted, type, {
        style: t === 'classic' ? 'classic' : 'new',
        getState: made => (made.state instanceof Map && made.state.size === 0 ? undefined : made.state),
        setState: (made, state) => void (made.state = state),
        ...(baseType === undefined
          ? {}
          : { base: { name: baseType, get: (made: Made) => made.base, create: (value: unknown) => Object.assign(new type(), { base: value }) } }),
      })
    }
    const made = this.#know(n, new type())
    if (base !== undefined) made.base = this.make(base)
    const state = new Map<unknown, unknown>()
    made.state = state
    for (const [key, value] of attrs) state.set(this.make(key), this.make(value))
    return made
  }
}

class TupState {}
class Reduced {}
class Deque {
  readonly items: readonly unknown[]
  constructor(items: readonly unknown[]) {
    this.items = items
  }
}
class Range {}

/** Values whose input says less than they hold. */
const special: Readonly<Record<string, (registry: ClassRegistry) => unknown>> = {
  complex: () => new PyComplex(1, 2),
  TupState(registry) {
    registry.defineClass('app.models.TupState', TupState, { getState: () => new PyTuple([1, 'two']), setState: () => undefined })
    return new TupState()
  },
  'custom reduce twice'(registry) {
    const args = new PyTuple([1, 2, 3])
    registry
      .defineFunction('app.models.mk', () => new Reduced())
      .defineClass('app.models.R', Reduced, { reduce: () => ({ callable: 'app.models.mk', args, state: { aa: 1 } }) })
    return [new Reduced(), new Reduced()]
  },
  set: () => new Set([2, 1]),
  datetime: () => new Date(Date.UTC(2020, 0, 2, 3, 4, 5)),
  'two dates': () => [new PyDate(2020, 1, 2), new PyDate(2020, 1, 3)],
  deque(registry) {
    registry.defineClass('collections.deque', Deque, {
      reduce: ({ items }) => ({ callable: 'collections.deque', args: [items] }),
      construct: items => new Deque(items as unknown[]),
    })
    return new Deque([1, 2])
  },
  xrange(registry) {
    registry.defineClass('__builtin__.xrange', Range, {
      reduce: () => ({ callable: '__builtin__.xrange', args: [0, 3, 1] }),
      construct: () => new Range(),
    })
    return new Range()
  },
}

/** Loaded by the original, but as something else. */
const incomplete: ReadonlySet<string> = new Set(['ident newline key'])

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

function make({ title, input }: Case): { readonly value: unknown; readonly registry: ClassRegistry } {
  const maker = new Maker()
  const value = Object.hasOwn(special, title) ? special[title]!(maker.registry) : maker.make(input)
  return { value, registry: maker.registry }
}

const written = cases.filter(({ xmlpickler }) => xmlpickler !== undefined)

describe(`${written.length} pickles of zope.fssync 3.6.1 on Python 2.7`, () => {
  test.each(written)('$title: the same bytes with compat zope-3.6.1', each => {
    const { value, registry } = make(each)
    expect(text(new XMLPickler(registry, { compat: 'zope-3.6.1' }).dump(value))).toBe(each.xmlpickler)
  })

  const loadable = written.filter(({ loads = '', title }) => (loads === 'ok' || loads.includes('int found')) && !incomplete.has(title))
  test.each(loadable)('$title: the same bytes by default, and after reading them', each => {
    const { value, registry } = make(each)
    const pickler = new XMLPickler(registry)
    expect(text(pickler.dump(value, { verify: true }))).toBe(each.xmlpickler)
    expect(text(pickler.dump(pickler.load(each.xmlpickler!, { preserve: true })))).toBe(each.xmlpickler)
  })

  test.each(written.filter(each => !loadable.includes(each)))('$title: what the original cannot read is written so that it can be', each => {
    const { value, registry } = make(each)
    const pickler = new XMLPickler(registry)
    const bytes = pickler.dump(value, { verify: true })
    expect(text(bytes)).not.toBe(each.xmlpickler)
    expect(text(pickler.dump(pickler.load(bytes, { preserve: true })))).toBe(text(bytes))
  })

  test.each(cases.filter(({ title }) => title === 'lambda'))('$title cannot be pickled', each => {
    const { value, registry } = make(each)
    expect(() => new XMLPickler(registry).dump(value)).toThrow('is not registered cannot be pickled; register it by name (at $)')
  })
})
