import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { JSONPickler, type Pickler, YAMLPickler } from '../src/pickle/index.ts'
import { XMLPickler } from '../src/xmlpickle/index.ts'
import { differenceOf, graphOf, Page, testRegistry } from './graphs.ts'

const registry = testRegistry()
const tapes = fc.array(fc.nat(1 << 20), { maxLength: 120 })
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

describe.each<{ name: string; pickler: Pickler; runs: number; isLoose: boolean; depth: number }>([
  { name: 'XML', pickler: new XMLPickler(registry), runs: 3000, isLoose: true, depth: 1000 },
  { name: 'JSON', pickler: new JSONPickler(registry), runs: 3000, isLoose: false, depth: 1000 },
  { name: 'YAML', pickler: new YAMLPickler(registry), runs: 500, isLoose: false, depth: 200 },
])('$name', ({ pickler, runs, isLoose, depth }) => {
  test('random graphs come back with their content, classes and sharing, and are written the same again', () => {
    fc.assert(
      fc.property(tapes, tape => {
        const graph = graphOf(tape, true)
        const written = pickler.dump(graph, { verify: true })
        const read = pickler.load(written)
        const difference = differenceOf(graph, read, isLoose)
        if (difference !== undefined) throw new Error(`${difference}\n${text(written)}`)
        // Integral floats and printable unicode become numbers and strings, which may be written as other types once.
        const again = pickler.dump(read)
        expect(differenceOf(graph, pickler.load(again), isLoose)).toBeUndefined()
        expect(text(pickler.dump(pickler.load(again)))).toBe(text(again))
      }),
      { numRuns: runs },
    )
  }, 120_000)

  test('equal graphs are written the same, in whatever order they were made', () => {
    expect(text(pickler.dump({ b: 1, a: { d: 2, c: 3 } }))).toBe(text(pickler.dump({ a: { c: 3, d: 2 }, b: 1 })))
    expect(text(pickler.dump(new Set(['b', 1, 'a'])))).toBe(text(pickler.dump(new Set([1, 'a', 'b']))))
  })

  test('whatever can be written at the greatest depth can be read', () => {
    const wrap: readonly ((inner: unknown) => unknown)[] = [
      inner => [inner],
      inner => ({ inner }),
      inner => new Map([[1, inner]]),
      inner => Object.assign(new Page(), { title: inner }),
    ]
    for (const step of wrap) {
      let value: unknown = null
      for (let i = 0; i < depth; i++) value = step(value)
      expect(pickler.load(pickler.dump(value))).toBeDefined()
      expect(() => pickler.dump([value])).toThrow(`values are nested more than ${depth} deep`)
      expect(() => pickler.load(pickler.dump([value], { maxDepth: depth + 1 }))).toThrow(/nested (?:more than \d+|too) deep/)
    }
  }, 120_000)

  test('objects elsewhere are references', () => {
    const home = Object.assign(new Page(), { title: 'home' })
    const value = [home, { home, other: [home] }]
    const persistentId = (object: object): string | undefined => (object === home ? 'pages/höme\n1' : undefined)
    const written = pickler.dump(value, { persistentId, verify: true })
    expect(text(written)).not.toContain('>home<')
    const persistentLoad = (id: string): unknown => (id === 'pages/höme\n1' ? home : undefined)
    const [first, second] = pickler.load(written, { persistentLoad }) as [unknown, { home: unknown; other: unknown[] }]
    expect([first, second.home, second.other[0]].every(page => page === home)).toBe(true)
    expect(() => pickler.load(written)).toThrow('load it with persistentLoad')
  })

  test.each<[string, () => unknown, string]>([
    ['undefined in a list', () => [undefined], 'undefined cannot be pickled; use null (at $[0])'],
    ['a symbol', () => ({ a: Symbol('x') }), 'a symbol cannot be pickled (at $.a)'],
    [
      'a function',
      () => ({ 'a b': [() => 1] }),
      'a function or class that is not registered cannot be pickled; register it by name (at $["a b"][0])',
    ],
    ['a class that is not registered', () => [new (class Secret {})()], 'an object of the class Secret, which is not registered, cannot be pickled'],
    ['a WeakMap', () => new WeakMap(), 'an object of the class WeakMap, which is not registered, cannot be pickled'],
    ['a promise', () => Promise.resolve(1), 'an object of the class Promise, which is not registered, cannot be pickled'],
    ['an invalid date', () => [new Date(Number.NaN)], '(at $[0])'],
  ])('%s cannot be written, and the place is named', (_, make, message) => {
    expect(() => pickler.dump(make())).toThrow(message)
  })

  test('data sets neither prototypes nor setters', () => {
    const page = new Page()
    Object.defineProperty(page, '__proto__', { value: { evil: 1 }, enumerable: true })
    const read = pickler.load(pickler.dump([page, JSON.parse('{"__proto__": {"evil": 1}}')])) as [Page, object]
    expect(Object.getPrototypeOf(read[0])).toBe(Page.prototype)
    expect(Object.getOwnPropertyDescriptor(read[0], '__proto__')?.value).toEqual({ evil: 1 })
    expect(Object.getPrototypeOf(read[1])).toBeNull()
    expect(({} as { evil?: number }).evil).toBeUndefined()
  })

  test('a class that forgets is found by verify', () => {
    class Forgetful {
      kept: unknown
    }
    const own = testRegistry().defineClass('app.Forgetful', Forgetful, { setState: () => undefined })
    const forgetting = new (Object.getPrototypeOf(pickler).constructor as new (registry: unknown) => Pickler)(own)
    const value = Object.assign(new Forgetful(), { kept: 'all of it' })
    expect(() => forgetting.dump(value)).not.toThrow()
    expect(() => forgetting.dump(value, { verify: true })).toThrow('the pickle differs after reading it and writing it again')
  })

  test('a text that is too big is refused before it is read', () => {
    expect(() => pickler.load('x'.repeat(101), { maxBytes: 100 })).toThrow('the pickle has 101 bytes, more than the 100 allowed')
  })
})
