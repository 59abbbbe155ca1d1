/**
 * The doctest of zope.fssync 3.6.1 from its beginning to its end, in its order: every statement whose output it shows, with that output.
 * The tests share one world and build on each other, as the statements of a doctest do.
 */
import { readFileSync } from 'node:fs'
import { collect, type Bytes } from '@syncline/core'
import { describe, expect, test } from 'vitest'
import {
  attributeAnnotations,
  Check,
  Checkout,
  ClassRegistry,
  Commit,
  CommitError,
  DefaultSynchronizer,
  directlyProvides,
  DirectorySynchronizer,
  Extras,
  FileGenerator,
  FileSynchronizer,
  ObjectSpace,
  providedBy,
  PyError,
  PyTuple,
  SnarfRepository,
  type AnySynchronizer,
  type ObjectGenerator,
  type Writeable,
} from '../src/objects/index.ts'

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const readText = async (readable: Bytes): Promise<string> => text(await collect(readable))
const fixture = (name: string): string => readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8')

class A {
  data = 'data of a'
}
class B extends A {
  extra = 'extra of b'
  constructor() {
    super()
    this.data = 'data of b'
  }
}
class Complex {
  readonly part1: unknown
  readonly part2: unknown
  constructor(part1: unknown, part2: unknown) {
    this.part1 = part1
    this.part2 = part2
  }
}

class GlobalIds {
  readonly ids = new Map<number, unknown>()
  getId(object: unknown): number | undefined {
    for (const [id, known] of this.ids) if (known === object) return id
    return undefined
  }
  register(object: unknown): number {
    const id = this.getId(object) ?? this.ids.size + 1
    this.ids.set(id, object)
    return id
  }
  resolve(id: string): unknown {
    return this.ids.get(Number(id))
  }
}

class AFileSynchronizer extends FileSynchronizer<A> {
  override dump(writeable: Writeable): void | Promise<void> {
    return writeable.write(this.context.data)
  }
  override async load(readable: Bytes): Promise<void> {
    this.context.data = await readText(readable)
  }
}

class AnnotatableSample {
  data = 'Main file content'
  extra: string | null = null
}
class TestAnnotations {
  a: string | null = null
  b: string | null = null
}
/** As much of BTrees as the doctest needs: its pickle is a tuple of items in three tuples. */
class OOBTree {
  items: ReadonlyMap<string, unknown> = new Map()
}
function stateOfTree(tree: OOBTree): unknown {
  const flat = [...tree.items].flat()
  return new PyTuple([new PyTuple([new PyTuple([new PyTuple(flat)])])])
}

class SampleFileSynchronizer extends FileSynchronizer<AnnotatableSample> {
  override dump(writeable: Writeable): void | Promise<void> {
    return writeable.write(this.context.data)
  }
  override extras(): Extras {
    return new Extras({ extra: this.context.extra })
  }
  override async load(readable: Bytes): Promise<void> {
    this.context.data = await readText(readable)
  }
}

describe('the doctest of zope.fssync', () => {
  const a = new A()
  const b = new B()
  const root: Record<string, unknown> = { a, b }
  const globalIds = new GlobalIds()
  const registry = new ClassRegistry<AnySynchronizer, ObjectGenerator>()
    .defineClass('zope.fssync.doctest.A', A)
    .defineClass('zope.fssync.doctest.B', B)
    .defineClass('zope.fssync.doctest.Complex', Complex)
  const space = new ObjectSpace({ registry, entryId: object => globalIds.getId(object), fileGenerator: new FileGenerator() })
  let snarf = new SnarfRepository()
  const checkout = new Checkout(space, snarf)
  const archive = (): string => text(snarf.archive())

  test('Persistent References', () => {
    expect([a, b, root, a, b, root].map(object => globalIds.register(object))).toEqual([1, 2, 3, 1, 2, 3])
  })

  test('Synchronizer', () => {
    space.defaultSynchronizer(DefaultSynchronizer).synchronizer('zope.fssync.doctest.A', AFileSynchronizer)
    expect(space.getSynchronizer(a)).toBeInstanceOf(AFileSynchronizer)
    expect(space.getSynchronizer(b)).toBeInstanceOf(DefaultSynchronizer)
    space.synchronizer('__builtin__.dict', DirectorySynchronizer)
  })

  test('the first archive has its bytes', async () => {
    await checkout.perform(root, 'test')
    expect(archive()).toBe(fixture('readme-1.snarf'))
    expect(archive().match(/^\d{8} \S+$|\d{8} test\/b$/gm)).toEqual([
      '00000213 @@Zope/Entries.xml',
      '00000339 test/@@Zope/Entries.xml',
      '00000009 test/a',
      '00000370 test/b',
    ])
  })

  test('the data can be imported again', async () => {
    const target: Record<string, Record<string, A>> = {}
    await new Commit(space, snarf).perform(target, 'root', 'test')
    expect(Object.keys(target)).toEqual(['root'])
    const imported = asObject(target['root'])
    expect(Object.keys(imported).sort()).toEqual(['a', 'b'])
    expect(imported['a']).toBeInstanceOf(A)
    expect(imported['a']?.data).toBe('data of a')
    expect(imported['b']).toBeInstanceOf(B)
    expect((imported['b'] as B).extra).toBe('extra of b')
  })

  test('a check finds what was changed, and a commit brings it back in place', async () => {
    const check = new Check(space, snarf)
    await check.check(root, '', 'test')
    expect(check.errors()).toEqual([])
    a.data = 'overwritten'
    b.extra = 'overwritten'
    const second = new Check(space, snarf)
    await second.check(root, '', 'test')
    expect(second.errors()).toEqual(['test/a', 'test/b'])

    const commit = new Commit(space, snarf)
    await commit.perform(root, '', 'test')
    expect(Object.keys(root).sort()).toEqual(['a', 'b'])
    expect((root['a'] as A).data).toBe('data of a')
    expect((root['b'] as B).extra).toBe('extra of b')
    for (const gone of [['a'], ['b'], ['a', 'b']]) {
      for (const key of gone) Reflect.deleteProperty(root, key)
      await commit.perform(root, '', 'test')
      expect(Object.keys(root).sort()).toEqual(['a', 'b'])
    }
  })

  test('Pickling', () => {
    expect(text(space.pickle([42]))).toBe('<?xml version="1.0" encoding="utf-8" ?>\n<pickle>\n  <list>\n    <int>42</int>\n  </list>\n</pickle>\n')
    b.extra = 'overwritten'
    const c = new Complex(a, b)
    root['c'] = c
    expect(text(space.pickle(c))).toBe(scenario('seed: Complex(a, b) by value'))

    const referring = new ObjectSpace({
      registry,
      persistentId: object => (object instanceof Complex ? undefined : globalIds.getId(object)?.toString()),
      persistentLoad: id => globalIds.resolve(id),
    })
    const xml = referring.pickle(c)
    expect(text(xml)).toBe(
      [
        '<?xml version="1.0" encoding="utf-8" ?>',
        '<pickle>',
        '  <object>',
        '    <klass>',
        '      <global name="Complex" module="zope.fssync.doctest"/>',
        '    </klass>',
        '    <attributes>',
        '      <attribute name="part1">',
        '          <persistent> <string>1</string> </persistent>',
        '      </attribute>',
        '      <attribute name="part2">',
        '          <persistent> <string>2</string> </persistent>',
        '      </attribute>',
        '    </attributes>',
        '  </object>',
        '</pickle>',
        '',
      ].join('\n'),
    )
    expect((referring.unpickle(xml, undefined) as Complex).part1).toBe(a)
  })

  test('Annotations, Extras, and Metadata: markers', () => {
    registry.marker('zope.fssync.doctest.IMarkerInterface', Symbol('IMarkerInterface'))
    directlyProvides(a, 'zope.fssync.doctest.IMarkerInterface')
    expect(new AFileSynchronizer(a, space).metadata()).toEqual({ factory: 'zope.fssync.doctest.A', provides: 'zope.fssync.doctest.IMarkerInterface' })
    new AFileSynchronizer(b, space).setMetadata({ provides: 'zope.fssync.doctest.IMarkerInterface' })
    expect(providedBy(b)).toEqual(['zope.fssync.doctest.IMarkerInterface'])
  })

  const sample = new AnnotatableSample()
  const samples: Record<string, unknown> = { test: sample }

  test('without a synchronizer of their own, annotations and extras are in the pickle', async () => {
    registry
      .defineClass('zope.fssync.doctest.AnnotatableSample', AnnotatableSample, {
        getState: object => ({ __annotations__: Object.assign(new OOBTree(), { items: attributeAnnotations(object) }), extra: object.extra }),
      })
      .defineClass('zope.fssync.doctest.TestAnnotations', TestAnnotations, { style: 'persistent' })
      .defineClass('BTrees.OOBTree.OOBTree', OOBTree, { style: 'persistent', getState: stateOfTree })
    const annotation = new TestAnnotations()
    annotation.a = 'annotation a'
    attributeAnnotations(sample, true)?.set('zope.fssync.doctest.TestAnnotations', annotation)
    sample.extra = 'extra'
    snarf = new SnarfRepository()
    checkout.repository = snarf
    await checkout.perform(samples, 'test')
    expect(fixture('readme-2.snarf').startsWith(archive())).toBe(true)
    expect(archive()).toContain('00000197 @@Zope/Entries.xml\n')
    expect(archive()).toContain('00000182 test/@@Zope/Entries.xml\n')
    expect(archive()).toContain('00001929 test/test\n')
  })

  test('a directory for annotations and extras has a file for each; a second checkout is appended', async () => {
    space
      .synchronizer('zope.fssync.synchronizer.Extras', DirectorySynchronizer)
      .synchronizer('zope.fssync.synchronizer.SynchronizableAnnotations', DirectorySynchronizer)
      .synchronizer('zope.fssync.doctest.AnnotatableSample', SampleFileSynchronizer)
    directlyProvides(sample, 'zope.fssync.doctest.IMarkerInterface')
    await checkout.perform(samples, 'test')
    expect(archive()).toBe(fixture('readme-2.snarf'))
    for (const header of [
      '00000296 test/@@Zope/Entries.xml',
      '00000211 test/@@Zope/Annotations/test/@@Zope/Entries.xml',
      '00000617 test/@@Zope/Annotations/test/zope.fssync.doctest.TestAnnotations',
      '00000161 test/@@Zope/Extra/test/@@Zope/Entries.xml',
      '00000082 test/@@Zope/Extra/test/extra',
      '00000017 test/test',
    ])
      expect(archive()).toContain(`${header}\n`)
    await expectSample(snarf)
    expect(await sortedPaths(snarf)).toEqual([
      '@@Zope/Entries.xml',
      'test/@@Zope/Annotations/test/@@Zope/Entries.xml',
      'test/@@Zope/Annotations/test/zope.fssync.doctest.TestAnnotations',
      'test/@@Zope/Entries.xml',
      'test/@@Zope/Extra/test/@@Zope/Entries.xml',
      'test/@@Zope/Extra/test/extra',
      'test/test',
    ])
  })

  test('the default synchronizer makes one file of all annotations and one of all extras', async () => {
    space
      .synchronizer('zope.fssync.synchronizer.Extras', DefaultSynchronizer)
      .synchronizer('zope.fssync.synchronizer.SynchronizableAnnotations', DefaultSynchronizer)
    snarf = new SnarfRepository()
    checkout.repository = snarf
    await checkout.perform(samples, 'test')
    expect(archive()).toBe(fixture('readme-3.snarf'))
    expect(await sortedPaths(snarf)).toEqual([
      '@@Zope/Entries.xml',
      'test/@@Zope/Annotations/test',
      'test/@@Zope/Entries.xml',
      'test/@@Zope/Extra/test',
      'test/test',
    ])
    await expectSample(snarf)
    const target: Record<string, Record<string, object>> = {}
    await new Commit(space, snarf).perform(target, 'root', 'test')
    expect(providedBy(asObject(target['root'])['test'])).toEqual(['zope.fssync.doctest.IMarkerInterface'])
  })

  test('the errors of all paths are told; those of an earlier commit are told again', async () => {
    const original = new ObjectSpace({ registry, compat: 'zope-3.6.1' })
    const commit = new Commit(original, snarf)
    const badSync = (): Promise<void> => Promise.reject(new PyError('1', '2', '3'))
    const { synchNew, synchOld } = commit
    const target = {}
    commit.synchNew = badSync
    expect(await failure(commit.perform(target, 'root', 'test'))).toBe("Exception: test: '1', '2', '3'")
    commit.synchOld = badSync
    expect(await failure(commit.perform(target, 'root', 'test'))).toBe("Exceptions: \n    test: '1', '2', '3'\n    test: '1', '2', '3'")
    commit.synchNew = synchNew
    commit.synchOld = synchOld
    expect(target).toEqual({})
  })

  async function expectSample(repository: SnarfRepository): Promise<void> {
    const target: Record<string, Record<string, object>> = {}
    await new Commit(space, repository).perform(target, 'root', 'test')
    const result = asObject(target['root'])['test'] as AnnotatableSample
    expect(result.extra).toBe('extra')
    expect((attributeAnnotations(result)?.get('zope.fssync.doctest.TestAnnotations') as TestAnnotations).a).toBe('annotation a')
    expect(result.data).toBe('Main file content')
    expect(result).not.toBe(sample)
  }
})

async function failure(performed: Promise<unknown>): Promise<string> {
  const error: unknown = await performed.catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(CommitError)
  return String(error)
}

/** Containers that a commit makes are Maps. */
function asObject<T>(container: Record<string, T> | Map<string, T> | undefined): Record<string, T> {
  return container instanceof Map ? Object.fromEntries(container) : (container ?? {})
}

async function sortedPaths(repository: SnarfRepository): Promise<string[]> {
  const paths: string[] = []
  for await (const path of repository.paths()) paths.push(path)
  return paths.sort()
}

function scenario(title: string): string {
  const scenarios = JSON.parse(fixture('scenarios.json')) as readonly { readonly title: string; readonly expect: { readonly bytes: string } }[]
  const found = scenarios.find(one => one.title === title)
  if (found === undefined) throw new Error(`no scenario "${title}"`)
  return found.expect.bytes
}
