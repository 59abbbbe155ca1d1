/** Objects that refer to each other across files: what lies elsewhere in the tree is a reference to its path, and comes back as that very object. */
import { collectText, memory, toBytes } from '@syncline/core'
import { describe, expect, test } from 'vitest'
import type { ObjectSpace } from '../src/objects/index.ts'
import {
  Check,
  Checkout,
  Commit,
  CommitError,
  DefaultSynchronizer,
  repositoryFromStorage,
  SnarfRepository,
  type CommitItem,
  type ObjectSpaceOptions,
} from '../src/objects/index.ts'
import { JSONPickler, YAMLPickler } from '../src/pickle/index.ts'
import { commitObjects, updateObjects, workingCopyOf } from '../src/workdir/index.ts'
import { XMLPickler } from '../src/xmlpickle/index.ts'
import { contentModel, Doc, File, Folder } from './content-model.ts'

const picklers = { xml: XMLPickler, json: JSONPickler, yaml: YAMLPickler }
type Format = keyof typeof picklers
type Refers = Doc & Record<string, unknown>

function spaceOf(format: Format): ObjectSpace {
  return contentModel({ picklerOf: picklers[format] }).space.synchronizer('zope.fssync.synchronizer.Extras', DefaultSynchronizer)
}

const actions = (items: readonly CommitItem[]): string[] => items.map(({ action, path }) => `${action} ${path}`)

async function checkedOut(space: ObjectSpace, site: Folder): Promise<SnarfRepository> {
  const repository = new SnarfRepository()
  await new Checkout(space, repository).perform(site, 'site')
  return repository
}

async function madeFrom(space: ObjectSpace, repository: SnarfRepository): Promise<Map<unknown, unknown>> {
  const target: { site?: Folder } = {}
  await new Commit(space, repository).perform(target, 'site', 'site')
  const { site } = target
  if (site === undefined) throw new Error('no site was made')
  expect((await new Check(space, repository).check(target, 'site', 'site')).conflicts).toEqual([])
  expect((await new Check(space, repository).check(site, '', 'site')).conflicts).toEqual([])
  return site.children
}

const at = (children: Map<unknown, unknown>, ...keys: readonly string[]): Refers =>
  keys.reduce<unknown>((object, key) => (object instanceof Folder ? object.children : (object as Map<unknown, unknown>)).get(key), children) as Refers

describe.each<Format>(['xml', 'json', 'yaml'])('references by path in %s', format => {
  test('what several objects share lies in one file and is one object again', async () => {
    const space = spaceOf(format)
    const author = new Doc({ name: 'Ana' })
    const site = new Folder({ a: new Doc({ by: author }), people: new Folder({ ana: author }), z: new Doc({ by: [author, author] }) })
    const repository = await checkedOut(space, site)
    expect(await collectText(repository.read('site/a'))).toContain('/site/people/ana')
    expect(await collectText(repository.read('site/a'))).not.toContain('Ana')
    const made = await madeFrom(space, repository)
    const ana = at(made, 'people', 'ana')
    expect(ana).toEqual(author)
    expect(at(made, 'a')['by']).toBe(ana)
    expect((at(made, 'z')['by'] as unknown[]).every(one => one === ana)).toBe(true)
  })

  test('circles, folders, files with a body and the own container are the same objects again', async () => {
    const space = spaceOf(format)
    const [left, right, file, folder] = [new Doc() as Refers, new Doc() as Refers, new File('text'), new Folder()]
    Object.assign(left, { other: right, file, folder })
    Object.assign(right, { other: left, self: right })
    folder.children.set('inner', new Doc({ up: folder, left }))
    const repository = await checkedOut(space, new Folder({ left, right, file, folder }))
    expect(await collectText(repository.read('site/folder/inner'))).toContain('..')
    const made = await madeFrom(space, repository)
    expect(at(made, 'left')).toMatchObject({ other: { self: expect.anything() as unknown } })
    expect(at(made, 'left')['other']).toBe(at(made, 'right'))
    expect(at(made, 'right')['other']).toBe(at(made, 'left'))
    expect(at(made, 'right')['self']).toBe(at(made, 'right'))
    expect(at(made, 'left')['file']).toBe(at(made, 'file'))
    expect(at(made, 'left')['folder']).toBe(at(made, 'folder'))
    expect(at(made, 'folder', 'inner')['up']).toBe(at(made, 'folder'))
    expect(at(made, 'folder', 'inner')['left']).toBe(at(made, 'left'))
  })

  test('values without a class of their own, and long chains in both directions, come back', async () => {
    const space = spaceOf(format)
    const list = [1, 2]
    const chain = Array.from({ length: 400 }, () => new Doc() as Refers)
    chain.forEach((doc, i) => Object.assign(doc, { next: chain[i + 1] ?? null, last: chain[i - 1] ?? null }))
    const site = new Folder({ list, uses: new Doc({ list }), ...Object.fromEntries(chain.map((doc, i) => [`d${i}`, doc])) })
    const made = await madeFrom(space, await checkedOut(space, site))
    expect(at(made, 'uses')['list']).toBe(at(made, 'list'))
    for (let i = 1; i < chain.length; i++) {
      expect(at(made, `d${i}`)['last']).toBe(at(made, `d${i - 1}`))
      expect(at(made, `d${i - 1}`)['next']).toBe(at(made, `d${i}`))
    }
  })

  test('an object that moved is referred to where it is now', async () => {
    const space = spaceOf(format)
    const author = new Doc({ name: 'Ana' })
    const site = new Folder({ a: new Doc({ by: author }), people: new Folder({ ana: author }), staff: new Folder() })
    ;(site.children.get('people') as Folder).children.delete('ana')
    ;(site.children.get('staff') as Folder).children.set('ana', author)
    const repository = await checkedOut(space, site)
    expect(await collectText(repository.read('site/a'))).toContain('/site/staff/ana')
    const made = await madeFrom(space, repository)
    expect(at(made, 'a')['by']).toBe(at(made, 'staff', 'ana'))
  })

  test('a reference to nothing, and what is no reference, end the commit and change nothing', async () => {
    const space = spaceOf(format)
    const repository = await checkedOut(space, new Folder({ a: new Doc({ to: new Doc({ n: 1 }) }), b: new Doc({ n: 2 }) }))
    const linked = await checkedOut(space, withLink(new Doc()))
    const pickle = await collectText(linked.read('site/a'))
    for (const [wrong, message] of [
      ['/site/nobody', /site\/a: it refers to \/site\/nobody, and there is no such object/],
      ['nobody', /unknown persistent object reference: \\?"nobody/],
    ] as const) {
      await repository.write('site/a', toBytes(pickle.replace('/site/x', wrong)))
      const target = {}
      await expect(new Commit(space, repository).perform(target, 'site', 'site')).rejects.toThrow(message)
      expect(target).toEqual({})
    }
  })
})

function withLink(x: object): Folder {
  return new Folder({ a: new Doc({ x }), x })
}

describe('references by path', () => {
  test('who refers to an object that a commit replaces gets the new one, and so do those who refer to that', async () => {
    const space = spaceOf('xml')
    const x = new Doc({ n: 1 })
    const [direct, far] = [new Doc({ x }), new Doc() as Refers]
    Object.assign(far, { direct })
    const site = new Folder({ direct, far, other: new Doc({ n: 5 }), x })
    const other = site.children.get('other')
    const repository = await checkedOut(space, site)
    await repository.write('site/x', new XMLPickler(space.registry).dump(new Doc({ n: 2 })))
    const { items } = await new Commit(space, repository).perform(site, '', 'site')
    expect(actions(items)).toEqual(['replace site/x', 'replace site/direct', 'replace site/far'])
    expect(items[1]?.reason).toBe('it refers to /site/x, which becomes another object')
    expect(at(site.children, 'x')['n']).toBe(2)
    expect(at(site.children, 'direct')['x']).toBe(at(site.children, 'x'))
    expect(at(site.children, 'far')['direct']).toBe(at(site.children, 'direct'))
    expect(site.children.get('other')).toBe(other)
    expect((await new Commit(space, repository).perform(site, '', 'site')).items).toEqual([])
  })

  test('a commit that fails brings back what it linked again', async () => {
    const space = spaceOf('xml')
    const site = withLink(new Doc({ n: 1 }))
    const before = new Map(site.children)
    const repository = await checkedOut(space, site)
    await repository.write('site/x', new XMLPickler(space.registry).dump(new Doc({ n: 2 })))
    const commit = new Commit(space, repository)
    commit.synchOld = async step => {
      await step.run()
      step.addCallback(() => {
        throw new Error('no')
      })
    }
    await expect(commit.perform(site, '', 'site')).rejects.toThrow('no')
    expect([...site.children].every(([key, value]) => before.get(key) === value)).toBe(true)
  })

  test('an object that others refer to is not taken away, unless they are changed in the same commit', async () => {
    const space = spaceOf('xml')
    const site = withLink(new Doc({ n: 1 }))
    const repository = await checkedOut(space, site)
    const metadata = repository.metadata()
    await metadata.set('site/x', { ...(await metadata.get('site/x')), flag: 'removed' })
    await metadata.flush()
    const commit = new Commit(space, repository)
    await expect(commit.perform(site, '', 'site')).rejects.toThrow('site/a: it refers to /site/x, which this commit takes away')
    expect([...site.children.keys()]).toEqual(['a', 'x'])
    await repository.write('site/a', new XMLPickler(space.registry).dump(new Doc({ x: null })))
    expect(actions((await commit.perform(site, '', 'site')).items)).toEqual(['replace site/a', 'delete site/x'])
    expect(at(site.children, 'a')['x']).toBe(null)
  })

  test('extras refer to objects of the tree, and follow when these are replaced', async () => {
    const space = spaceOf('xml')
    const x = new Doc({ n: 1 })
    const file = new File('text', 'text/plain', x as unknown as string)
    const site = new Folder({ file, x })
    const repository = await checkedOut(space, site)
    expect(await collectText(repository.read('site/@@Zope/Extra/file'))).toContain('<persistent> <string>/site/x</string> </persistent>')
    const made = await madeFrom(space, repository)
    expect((made.get('file') as File).title).toBe(made.get('x'))
    await repository.write('site/x', new XMLPickler(space.registry).dump(new Doc({ n: 2 })))
    await new Commit(space, repository).perform(site, '', 'site')
    expect(file.title).toBe(site.children.get('x'))
    expect(at(site.children, 'x')['n']).toBe(2)
  })

  test('a reference is by keys, whatever the files are called', async () => {
    const space = spaceOf('xml')
    const [x, y] = [new Doc({ n: 1 }), new Doc({ n: 2 })]
    const site = new Folder({ X: x, x: y, a: new Doc({ x, y }) })
    const storage = memory({ capabilities: { exactNames: false } })
    await new Checkout(space, repositoryFromStorage(storage)).perform(site, 'site')
    const target: { site?: Folder } = {}
    await new Commit(space, repositoryFromStorage(storage)).perform(target, 'site', 'site')
    const made = target.site?.children ?? new Map<unknown, unknown>()
    expect(at(made, 'a')['x']).toBe(made.get('X'))
    expect(at(made, 'a')['y']).toBe(made.get('x'))
  })

  test('a part of a tree is checked out and committed with its references, if its container is told', async () => {
    const space = spaceOf('xml')
    const x = new Doc({ n: 1 })
    const site = new Folder({ x, docs: new Folder({ a: new Doc({ x }) }) })
    const repository = await checkedOut(space, site)
    const whole = await collectText(repository.read('site/docs/a'))
    expect(whole).toContain('/site/x')
    await new Checkout(space, repository).perform(site.children.get('docs'), 'docs', 'site', { container: site })
    expect(await collectText(repository.read('site/docs/a'))).toBe(whole)
    const { conflicts } = await new Check(space, repository).check(site, 'docs', 'site/docs')
    expect(conflicts).toEqual([])
    const another = new Folder({ x: new Doc({ n: 7 }) })
    await new Commit(space, repository).perform(another, 'docs', 'site/docs')
    expect(at(another.children, 'docs', 'a')['x']).toBe(another.children.get('x'))
  })

  test.each<[string, Partial<ObjectSpaceOptions>]>([
    ['references: value', { references: 'value' }],
    ['zope-3.6.1', { compat: 'zope-3.6.1' }],
  ])('with %s a pickle holds a copy', async (_, options) => {
    const { space } = contentModel(options)
    const repository = await checkedOut(space, withLink(new Doc({ number: 17 })))
    expect(await collectText(repository.read('site/a'))).toContain('<int>17</int>')
    await repository.write('site/a', toBytes('<pickle><persistent><string>/site/x</string></persistent></pickle>'))
    await expect(new Commit(space, repository).perform({}, 'site', 'site')).rejects.toThrow(CommitError)
  })

  test('what a function of the space says of references counts instead of paths', async () => {
    const known = new Doc({ number: 17 })
    const { space } = contentModel({ persistentId: object => (object === known ? 'seventeen' : undefined), persistentLoad: () => known })
    const repository = await checkedOut(space, new Folder({ a: new Doc({ known }) }))
    expect(await collectText(repository.read('site/a'))).toContain('<persistent> <string>seventeen</string> </persistent>')
    expect(at(await madeFrom(space, repository), 'a')['known']).toBe(known)
  })

  test('a working copy commits a change of what others refer to, and has nothing left to update', async () => {
    const space = spaceOf('xml')
    const root = withLink(new Doc({ n: 1 }))
    const content = { space, name: 'site', root: root as unknown }
    const storage = memory()
    const work = workingCopyOf(content, storage)
    await updateObjects(content, work)
    await storage.write('site/x', toBytes((await collectText(storage.read('site/x'))).replace('>1<', '>2<')))
    const { update } = await commitObjects(content, work)
    expect(at(root.children, 'a')['x']).toBe(root.children.get('x'))
    expect(at(root.children, 'x')['n']).toBe(2)
    expect(update.failures).toEqual([])
    expect((await work.status()).filter(({ state }) => state !== 'unchanged')).toEqual([])
    expect((await updateObjects(content, work)).items.filter(({ letter }) => letter !== '*' && letter !== '/')).toEqual([])
  })
})
