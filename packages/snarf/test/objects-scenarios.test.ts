/** What the original did in cases beyond its doctest, as recorded by running it, and what is done otherwise on purpose. */
import { readFileSync } from 'node:fs'
import { collect, toBytes, type Bytes } from '@syncline/core'
import { describe, expect, test } from 'vitest'
import {
  Check,
  Checkin,
  Checkout,
  Commit,
  CommitError,
  Extras,
  type ObjectSpace,
  SnarfRepository,
  SynchronizationError,
  type Callback,
  type EntryAttributes,
  type Metadata,
  type Repository,
} from '../src/objects/index.ts'
import { contentModel, Doc, File, FileFileSynchronizer, Folder } from './content-model.ts'

interface Scenario {
  readonly title: string
  readonly section: string
  readonly given: string
  readonly expect: string | { readonly bytes: string }
}
const scenarios = JSON.parse(readFileSync(new URL('fixtures/scenarios.json', import.meta.url), 'utf8')) as readonly Scenario[]

function expected(title: string): string {
  const found = scenarios.find(one => one.title === title)
  if (found === undefined) throw new Error(`no scenario "${title}"`)
  return typeof found.expect === 'string' ? found.expect : found.expect.bytes
}

function given(title: string): string {
  return scenarios.find(one => one.title === title)?.given ?? ''
}

const archiveOf = (repository: SnarfRepository): string => new TextDecoder().decode(repository.archive())

/** A checkout of `object` as `test`. */
async function checkedOut(object: unknown, space: ObjectSpace = contentModel().space, options = {}): Promise<SnarfRepository> {
  const snarf = new SnarfRepository(undefined, options)
  await new Checkout(space, snarf).perform(object, 'test')
  return snarf
}

/** Changes the metadata of a repository as a client does. */
async function edit(repository: Repository, change: (metadata: Metadata) => Promise<void>): Promise<void> {
  const metadata = repository.metadata()
  await change(metadata)
  await metadata.flush()
}

async function flag(repository: Repository, path: string, more: EntryAttributes): Promise<void> {
  await edit(repository, async metadata => metadata.set(path, { ...(await metadata.get(path)), ...more }))
}

/** A repository without some of its files. */
class Without extends SnarfRepository {
  readonly #gone: readonly string[]
  constructor(whole: SnarfRepository, ...gone: readonly string[]) {
    super(whole.archive())
    this.#gone = gone
  }
  #isGone(path: string): boolean {
    return this.#gone.some(gone => path === gone || path.startsWith(`${gone}/`))
  }
  override async kindOf(path: string): Promise<'file' | 'directory' | undefined> {
    return this.#isGone(path) ? undefined : super.kindOf(path)
  }
  override async *read(path: string): AsyncGenerator<Uint8Array, void, undefined> {
    yield* super.read(this.#isGone(path) ? 'gone' : path)
  }
}

async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    value => expect.unreachable(`it resolved to ${JSON.stringify(value)}`),
    (error: unknown) => error,
  )
}

describe('repositories', () => {
  test('disambiguate in NFD where case does not count', () => {
    const repository = new SnarfRepository(undefined, { caseInsensitive: true, unicodeForm: 'NFD' })
    const names = ['a\u0308', '\u00e4', '\u00c4', '\u00e4.txt'].map(name => repository.disambiguate('', name))
    expect(names).toEqual(JSON.parse(/^\[.*?\]/.exec(expected('disambiguate, NFD + case-insensitive'))?.[0] ?? ''))
  })

  test('disambiguate before the last dot, each number once', () => {
    const repository = new SnarfRepository(undefined, { caseInsensitive: true })
    const given = ['a.txt', 'A.txt', 'A.TXT', 'a-1.txt', 'b', 'B', 'b', '.hidden', '.HIDDEN', 'x.tar.gz', 'X.tar.gz', 'a.txt']
    expect(given.map(name => repository.disambiguate('d', name))).toEqual([
      ...['a.txt', 'A-1.txt', 'A-2.TXT', 'a-1-1.txt', 'b', 'B-1', 'b-2', '.hidden', '-1.HIDDEN', 'x.tar.gz', 'X.tar-1.gz', 'a-3.txt'],
    ])
    expect(repository.disambiguate('e', 'a.txt')).toBe('a.txt')
    expect(new SnarfRepository().disambiguate('d', 'A')).toBe('A')
  })

  test('normalize by their rules', () => {
    expect(new SnarfRepository().normalize('AbC')).toBe('AbC')
    expect(new SnarfRepository(undefined, { caseInsensitive: true }).normalize('AbC')).toBe('abc')
    expect(new SnarfRepository(undefined, { caseInsensitive: true, unicodeForm: 'NFD' }).normalize('\u00c4')).toBe('a\u0308')
  })

  test('every directory above a member is known, and every member has a reader of its own', async () => {
    const repository = new SnarfRepository(new TextEncoder().encode('1 a/b/c\nx1 d\ny'))
    expect(await Promise.all(['', 'a', 'a/b', 'a/b/c', 'x'].map(path => repository.kindOf(path)))).toEqual([
      'directory',
      'directory',
      'directory',
      'file',
      undefined,
    ])
    const [first, second] = [repository.read('a/b/c'), repository.read('d')]
    const text = async (bytes: Bytes): Promise<string> => new TextDecoder().decode(await collect(bytes))
    expect([await text(second), await text(first)]).toEqual(['y', 'x'])
  })

  test('metadata of the old form, an XML pickle, are read and written in the new form', async () => {
    const repository = new SnarfRepository()
    const pickle = /loadEntries\((".*")\)$/.exec(given('parse: legacy XML-pickle metadata'))?.[1] ?? ''
    await repository.write('@@Zope/Entries.xml', toBytes(JSON.parse(pickle) as string))
    expect(`value ${JSON.stringify({ foo: await repository.metadata().get('foo') })}`.replaceAll(/([:,])/g, '$1 ')).toBe(
      expected('parse: legacy XML-pickle metadata'),
    )
    await flag(repository, 'foo', { flag: 'added' })
    expect((await repository.readIfThere('@@Zope/Entries.xml'))?.length).toBeGreaterThan(60)
    expect(await repository.metadata().get('foo')).toEqual({ hello: 'world', flag: 'added' })
    // What a client writes into a fresh directory.
    await repository.write('d/@@Zope/Entries.xml', toBytes('<?xml version="1.0" encoding="utf-8" ?>\n<pickle>\n  <dictionary />\n</pickle>\n'))
    expect(await repository.metadata().names('d')).toEqual([])
  })

  test('a body that was cut off is noticed', async () => {
    await expect(new SnarfRepository(new TextEncoder().encode('00000009 test/a\ndata')).kindOf('test/a')).rejects.toThrow(/4 of 9/)
  })
})

describe('Checkout', () => {
  test.each<[string, unknown, string]>([
    ['one file', new Folder({ a: new File('hi') }), 'test'],
    ['top level pickle', [1], 'l'],
    ['unicode key', new Folder({ 'caf\u00e9.txt': new File('x') }), 'test'],
  ])('%s', async (title, object, name) => {
    const snarf = new SnarfRepository()
    await new Checkout(contentModel().space, snarf).perform(object, name)
    expect(archiveOf(snarf)).toBe(expected(title))
  })

  test('where case does not count, the original gives the plain name to who comes first', async () => {
    const folder = new Folder({ 'a.txt': new File('data of a'), 'A.txt': new File('data of A') })
    const { space } = contentModel({ compat: 'zope-3.6.1' })
    expect(archiveOf(await checkedOut(folder, space, { caseInsensitive: true }))).toBe(expected('case-insensitive repository: key attribute'))
  })

  test('names depend neither on the order of a container nor on an earlier checkout', async () => {
    const { space } = contentModel()
    const pages = { 'a.txt': new File('a'), 'A.txt': new File('A'), 'B.txt': new File('B') }
    const reversed = Object.fromEntries(Object.entries(pages).reverse())
    const snarf = new SnarfRepository(undefined, { caseInsensitive: true })
    await new Checkout(space, snarf).perform(new Folder(pages), 'test')
    const once = archiveOf(snarf)
    await new Checkout(space, snarf).perform(new Folder(reversed), 'test')
    expect(archiveOf(snarf)).toBe(once + once)
    expect(once).toContain(' test/a-1.txt\n')
  })

  test('what has no synchronizer is left out, and named', async () => {
    const snarf = new SnarfRepository()
    const { skipped } = await new Checkout(contentModel({ withoutDefault: true }).space, snarf).perform(
      new Folder({ a: 1, b: new File('x') }),
      'test',
    )
    expect(skipped).toEqual(['test/a'])
    expect(await snarf.metadata().names('test')).toEqual(['b'])
    expect(await snarf.kindOf('test/a')).toBeUndefined()
  })

  test.each([
    ['@@Zope', 'this name is taken by the metadata'],
    ['..', 'it is a path, not a name'],
    ['a/b', 'it is a path, not a name'],
    ['a\nb', 'characters that archives or XML cannot hold'],
    ['\ud800', 'characters that archives or XML cannot hold'],
    ['', 'the name is empty'],
  ])('refuses the key %j before it is written', async (key, problem) => {
    const snarf = new SnarfRepository()
    const error = await errorOf(new Checkout(contentModel().space, snarf).perform(new Folder(new Map([[key, new File('x')]])), 'test'))
    expect(error).toBeInstanceOf(SynchronizationError)
    expect(String(error)).toContain(problem)
    expect(await snarf.kindOf('test/@@Zope/Entries.xml')).toBeUndefined()
  })

  test('where case does not count, @@zope does not become the directory of the metadata', async () => {
    const snarf = await checkedOut(new Folder({ '@@zope': new File('x') }), undefined, { caseInsensitive: true })
    expect(await snarf.metadata().names('test')).toEqual(['@@zope-1'])
  })

  test('a cycle of directories is an error with its path', async () => {
    const folder = new Folder()
    folder.children.set('again', new Folder({ up: folder }))
    await expect(new Checkout(contentModel().space, new SnarfRepository()).perform(folder, 'test')).rejects.toThrow('test/again/up contains itself')
  })

  test('an object of a class that nobody registered is an error with its path', async () => {
    class Unknown {}
    await expect(checkedOut(new Folder({ d: new Folder({ x: new Unknown() }) }))).rejects.toThrow(
      /test\/d\/x was not checked out: .*Unknown is not registered/,
    )
  })

  test('keys of other types come back as what they were', async () => {
    const { space } = contentModel()
    const snarf = await checkedOut(
      new Map<unknown, unknown>([
        [5, 'five'],
        ['6', 'six'],
        [7n, 'seven'],
      ]),
      space,
    )
    const target: Record<string, unknown> = {}
    await new Commit(space, snarf).perform(target, 'test', 'test')
    expect(target['test']).toEqual(
      new Map<unknown, unknown>([
        [5, 'five'],
        ['6', 'six'],
        [7n, 'seven'],
      ]),
    )
    await expect(
      checkedOut(
        new Map<unknown, unknown>([
          [5, 'a'],
          ['5', 'b'],
        ]),
        space,
      ),
    ).rejects.toThrow('two children of test have the file name "5"')
    await expect(checkedOut(new Map<unknown, unknown>([[true, 'a']]), space)).rejects.toThrow(/test\/true was not checked out/)
  })
})

describe('Check', () => {
  test('changed in content', async () => {
    const { space } = contentModel()
    const folder = new Folder({ a: new File('1'), b: new Doc({ x: 1 }) })
    const snarf = await checkedOut(folder, space)
    ;(folder.children.get('a') as File).data = 'changed'
    folder.children.set('b', new Doc({ x: 2 }))
    expect((await new Check(space, snarf).check(folder, '', 'test')).conflicts).toEqual(JSON.parse(expected('changed in content')))
    await expect(new Check(space, snarf, { raiseOnConflicts: true }).check(folder, '', 'test')).rejects.toThrow('test/a')
  })

  test('an object that only the content has is a conflict and no exception', async () => {
    const { space } = contentModel()
    const folder = new Folder({ a: new File('1') })
    const snarf = await checkedOut(folder, space)
    folder.children.set('n', new File('new'))
    expect((await new Check(space, snarf).check(folder, '', 'test')).conflicts).toEqual(['test/n'])
  })

  test('an invalid name', async () => {
    const error = await errorOf(new Check(contentModel().space, new SnarfRepository()).check({}, '..', 'test'))
    expect(String(error)).toBe(expected('invalid name'))
  })

  test('keys that differ from their file names are no conflict', async () => {
    const { space } = contentModel()
    const folder = new Folder({ 'a.txt': new File('a'), 'A.txt': new File('A'), '\u00e4': new File('u') })
    const snarf = await checkedOut(folder, space, { caseInsensitive: true, unicodeForm: 'NFD' })
    expect((await new Check(space, snarf).check(folder, '', 'test')).conflicts).toEqual([])
  })

  test('an empty folder is no conflict', async () => {
    const { space } = contentModel()
    const folder = new Folder({ empty: new Folder() })
    expect((await new Check(space, await checkedOut(folder, space)).check(folder, '', 'test')).conflicts).toEqual([])
  })

  describe('flags', () => {
    const { space } = contentModel()
    const original = async (): Promise<{ folder: Folder; snarf: SnarfRepository }> => {
      const folder = new Folder({ a: new File('1'), d: new Folder({ x: new File('2') }) })
      return { folder, snarf: await checkedOut(folder, space) }
    }
    const conflicts = async (folder: Folder, repository: Repository): Promise<readonly string[]> =>
      (await new Check(space, repository).check(folder, '', 'test')).conflicts

    test('flag added + file present', async () => {
      const { folder, snarf } = await original()
      folder.children.delete('a')
      await flag(snarf, 'test/a', { flag: 'added' })
      expect(await conflicts(folder, snarf)).toEqual(JSON.parse(expected('flag added + file present')))
    })

    test('flag added, object already exists (file)', async () => {
      const { folder, snarf } = await original()
      await flag(snarf, 'test/a', { flag: 'added' })
      expect(await conflicts(folder, snarf)).toEqual(['test/a'])
    })

    test('flag removed and file gone', async () => {
      const { folder, snarf } = await original()
      await flag(snarf, 'test/a', { flag: 'removed' })
      await snarf.write('test/@@Zope/Original/a', new TextEncoder().encode('1'))
      expect(await conflicts(folder, new Without(snarf, 'test/a'))).toEqual([])
      ;(folder.children.get('a') as File).data = 'changed since'
      expect(await conflicts(folder, new Without(snarf, 'test/a'))).toEqual(['test/a'])
    })

    test('flag removed but file still there', async () => {
      const { folder, snarf } = await original()
      await flag(snarf, 'test/a', { flag: 'removed' })
      expect(await conflicts(folder, snarf)).toEqual(['test/a'])
    })

    test('Original decides', async () => {
      const { folder, snarf } = await original()
      await snarf.write('test/@@Zope/Original/a', new TextEncoder().encode('1'))
      await snarf.write('test/a', new TextEncoder().encode('changed by the client'))
      expect(await conflicts(folder, snarf)).toEqual([])
    })

    test('subtree removed', async () => {
      const { folder, snarf } = await original()
      await flag(snarf, 'test/d', { flag: 'removed' })
      expect(await conflicts(folder, new Without(snarf, 'test/d'))).toEqual([])
    })

    test('a conflict that nobody resolved stays one', async () => {
      const { folder, snarf } = await original()
      await flag(snarf, 'test/a', { conflict: 'yes' })
      expect(await conflicts(folder, snarf)).toEqual(['test/a'])
    })
  })

  test('a directory without metadata in an archive is not looked for elsewhere', async () => {
    const { space } = contentModel()
    const snarf = new SnarfRepository(new TextEncoder().encode('1 src/x\ny'))
    expect((await new Check(space, snarf).check(new Folder(), '', 'src')).conflicts).toEqual([])
  })
})

describe('Commit', () => {
  const { space } = contentModel()

  test('missing objects are re-created', async () => {
    const folder = new Folder({ a: new File('1'), b: new Doc({ x: 1 }) })
    const snarf = await checkedOut(folder, space)
    folder.children.delete('a')
    const { items } = await new Commit(space, snarf).perform(folder, '', 'test')
    expect(items.map(({ action, path }) => [action, path])).toEqual([['create', 'test/a']])
    expect(folder).toEqual(new Folder({ b: new Doc({ x: 1 }), a: new File('1') }))
  })

  test('flag removed, object already gone', async () => {
    const snarf = await checkedOut(new Folder({ a: new File('1') }), space)
    await flag(snarf, 'test/a', { flag: 'removed' })
    const gone = new Without(snarf, 'test/a')
    const original = await errorOf(new Commit(contentModel({ compat: 'zope-3.6.1' }).space, gone).perform(new Folder(), '', 'test'))
    expect(JSON.stringify(String(original))).toBe(expected('flag removed, object already gone'))
    const ours = await errorOf(new Commit(space, gone).perform(new Folder(), '', 'test'))
    expect(String(ours)).toBe('Exception: test/a: it is flagged as removed, but the content does not have it any more; update the repository')
  })

  test('no entry: ignored', async () => {
    const snarf = new SnarfRepository(new TextEncoder().encode('1 test/a\nx'))
    const folder = new Folder()
    await new Commit(space, snarf).perform(folder, '', 'test')
    expect(folder).toEqual(new Folder())
  })

  test('missing body', async () => {
    const snarf = new SnarfRepository()
    await edit(snarf, metadata => metadata.set('test', { type: '__builtin__.list' }))
    const original = await errorOf(new Commit(contentModel({ compat: 'zope-3.6.1' }).space, snarf).perform({}, 'test', 'test'))
    expect(String(original)).toBe(expected('missing body'))
    expect(String(await errorOf(new Commit(space, snarf).perform({}, 'test', 'test')))).toBe(
      'Exception: test: there is no file test in the repository',
    )
  })

  test('callbacks run breadth-first after everything is loaded', async () => {
    const log: string[] = []
    class LoggingSynchronizer extends FileFileSynchronizer {
      override async load(readable: Bytes): Promise<Callback> {
        await super.load(readable)
        const name = this.context.data
        log.push(`load ${name}`)
        return () => {
          log.push(`cb1 ${name}`)
          return () => void log.push(`cb2 ${name}`)
        }
      }
    }
    const model = contentModel()
    model.space.synchronizer('app.models.File', LoggingSynchronizer)
    const snarf = await checkedOut(new Folder({ a: new File('A'), b: new File('B'), s: new Folder({ c: new File('C') }) }), model.space)
    await new Commit(model.space, snarf).perform({}, 'test', 'test')
    expect(log).toEqual(JSON.parse(expected('callbacks run breadth-first after everything is loaded')))
  })

  test.each([9, 10])('callbacks that end in pass %i are fine, one that never ends is called ten times', async last => {
    let calls = 0
    const callback = (): Callback | void => (++calls < last ? callback : undefined)
    const model = contentModel()
    class Returning extends FileFileSynchronizer {
      override load(): Promise<Callback> {
        return Promise.resolve(callback)
      }
    }
    model.space.synchronizer('app.models.File', Returning)
    const snarf = await checkedOut(new File(''), model.space)
    await new Commit(model.space, snarf).perform({}, 'test', 'test')
    expect(calls).toBe(last)
    calls = -1000
    await expect(new Commit(model.space, snarf).perform({}, 'test', 'test')).rejects.toThrow('Too many synchronizer callback passes [callback]')
    expect(calls).toBe(-990)
  })

  test('Checkin refuses existing names', async () => {
    const snarf = await checkedOut(new File('x'), space)
    const error = await errorOf(new Checkin(space, snarf).perform({ test: 1 }, 'test', 'test'))
    expect(JSON.stringify(String(error))).toBe(expected('Checkin refuses existing names'))
  })

  test('Checkin takes every flag for added', async () => {
    const snarf = await checkedOut(new Folder({ a: new File('1') }), space)
    await flag(snarf, 'test/a', { flag: 'removed' })
    const target: Record<string, Folder> = {}
    await new Checkin(space, snarf).perform(target, 'test', 'test')
    expect(target['test']?.children.get('a')).toEqual(new File('1'))
    expect(String(await errorOf(new Checkin(space, new Without(snarf, 'test/a')).perform({}, 'test', 'test')))).toContain('no file test/a')
  })

  test('setExtras only overwrites existing attributes', () => {
    const object = Object.assign(new Doc(), { aa: 1 })
    const synchronizer = new FileFileSynchronizer(object as unknown as File, space)
    const hostile = new Extras(
      new Map<string, unknown>([
        ['aa', 2],
        ['zz', 3],
        ['__proto__', {}],
        ['constructor', 1],
        ['toString', 2],
      ]),
    )
    expect(synchronizer.setExtras(hostile)).toEqual({ part: 'extras', names: ['aa'] })
    expect({ ...object }).toEqual({ aa: 2 })
    expect(synchronizer.setExtras(new Extras({ aa: 2 }))).toBeUndefined()
  })

  test.each<[string, EntryAttributes, RegExp]>([
    ['a factory', { factory: 'os.system' }, /test: os\.system is not registered/],
    ['a function as factory', { factory: 'copy_reg._reconstructor' }, /Don't know how to create copy_reg._reconstructor/],
    ['a key type', { factory: 'app.models.File', keytype: 'os.system' }, /os\.system is not registered/],
    ['a generator', { factory: '__proto__.x' }, /__proto__\.x is not registered/],
    ['a marker', { factory: 'app.models.File', provides: 'app.IUnknown' }, /app\.IUnknown is not registered/],
    ['nothing', { id: '5' }, /Don't know how to create object for test/],
  ])('%s that nobody registered is never looked up elsewhere', async (_, entry, message) => {
    const snarf = new SnarfRepository()
    await snarf.write('test', toBytes('x'))
    await edit(snarf, metadata => metadata.set('test', entry))
    const target = {}
    const error = await errorOf(new Commit(space, snarf).perform(target, 'test', 'test'))
    expect(error).toBeInstanceOf(CommitError)
    expect(String(error)).toMatch(message)
    expect(target).toEqual({})
  })

  test('a name that leads elsewhere is collected under its path, and the rest of the directory is told too', async () => {
    const snarf = await checkedOut(new Folder({ a: new File('1'), z: new File('2') }), space)
    await flag(snarf, 'test/a', { keytype: 'os.system' })
    await flag(snarf, 'test/z', { factory: 'os.system' })
    const error = await errorOf(new Commit(space, snarf).perform(new Folder(), '', 'test'))
    expect((error as CommitError).entries.map(({ path }) => path)).toEqual(['test/a', 'test/z'])
    await expect(new Commit(space, snarf).perform({}, 'a/b', 'test')).rejects.toThrow("invalid separator in name 'a/b'")
  })
})
