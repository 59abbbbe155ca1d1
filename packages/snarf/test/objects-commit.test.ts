/** A commit is planned, is one transaction, and changes nothing that was not checked. */
import { collect, type Bytes } from '@syncline/core'
import { describe, expect, test } from 'vitest'
import {
  attributeAnnotations,
  Check,
  Checkout,
  Commit,
  CommitError,
  DefaultSynchronizer,
  DirectoryGenerator,
  directlyProvides,
  DirectorySynchronizer,
  FileGenerator,
  FileSynchronizer,
  providedBy,
  RevisionError,
  SnarfRepository,
  type Callback,
  type Metadata,
  type ObjectEvent,
  type ObjectSpace,
  type Repository,
  type Writeable,
} from '../src/objects/index.ts'
import { contentModel, Doc, File, FileFileSynchronizer, Folder, type Model } from './content-model.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

async function checkedOut(object: unknown, space: ObjectSpace): Promise<SnarfRepository> {
  const snarf = new SnarfRepository()
  await new Checkout(space, snarf).perform(object, 'test')
  return snarf
}

async function edit(repository: Repository, change: (metadata: Metadata) => Promise<void>): Promise<void> {
  const metadata = repository.metadata()
  await change(metadata)
  await metadata.flush()
}

async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    value => expect.unreachable(`it resolved to ${JSON.stringify(value)}`),
    (error: unknown) => error,
  )
}

/** What a graph is, down to the order of keys and who is who. */
function pictureOf(value: unknown): unknown {
  if (value instanceof Folder) return { folder: value, children: [...value.children].map(([key, child]) => [key, child, pictureOf(child)]) }
  return typeof value === 'object' && value !== null
    ? { object: value, is: { ...value }, provides: providedBy(value), annotations: [...(attributeAnnotations(value) ?? [])] }
    : value
}

/** A folder with something of everything to do, and the repository that asks for it. */
async function everything(model: Model): Promise<{ readonly folder: Folder; readonly snarf: SnarfRepository }> {
  const { space, registry } = model
  registry.marker('app.IMarked', Symbol('IMarked'))
  space
    .synchronizer('zope.fssync.synchronizer.Extras', DefaultSynchronizer)
    .synchronizer('zope.fssync.synchronizer.SynchronizableAnnotations', DirectorySynchronizer)
  const marked = new File('same', 'text/plain', 'new title')
  directlyProvides(marked, 'app.IMarked')
  attributeAnnotations(marked, true)?.set('app.notes', new Doc({ text: 'new' }))
  const wanted = new Folder({
    changed: new File('new body'),
    created: new Folder({ inner: new File('inner') }),
    kind: new Folder({ now: new File('a folder') }),
    marked,
    pickled: new Doc({ x: 2 }),
    removed: new File('to be removed'),
    same: new File('same'),
    typed: new File('now', 'application/pdf'),
    z: new Folder({ deep: new File('new deep') }),
  })
  const snarf = await checkedOut(wanted, space)
  await edit(snarf, async metadata => metadata.set('test/removed', { ...(await metadata.get('test/removed')), flag: 'removed' }))
  const old = new File('same', 'text/plain', 'old title')
  attributeAnnotations(old, true)?.set('app.notes', new Doc({ text: 'old' }))
  attributeAnnotations(old)?.set('app.other', new Doc({ stays: true }))
  const folder = new Folder({
    z: new Folder({ deep: new File('old deep') }),
    unseen: new File('only here'),
    typed: new File('now', 'text/plain'),
    same: new File('same'),
    removed: new File('to be removed'),
    pickled: new Doc({ x: 1 }),
    marked: old,
    kind: new File('a file'),
    changed: new File('old body'),
  })
  return { folder, snarf }
}

describe('Commit.plan', () => {
  test('names every change with its reason, and changes nothing', async () => {
    const model = contentModel()
    const { folder, snarf } = await everything(model)
    const before = pictureOf(folder)
    const archive = snarf.archive()
    const { items, problems } = await new Commit(model.space, snarf).plan(folder, '', 'test')
    expect(problems).toEqual([])
    expect(items).toEqual([
      { action: 'update', path: 'test/changed', key: 'changed', part: 'body', reason: 'the bodies differ' },
      { action: 'update', path: 'test/marked', key: 'marked', part: 'metadata', reason: 'it is marked with app.IMarked' },
      { action: 'update', path: 'test/@@Zope/Extra/marked', key: 'marked', part: 'extras', reason: 'the extras differ' },
      { action: 'update', path: 'test/@@Zope/Annotations/marked', key: 'marked', part: 'annotations', reason: 'the annotations app.notes differ' },
      { action: 'replace', path: 'test/pickled', key: 'pickled', part: 'body', reason: 'the pickles differ' },
      { action: 'delete', path: 'test/removed', key: 'removed', part: 'body', reason: 'it is flagged as removed' },
      { action: 'update', path: 'test/typed', key: 'typed', part: 'metadata', reason: 'binary differ' },
      { action: 'create', path: 'test/created', key: 'created', part: 'body', reason: 'there is a file and no object yet' },
      { action: 'create', path: 'test/created/inner', key: 'inner', part: 'body', reason: 'there is a file and no object yet' },
      { action: 'replace', path: 'test/kind', key: 'kind', part: 'body', reason: 'its type is app.models.Folder now' },
      { action: 'create', path: 'test/kind/now', key: 'now', part: 'body', reason: 'there is a file and no object yet' },
      { action: 'update', path: 'test/z/deep', key: 'deep', part: 'body', reason: 'the bodies differ' },
    ])
    expect(JSON.parse(JSON.stringify(items))).toEqual(items)
    await new Commit(model.space, snarf).perform(folder, '', 'test', { dryRun: true })
    expect(pictureOf(folder)).toEqual(before)
    expect(snarf.archive()).toEqual(archive)
  })

  test('is what the commit does; afterwards there is nothing to do', async () => {
    const model = contentModel()
    const { folder, snarf } = await everything(model)
    const changed = folder.children.get('changed')
    const commit = new Commit(model.space, snarf)
    const events: ObjectEvent[] = []
    commit.onEvent = event => events.push(event)
    const plan = await commit.plan(folder, '', 'test')
    expect((await commit.apply(folder, plan)).items).toEqual(plan.items)
    expect(folder.children.get('changed')).toBe(changed)
    expect(changed).toEqual(new File('new body'))
    expect([...folder.children.keys()].sort()).toEqual(['changed', 'created', 'kind', 'marked', 'pickled', 'same', 'typed', 'unseen', 'z'])
    const marked = folder.children.get('marked') as File
    expect(marked.title).toBe('new title')
    expect(providedBy(marked)).toEqual(['app.IMarked'])
    expect([...(attributeAnnotations(marked) ?? [])]).toEqual([
      ['app.notes', new Doc({ text: 'new' })],
      ['app.other', new Doc({ stays: true })],
    ])
    expect(folder.children.get('typed')).toEqual(new File('now', 'application/octet-stream'))
    expect(folder.children.get('kind')).toEqual(new Folder({ now: new File('a folder') }))
    expect(events.map(({ type, path }) => [type, path])).toContainEqual(['created', 'test/created/inner'])
    const modified = events.find(event => event.type === 'modified' && event.path === 'test/marked')
    expect(modified).toMatchObject({
      modifications: [
        { part: 'metadata', names: ['app.IMarked'] },
        { part: 'extras', names: ['title'] },
        { part: 'annotations', names: ['app.notes'] },
      ],
    })
    await edit(snarf, metadata => metadata.set('test/removed', undefined))
    expect((await commit.plan(folder, '', 'test')).items).toEqual([])
    await expect(commit.apply(folder, plan)).rejects.toThrow('a plan is applied once')
  })

  test('what is only in the content stays, or is deleted where that is asked for', async () => {
    const { space } = contentModel()
    const snarf = await checkedOut(new Folder({ a: new File('1'), d: new Folder() }), space)
    const folder = new Folder({ a: new File('1'), b: new File('2'), d: new Folder({ x: new File('3') }) })
    expect((await new Commit(space, snarf).plan(folder, '', 'test')).items).toEqual([])
    const { items } = await new Commit(space, snarf).perform(folder, '', 'test', { missing: 'delete' })
    expect(items.map(({ action, path, reason }) => [action, path, reason])).toEqual([
      ['delete', 'test/d/x', 'there is no file for it'],
      ['delete', 'test/b', 'there is no file for it'],
    ])
    expect(folder).toEqual(new Folder({ a: new File('1'), d: new Folder() }))
  })

  test('a repository without metadata never empties the content', async () => {
    const { space } = contentModel()
    const folder = new Folder({ a: new File('1') })
    const error = await errorOf(new Commit(space, new SnarfRepository()).perform(folder, '', 'test', { missing: 'delete' }))
    expect(String(error)).toContain('there are no metadata in test/@@Zope/Entries.xml')
    expect(folder.children.size).toBe(1)
  })

  test('what the working copy did not change is not written over the content', async () => {
    const { space } = contentModel()
    const folder = new Folder({ a: new File('1') })
    const snarf = await checkedOut(folder, space)
    await snarf.write('test/@@Zope/Original/a', bytes('1'))
    ;(folder.children.get('a') as File).data = 'changed in the content'
    expect((await new Commit(space, snarf).plan(folder, '', 'test')).items).toEqual([])
    // An original of which only the beginning is the same is another one.
    await snarf.write('test/a', bytes(`1${'x'.repeat(40_000)}`))
    expect((await new Commit(space, snarf).plan(folder, '', 'test')).items).toHaveLength(1)
  })

  test('a file in the place of children is an error, and so are children in the place of a file', async () => {
    const { space } = contentModel()
    const snarf = new SnarfRepository()
    await snarf.write('test/d', bytes('x'))
    await snarf.write('test/f/@@Zope/Entries.xml', bytes('<entries></entries>'))
    await edit(snarf, async metadata => {
      await metadata.set('test/d', { factory: 'app.models.Folder' })
      await metadata.set('test/f', { factory: 'app.models.File' })
    })
    const error = await errorOf(new Commit(space, snarf).perform(new Folder({ d: new Folder(), f: new File() }), '', 'test'))
    expect(String(error)).toBe(
      'Exceptions: \n    test/d: it is a file in the repository, but its object has children\n    test/f: test/f is a directory in the repository',
    )
    await expect(snarf.write('test/d/x', bytes('y'))).rejects.toThrow('test/d is a file of the archive')
  })

  test('files beyond 32 KiB are compared to their end', async () => {
    const { space } = contentModel()
    const folder = new Folder({ a: new File('x'.repeat(100_000)) })
    const snarf = await checkedOut(folder, space)
    await snarf.write('test/a', bytes(`${'x'.repeat(100_000)}appended`))
    await new Commit(space, snarf).perform(folder, '', 'test')
    expect((folder.children.get('a') as File).data.endsWith('appended')).toBe(true)
  })
})

describe('a failed commit', () => {
  /** Fails in its `nth` load, from 1. */
  function failing(model: Model, nth: number): void {
    let loads = 0
    class Failing extends FileFileSynchronizer {
      override async load(readable: Bytes): Promise<Callback | void> {
        await super.load(readable)
        if (++loads === nth) throw new Error(`load ${nth} fails`)
      }
    }
    model.space.synchronizer('app.models.File', Failing)
  }

  test.each([1, 2, 3, 4])('in load %i leaves every object as it was, in its place and order', async nth => {
    const model = contentModel()
    const { folder, snarf } = await everything(model)
    failing(model, nth)
    const before = pictureOf(folder)
    const error = await errorOf(new Commit(model.space, snarf).perform(folder, '', 'test'))
    expect(error).toBeInstanceOf(CommitError)
    expect((error as CommitError).message).toMatch(new RegExp(`^test/[a-z/]+: load ${nth} fails$`))
    expect((error as CommitError).notUndone).toEqual([])
    expect(pictureOf(folder)).toEqual(before)
    expect(folder.children.get('changed')).toEqual(new File('old body'))
  })

  test('in a callback leaves every object as it was, and is told as it is', async () => {
    const model = contentModel()
    const { folder, snarf } = await everything(model)
    const failure = new Error('the callback fails')
    class Failing extends FileFileSynchronizer {
      override async load(readable: Bytes): Promise<Callback> {
        await super.load(readable)
        return () => {
          this.context.data += ' and fixed up'
          throw failure
        }
      }
    }
    model.space.synchronizer('app.models.File', Failing)
    const before = pictureOf(folder)
    expect(await errorOf(new Commit(model.space, snarf).perform(folder, '', 'test'))).toBe(failure)
    expect(pictureOf(folder)).toEqual(before)
  })

  test('brings back what no property shows by loading it again', async () => {
    class Secret {
      #text: string
      constructor(text = '') {
        this.#text = text
      }
      get text(): string {
        return this.#text
      }
      put(text: string): void {
        this.#text = text
      }
    }
    class SecretSynchronizer extends FileSynchronizer<Secret> {
      override dump(writeable: Writeable): void | Promise<void> {
        return writeable.write(this.context.text)
      }
      override async load(readable: Bytes): Promise<void> {
        this.context.put(new TextDecoder().decode(await collect(readable)))
        if (this.context.text === 'bad') throw new Error('bad text')
      }
    }
    const model = contentModel()
    model.registry.defineClass('app.Secret', Secret)
    model.space.synchronizer('app.Secret', SecretSynchronizer)
    const snarf = await checkedOut(new Folder({ a: new Secret('new'), b: new Secret('bad') }), model.space)
    const [a, b] = [new Secret('old a'), new Secret('old b')]
    const folder = new Folder({ a, b })
    await expect(new Commit(model.space, snarf).perform(folder, '', 'test')).rejects.toThrow('test/b: bad text')
    expect([a.text, b.text]).toEqual(['old a', 'old b'])
  })

  test('names the errors of all paths, and each commit only its own', async () => {
    const { space } = contentModel()
    const snarf = await checkedOut(new Folder({ a: [1], b: [2], c: new File('3') }), space)
    await snarf.write('test/a', bytes('<pickle><oops/></pickle>'))
    await snarf.write('test/b', bytes('no pickle'))
    const commit = new Commit(space, snarf)
    for (let i = 0; i < 2; i++) {
      const folder = new Folder()
      const error = await errorOf(commit.perform(folder, '', 'test'))
      expect((error as CommitError).entries.map(({ path }) => path)).toEqual(['test/a', 'test/b'])
      expect((error as CommitError).message).toMatch(/^\n {4}test\/a: .*oops.*\n {4}test\/b: /)
      expect(folder.children.size).toBe(0)
    }
  })

  test('an abort brings everything back', async () => {
    const model = contentModel()
    const controller = new AbortController()
    const { folder, snarf } = await everything(model)
    class Aborting extends FileFileSynchronizer {
      override async load(readable: Bytes): Promise<Callback | void> {
        controller.abort(new Error('enough'))
        return super.load(readable)
      }
    }
    model.space.synchronizer('app.models.File', Aborting)
    const before = pictureOf(folder)
    const error = await errorOf(new Commit(model.space, snarf).perform(folder, '', 'test', { signal: controller.signal }))
    expect(String(error)).toContain('enough')
    expect(pictureOf(folder)).toEqual(before)
  })
})

describe('an expected revision', () => {
  test.each<[string, (folder: Folder, snarf: SnarfRepository) => unknown]>([
    ['a body in the content', folder => ((folder.children.get('a') as File).data = 'changed')],
    ['an extra', folder => ((folder.children.get('a') as File).title = 'changed')],
    ['an attribute of a pickle', folder => folder.children.set('b', new Doc({ x: 2 }))],
    ['an annotation', folder => attributeAnnotations(folder.children.get('a') as File, true)?.set('n', 1)],
    ['a marker', folder => directlyProvides(folder.children.get('a') as File, 'app.IX')],
    ['a new object', folder => folder.children.set('c', 1)],
    ['an object that went', folder => folder.children.delete('b')],
    ['an object of a new class', folder => folder.children.set('a', 'data')],
    ['a body in the repository', (_, snarf) => snarf.write('test/a', bytes('changed'))],
    ['metadata in the repository', (_, snarf) => edit(snarf, metadata => metadata.set('test/b', { type: 'x' }))],
    ['an original copy', (_, snarf) => snarf.write('test/@@Zope/Original/a', bytes('1'))],
  ])('refuses to commit after a change of %s', async (_, change) => {
    const { space } = contentModel()
    const folder = new Folder({ a: new File('1', 'text/plain', 'title'), b: new Doc({ x: 1 }) })
    space.synchronizer('zope.fssync.synchronizer.Extras', DefaultSynchronizer)
    const snarf = await checkedOut(folder, space)
    const { revision, conflicts } = await new Check(space, snarf).check(folder, '', 'test')
    expect(conflicts).toEqual([])
    await new Commit(space, snarf).perform(folder, '', 'test', { expectedRevision: revision })
    await change(folder, snarf)
    const before = pictureOf(folder)
    const error = await errorOf(new Commit(space, snarf).perform(folder, '', 'test', { expectedRevision: revision }))
    expect(error).toBeInstanceOf(error instanceof CommitError ? CommitError : RevisionError)
    expect(pictureOf(folder)).toEqual(before)
  })

  test('of the content alone does not mind what becomes of the repository', async () => {
    const { space } = contentModel()
    const folder = new Folder({ a: new File('1') })
    const snarf = await checkedOut(folder, space)
    const { contentRevision: expectedContentRevision } = await new Check(space, snarf).check(folder, '', 'test')
    await snarf.write('test/a', bytes('2'))
    await new Commit(space, snarf).perform(folder, '', 'test', { expectedContentRevision })
    expect(folder).toEqual(new Folder({ a: new File('2') }))
    await expect(new Commit(space, snarf).perform(folder, '', 'test', { expectedContentRevision })).rejects.toThrow(RevisionError)
  })

  test('of one child does not mind its siblings', async () => {
    const { space } = contentModel()
    const folder = new Folder({ a: new File('1'), b: new File('2') })
    const snarf = await checkedOut(folder, space)
    const { revision } = await new Check(space, snarf).check(folder, 'a', 'test/a')
    ;(folder.children.get('b') as File).data = 'changed'
    await new Commit(space, snarf).perform(folder, 'a', 'test/a', { expectedRevision: revision })
    ;(folder.children.get('a') as File).data = 'changed'
    await expect(new Commit(space, snarf).perform(folder, 'a', 'test/a', { expectedRevision: revision })).rejects.toThrow(RevisionError)
  })

  test('is not needed to notice what changes between plan and commit', async () => {
    const { space } = contentModel()
    const snarf = await checkedOut(new Folder({ a: new File('new'), b: new File('new') }), space)
    const folder = new Folder({ a: new File('old'), b: new File('old') })
    const commit = new Commit(space, snarf)
    const plan = await commit.plan(folder, '', 'test')
    ;(folder.children.get('b') as File).data = 'edited meanwhile'
    const error = await errorOf(commit.apply(folder, plan))
    expect(String(error)).toBe('Exception: test/b: the content changed while it was committed; commit again')
    expect(folder).toEqual(new Folder({ a: new File('old'), b: new File('edited meanwhile') }))

    const second = await commit.plan(folder, '', 'test')
    await snarf.write('test/a', bytes('written meanwhile'))
    expect(String(await errorOf(commit.apply(folder, second)))).toContain('test/a changed in the repository while it was committed')
    expect(folder).toEqual(new Folder({ a: new File('old'), b: new File('edited meanwhile') }))
  })
})

describe('generators', () => {
  test('make objects for files and directories that only people named', async () => {
    class Note {
      data = ''
    }
    const model = contentModel({
      fileGenerator: new FileGenerator({ '.txt': () => new Note(), '.': () => new File() }),
      directoryGenerator: new DirectoryGenerator(() => new Folder()),
    })
    model.registry.defineClass('app.Note', Note)
    const snarf = await checkedOut(new Folder(), model.space)
    await snarf.write('test/a.txt', bytes('a note'))
    await snarf.write('test/README', bytes('a file'))
    await snarf.write('test/x.xml', model.space.pickle([1]))
    await snarf.write('test/d/b.txt', bytes('another'))
    await edit(snarf, async metadata => {
      for (const path of ['test/a.txt', 'test/README', 'test/x.xml', 'test/d', 'test/d/b.txt']) await metadata.set(path, { flag: 'added' })
    })
    const folder = new Folder()
    await new Commit(model.space, snarf).perform(folder, '', 'test')
    expect(folder.children.get('a.txt')).toEqual(Object.assign(new Note(), { data: 'a note' }))
    expect(folder.children.get('README')).toEqual(new File('a file'))
    expect(folder.children.get('x.xml')).toEqual([1])
    expect((folder.children.get('d') as Folder).children.get('b.txt')).toEqual(Object.assign(new Note(), { data: 'another' }))
  })

  test('of a factory put the object in themselves, and are undone too', async () => {
    const model = contentModel()
    const made: unknown[] = []
    model.registry.generator('app.models.File', {
      create(container, key) {
        const file = new File('', 'text/plain', `made for ${String(key)}`)
        made.push(file)
        void container.set(key, file)
        return file
      },
    })
    const snarf = await checkedOut(new Folder({ a: new File('body') }), model.space)
    const folder = new Folder()
    await new Commit(model.space, snarf).perform(folder, '', 'test')
    expect(folder.children.get('a')).toBe(made[0])
    expect(made).toEqual([new File('body', 'text/plain', 'made for a')])
    await snarf.write('test/b', bytes('<'))
    await edit(snarf, metadata => metadata.set('test/b', { type: '__builtin__.list' }))
    const empty = new Folder()
    const commit = new Commit(model.space, snarf)
    commit.synchNew = step => (step.path === 'test/b' ? Promise.reject(new Error('no')) : step.run())
    await expect(commit.perform(empty, '', 'test')).rejects.toThrow(CommitError)
    expect(empty.children.size).toBe(0)
  })
})

test('annotations that change are reported, those that do not are not', async () => {
  const { space } = contentModel()
  const file = new File('x')
  expect(space.annotations(file)).toBeUndefined()
  attributeAnnotations(file, true)?.set('a', [1])
  const synchronizer = new FileFileSynchronizer(file, space)
  const copy = synchronizer.annotations()
  if (copy === undefined) throw new Error('no annotations')
  expect(synchronizer.setAnnotations(copy)).toBeUndefined()
  copy.set('a', [2]).set('b', 1)
  expect(synchronizer.setAnnotations(copy)).toEqual({ part: 'annotations', names: ['a', 'b'] })
})
