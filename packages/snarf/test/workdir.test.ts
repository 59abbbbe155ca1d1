import { collect, decorate, isStorageError, memory, toBytes, type MemoryStorage, type Path, type WritableStorage } from '@syncline/core'
import { fs } from '@syncline/fs'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { JSONPickler } from '../src/pickle/index.ts'
import {
  commitObjects,
  NotUpToDateError,
  stageObjects,
  updateObjects,
  type WorkingCopy,
  workingCopyOf,
  type ObjectContent,
  type UpdateItem,
} from '../src/workdir/index.ts'
import { contentModel, Doc, File, Folder } from './content-model.ts'

const { space } = contentModel()

function contentOf(children: Readonly<Record<string, unknown>>): ObjectContent {
  return { space, name: 'site', root: new Folder(children) }
}

function child<T = File>(content: ObjectContent, ...keys: readonly string[]): T {
  let object: unknown = content.root
  for (const key of keys) object = (object as Folder).children.get(key)
  return object as T
}

async function text(storage: WritableStorage, path: Path): Promise<string | undefined> {
  try {
    return Buffer.from(await collect(storage.read(path))).toString()
  } catch (error) {
    if (isStorageError(error, 'NOT_FOUND')) return undefined
    throw error
  }
}

function write(storage: WritableStorage, path: Path, content: string): Promise<unknown> {
  return storage.write(path, toBytes(content))
}

/** What an update did, but for what it only visited. */
function told({ items }: { readonly items: readonly UpdateItem[] }): readonly string[] {
  return items.filter(({ letter }) => letter !== '*' && letter !== '/').map(({ letter, path }) => `${letter} ${path}`)
}

interface Bench {
  readonly content: ObjectContent
  readonly storage: MemoryStorage
  readonly work: WorkingCopy
  /** Paths and states that are not "unchanged". */
  states(): Promise<readonly string[]>
}

async function bench(children: Readonly<Record<string, unknown>>, storage: MemoryStorage = memory()): Promise<Bench> {
  const content = contentOf(children)
  const work = workingCopyOf(content, storage)
  await updateObjects(content, work)
  const states = async (): Promise<readonly string[]> =>
    (await work.status()).filter(({ state }) => state !== 'unchanged').map(({ path, state }) => `${state} ${path}`)
  return { content, storage, work, states }
}

const lines = (...words: readonly string[]): string => words.map(word => `${word}\n`).join('')

describe('a working copy of objects', () => {
  test('a fresh one is unchanged, and has an original copy of every body and every extra', async () => {
    const { storage, states, work, content } = await bench({ a: new File('one', 'text/plain', 'A'), docs: new Folder({ b: new File('two') }) })
    expect(await states()).toEqual([])
    expect(await text(storage, 'site/@@Zope/Original/a')).toBe('one')
    expect(await text(storage, 'site/docs/@@Zope/Original/b')).toBe('two')
    expect(await text(storage, 'site/@@Zope/Extra/@@Zope/Original/a')).toContain('title')
    expect(told(await updateObjects(content, work))).toEqual([])
  })

  test('a change goes into the object, in place, and the working copy is clean again', async () => {
    const { content, storage, work, states } = await bench({ a: new File('one') })
    const object = child(content, 'a')
    await write(storage, 'site/a', 'two')
    expect(await states()).toEqual(['modified site/a'])
    const { items } = await commitObjects(content, work)
    expect(items.map(({ action, path }) => `${action} ${path}`)).toEqual(['update site/a'])
    expect([child(content, 'a'), object.data]).toEqual([object, 'two'])
    expect(await states()).toEqual([])
  })

  test('a change of the objects comes with an update; changes of both sides are merged', async () => {
    const { content, storage, work } = await bench({ a: new File(lines('1', '2', '3', '4')), b: new File('x') })
    child(content, 'a').data = lines('1', '2', '3', '4 theirs')
    child(content, 'b').data = 'y'
    await write(storage, 'site/a', lines('1 mine', '2', '3', '4'))
    expect(told(await updateObjects(content, work))).toEqual(['M site/a', 'U site/b'])
    expect(await text(storage, 'site/a')).toBe(lines('1 mine', '2', '3', '4 theirs'))
    await commitObjects(content, work)
    expect(child(content, 'a').data).toBe(lines('1 mine', '2', '3', '4 theirs'))
  })

  test('a conflict is shown by status, stops a commit, and is resolved by editing', async () => {
    const { content, storage, work, states } = await bench({ a: new File('one\n') })
    child(content, 'a').data = 'theirs\n'
    await write(storage, 'site/a', 'mine\n')
    expect(told(await updateObjects(content, work))).toEqual(['C site/a'])
    expect(await text(storage, 'site/a')).toBe('<<<<<<< working copy: site/a\nmine\n=======\ntheirs\n>>>>>>> repository: site/a\n')
    expect(await states()).toEqual(['conflict site/a'])
    expect(told(await updateObjects(content, work))).toEqual(['C site/a'])
    await expect(commitObjects(content, work)).rejects.toThrow('conflicts are open: site/a')
    await expect(work.resolve([''])).rejects.toThrow('both versions are still in site/a')
    await write(storage, 'site/a', 'both\n')
    expect(await work.resolve([''])).toEqual([{ path: 'site/a' }])
    await commitObjects(content, work)
    expect(child(content, 'a').data).toBe('both\n')
    expect(await states()).toEqual([])
  })

  test('binary files are never merged; ours or theirs ends the conflict, and what is given up is kept', async () => {
    const { content, storage, work, states } = await bench({ a: new File('0', 'image/png'), b: new File('0', 'image/png') })
    for (const name of ['a', 'b']) {
      child(content, name).data = `theirs ${name}`
      await write(storage, `site/${name}`, `mine ${name}`)
    }
    expect(told(await updateObjects(content, work))).toEqual(['C site/a', 'C site/b'])
    expect(await text(storage, 'site/a')).toBe('mine a')
    await expect(work.resolve(['site/a'])).rejects.toThrow('site/a could not be merged')
    const repository = await stageObjects(content, work)
    expect(await work.resolve(['site/a'], { take: 'ours', repository })).toEqual([{ path: 'site/a' }])
    expect(await work.resolve(['site/b'], { take: 'theirs', repository })).toEqual([{ path: 'site/b', saved: 'site/@@Zope/Saved/b' }])
    expect(await text(storage, 'site/@@Zope/Saved/b')).toBe('mine b')
    expect(await states()).toEqual(['modified site/a'])
    await commitObjects(content, work)
    expect([child(content, 'a').data, child(content, 'b').data]).toEqual(['mine a', 'theirs b'])
    expect(await states()).toEqual([])
  })

  test('ours of a conflict in a file is what it was, with what was merged without one', async () => {
    const { content, storage, work } = await bench({ a: new File(lines('1', '2', '3', '4', '5')) })
    child(content, 'a').data = lines('1 theirs', '2', '3', '4', '5 theirs')
    await write(storage, 'site/a', lines('1 mine', '1b mine', '2', '3', '4', '5'))
    expect(told(await updateObjects(content, work))).toEqual(['C site/a'])
    await work.resolve(['site/a'], { take: 'ours', repository: await stageObjects(content, work) })
    await commitObjects(content, work)
    expect(child(content, 'a').data).toBe(lines('1 mine', '1b mine', '2', '3', '4', '5 theirs'))
  })

  test('JSON pickles are merged by keys', async () => {
    const model = contentModel()
    const json = contentModel({ pickler: new JSONPickler(model.registry) })
    const content: ObjectContent = { space: json.space, name: 'site', root: new Folder({ doc: new Doc({ a: 1, b: 2 }) }) }
    const storage = memory()
    const work = workingCopyOf(content, storage)
    await updateObjects(content, work)
    const before = (await text(storage, 'site/doc')) as string
    await write(storage, 'site/doc', before.replace('"a": 1', '"a": 10'))
    ;(content.root as Folder).children.set('doc', new Doc({ a: 1, b: 20 }))
    expect(told(await updateObjects(content, work))).toEqual(['M site/doc'])
    await commitObjects(content, work)
    expect(child(content, 'doc')).toEqual(new Doc({ a: 10, b: 20 }))
  })

  test('add, mkdir, copy and remove go into the objects', async () => {
    const { content, storage, work, states } = await bench({ a: new File('one', 'text/plain', 'A'), gone: new File('old') })
    await work.makeDirectory('site/docs', { factory: 'app.models.Folder' })
    await write(storage, 'site/docs/b', 'two')
    await work.add('site/docs/b', { factory: 'app.models.File' })
    await work.copy('site/a', 'site/docs/a2')
    await work.remove('site/gone')
    expect(await states()).toEqual([
      'added site/docs',
      'added site/docs/a2',
      'added site/docs/@@Zope/Extra/a2',
      'added site/docs/b',
      'removed site/gone',
    ])
    const { items } = await commitObjects(content, work)
    expect(items.map(({ action, path }) => `${action} ${path}`).sort()).toEqual([
      'create site/docs',
      'create site/docs/a2',
      'create site/docs/b',
      'delete site/gone',
    ])
    expect(child(content, 'docs', 'b')).toEqual(new File('two'))
    expect(child(content, 'docs', 'a2').data).toBe('one')
    expect(child(content, 'gone')).toBeUndefined()
    expect(await states()).toEqual([])
    expect(told(await updateObjects(content, work))).toEqual([])
  })

  test('a directory is added with what is in it, but for what other tools leave', async () => {
    const { content, storage, work } = await bench({})
    for (const path of ['site/new/x', 'site/new/x~', 'site/new/deep/y']) await write(storage, path, path)
    await expect(work.add('site/new/x')).rejects.toThrow('nothing is known about site/new, the directory of site/new/x; add it first')
    expect(await work.add('site/new')).toEqual(['site/new', 'site/new/deep', 'site/new/deep/y', 'site/new/x'])
    await expect(commitObjects(content, work)).rejects.toThrow("Don't know how to create object for site/new")
  })

  test('revert brings back what was changed, removed and lost, keeps what it gives up, and leaves what was added as a file', async () => {
    const { storage, work, states } = await bench({ a: new File('one'), b: new File('two'), c: new File('three') })
    await write(storage, 'site/a', 'changed')
    await work.remove('site/b')
    await storage.remove('site/c')
    await write(storage, 'site/d', 'new')
    await work.add('site/d')
    expect(await states()).toEqual(['modified site/a', 'removed site/b', 'lost site/c', 'added site/d'])
    expect(await work.revert(['site'])).toEqual([
      { path: 'site/a', saved: 'site/@@Zope/Saved/a' },
      { path: 'site/b' },
      { path: 'site/c' },
      { path: 'site/d' },
    ])
    expect(await states()).toEqual(['unregistered site/d'])
    expect(await Promise.all(['a', 'b', 'c', 'd', '@@Zope/Saved/a'].map(name => text(storage, `site/${name}`)))).toEqual([
      'one',
      'two',
      'three',
      'new',
      'changed',
    ])
  })

  test('diff shows changes against the original copies', async () => {
    const { storage, work } = await bench({ a: new File(lines('1', '2')), b: new File('x') })
    await write(storage, 'site/a', lines('1', '2 mine'))
    await write(storage, 'site/b', 'x\0y')
    expect(await work.diff()).toEqual([
      {
        path: 'site/a',
        state: 'modified',
        patch:
          'Index: site/a\n===================================================================\n--- a/site/a\t\n+++ b/site/a\t\n@@ -1,2 +1,2 @@\n 1\n-2\n+2 mine\n'.replaceAll(
            '\t',
            '',
          ),
      },
      { path: 'site/b', state: 'modified', patch: undefined },
    ])
  })
})

describe('nothing unsaved is lost', () => {
  test('a file that nobody added is not overwritten by a new object of its name', async () => {
    const { content, storage, work, states } = await bench({})
    await write(storage, 'site/a', 'mine')
    child<Folder>(content).children.set('a', new File('theirs'))
    expect(told(await updateObjects(content, work))).toEqual(['C site/a'])
    expect([await text(storage, 'site/a'), await states()]).toEqual(['mine', ['conflict site/a']])
    // Moved away, it is no conflict any more.
    await storage.move('site/a', 'site/mine')
    expect(told(await updateObjects(content, work))).toEqual(['U site/a', '? site/mine'])
    expect([await text(storage, 'site/a'), await states()]).toEqual(['theirs', ['unregistered site/mine']])
  })

  test('an object that is deleted while its file is edited stays, alone or with its directory; ours makes it anew', async () => {
    const { content, storage, work, states } = await bench({ a: new File('one'), docs: new Folder({ b: new File('two'), c: new File('three') }) })
    child<Folder>(content).children.clear()
    await write(storage, 'site/a', 'mine a')
    await write(storage, 'site/docs/b', 'mine b')
    expect(told(await updateObjects(content, work))).toEqual(['C site/a', 'C site/docs/b', 'D site/docs/c', 'C site/docs'])
    expect([await text(storage, 'site/a'), await text(storage, 'site/docs/b'), await text(storage, 'site/docs/c')]).toEqual([
      'mine a',
      'mine b',
      undefined,
    ])
    await work.resolve(['site'], { take: 'ours', repository: await stageObjects(content, work) })
    expect(await states()).toEqual(['added site/a', 'added site/docs', 'added site/docs/b'])
    await commitObjects(content, work)
    expect([child(content, 'a').data, child(content, 'docs', 'b').data]).toEqual(['mine a', 'mine b'])
    expect(await states()).toEqual([])
  })

  test('theirs of a deleted object keeps the edited file aside', async () => {
    const { content, storage, work, states } = await bench({ a: new File('one') })
    child<Folder>(content).children.clear()
    await write(storage, 'site/a', 'mine')
    await updateObjects(content, work)
    expect(await work.resolve(['site/a'], { take: 'theirs', repository: await stageObjects(content, work) })).toEqual([
      { path: 'site/a', saved: 'site/@@Zope/Saved/a' },
    ])
    expect([await states(), await text(storage, 'site/@@Zope/Saved/a')]).toEqual([[], 'mine'])
  })

  test('files that nobody registered stay when the directory around them is deleted', async () => {
    const { content, storage, work, states } = await bench({ docs: new Folder({ b: new File('two') }) })
    await write(storage, 'site/docs/notes', 'mine')
    child<Folder>(content).children.clear()
    expect(told(await updateObjects(content, work))).toEqual(['D site/docs/b', '? site/docs/notes', 'D site/docs'])
    expect([await text(storage, 'site/docs/notes'), await states()]).toEqual(['mine', ['unregistered site/docs']])
  })

  test('an unmodified directory gives way to a file, a modified one does not', async () => {
    const { content, storage, work } = await bench({
      a: new Folder({ x: new File('1') }),
      b: new Folder({ x: new File('1') }),
      c: new File('1'),
      d: new File('1'),
    })
    await write(storage, 'site/b/x', 'mine')
    await write(storage, 'site/d', 'mine')
    const { children } = child<Folder>(content)
    for (const name of ['a', 'b']) children.set(name, new File('file now'))
    for (const name of ['c', 'd']) children.set(name, new Folder({ y: new File('2') }))
    expect(told(await updateObjects(content, work))).toEqual([
      'D site/a/x',
      'D site/a',
      'U site/a',
      'C site/b',
      'D site/c',
      'N site/c',
      'U site/c/y',
      'C site/d',
    ])
    expect(await Promise.all(['a', 'b/x', 'c/y', 'd'].map(name => text(storage, `site/${name}`)))).toEqual(['file now', 'mine', '2', 'mine'])
    expect(told(await updateObjects(content, work))).toEqual(['C site/b', 'C site/d'])
  })

  test('remove refuses what is nowhere else', async () => {
    const { storage, work, states } = await bench({ docs: new Folder({ a: new File('one'), b: new File('two') }) })
    await write(storage, 'site/docs/a', 'changed')
    await write(storage, 'site/docs/new', 'mine')
    await expect(work.remove('site/docs')).rejects.toThrow('site/docs/a (modified), site/docs/new (unregistered)')
    expect(await states()).toEqual(['modified site/docs/a', 'unregistered site/docs/new'])
  })

  test('remove refuses a directory with files of other tools or saved ones in it', async () => {
    const { storage, work } = await bench({ docs: new Folder({ a: new File('one') }) })
    await write(storage, 'site/docs/a', 'changed')
    await work.revert(['site/docs/a'])
    await write(storage, 'site/docs/b~', 'mine')
    await expect(work.remove('site/docs')).rejects.toThrow('site/docs/b~ (unregistered), site/docs/@@Zope/Saved/a (saved)')
    expect(await text(storage, 'site/docs/a')).toBe('one')
  })

  test('what others put into a directory that is removed here is not deleted unseen', async () => {
    const { content, work, states } = await bench({
      docs: new Folder({ a: new File('one', 'text/plain', 'title') }),
      old: new Folder({ b: new File('1') }),
    })
    await work.remove('site/docs')
    await work.remove('site/old')
    expect(await states()).toEqual(['removed site/docs', 'removed site/old'])
    child<Folder>(content, 'docs').children.set('new', new File('theirs'))
    await expect(commitObjects(content, work)).rejects.toThrow(NotUpToDateError)
    expect(told(await updateObjects(content, work))).toEqual(['C site/docs', 'R site/old'])
    await work.resolve(['site/docs'], { take: 'theirs', repository: await stageObjects(content, work) })
    await updateObjects(content, work)
    await commitObjects(content, work)
    expect([child(content, 'docs', 'new').data, child(content, 'old')]).toEqual(['theirs', undefined])
    expect(await states()).toEqual([])
  })

  test('a directory that somebody else deleted from the disk is brought back, or removed on request once its content was seen', async () => {
    const { content, storage, work, states } = await bench({ docs: new Folder({ a: new File('one') }) })
    for (const path of [
      'a',
      '@@Zope/Original/a',
      '@@Zope/Original/@@Zope/Entries.xml',
      '@@Zope/Entries.xml',
      '@@Zope/Original/@@Zope',
      '@@Zope/Original',
      '@@Zope',
      '',
    ])
      await storage.remove(path === '' ? 'site/docs' : `site/docs/${path}`)
    expect(await states()).toEqual(['lost site/docs'])
    await expect(commitObjects(content, work)).rejects.toThrow('files are missing, or there again: site/docs')
    await work.remove('site/docs')
    await expect(commitObjects(content, work)).rejects.toThrow('update first')
    expect(told(await updateObjects(content, work))).toEqual(['R site/docs'])
    await commitObjects(content, work)
    expect(child(content, 'docs')).toBeUndefined()
  })

  test('attributes that others changed are not written back by a commit', async () => {
    const { content, storage, work } = await bench({ a: new File('one'), b: new File('one') })
    child(content, 'a').contentType = 'image/png'
    await write(storage, 'site/b', 'two')
    await expect(commitObjects(content, work)).rejects.toThrow('has not: site/a')
    expect(told(await updateObjects(content, work))).toEqual(['M site/b'])
    await commitObjects(content, work)
    expect([child(content, 'a').contentType, child(content, 'b').data]).toEqual(['image/png', 'two'])
  })

  test('a list of entries that is gone comes back whole with an update', async () => {
    const { content, storage, work, states } = await bench({ a: new File('one') })
    const entries = await text(storage, 'site/@@Zope/Entries.xml')
    await storage.remove('site/@@Zope/Entries.xml')
    expect(await states()).toEqual(['unregistered site/a'])
    expect(told(await updateObjects(content, work))).toEqual(['U site/a'])
    expect([await text(storage, 'site/@@Zope/Entries.xml'), await states()]).toEqual([entries, []])
  })

  test('what is edited while a commit runs stays', async () => {
    const { content, storage, work, states } = await bench({ a: new File(lines('1', '2', '3')) })
    await write(storage, 'site/a', lines('1', '2', '3 committed'))
    await commitObjects(content, work, { save: () => write(storage, 'site/a', lines('1 later', '2', '3 committed')).then(() => undefined) })
    expect(child(content, 'a').data).toBe(lines('1', '2', '3 committed'))
    expect(await text(storage, 'site/a')).toBe(lines('1 later', '2', '3 committed'))
    expect(await states()).toEqual(['modified site/a'])
  })

  test('what is edited while an update runs stays, and the update says so', async () => {
    const { content, storage, states } = await bench({ a: new File('one'), b: new File('one') })
    child(content, 'a').data = 'theirs'
    child(content, 'b').data = 'theirs'
    const busy = decorate(storage, {
      write: async (path, bytes, options) => {
        if (path === 'site/a') await write(storage, 'site/b', 'typed just now')
        return storage.write(path, bytes, options)
      },
    })
    const { failures } = await updateObjects(content, workingCopyOf(content, busy))
    expect(failures.map(({ path }) => path)).toEqual(['site/b'])
    expect(String(failures[0]?.error)).toContain('was changed by somebody else while it was updated')
    expect([await text(storage, 'site/a'), await text(storage, 'site/b'), await states()]).toEqual(['theirs', 'typed just now', ['modified site/b']])
  })

  test('content that changes between check and commit makes the commit refuse', async () => {
    const { content, storage, work } = await bench({ a: new File('one'), b: new File('one') })
    await write(storage, 'site/a', 'mine')
    let reads = 0
    const busy = decorate(storage, {
      read: (path, options) => {
        if (path === 'site/a' && ++reads === 3) child(content, 'b').data = 'theirs'
        return storage.read(path, options)
      },
    })
    await expect(commitObjects(content, workingCopyOf(content, busy))).rejects.toThrow()
    expect([child(content, 'a').data, child(content, 'b').data]).toEqual(['one', 'theirs'])
    expect(work.storage).toBe(storage)
  })

  test('a commit that cannot be kept leaves the working copy as it was', async () => {
    const { content, storage, work, states } = await bench({ a: new File('one') })
    await write(storage, 'site/a', 'two')
    await expect(commitObjects(content, work, { save: () => Promise.reject(new Error('disk full')) })).rejects.toThrow('disk full')
    expect(await states()).toEqual(['modified site/a'])
  })

  test('a dry run changes nothing', async () => {
    const { content, storage, work } = await bench({ a: new File('one'), b: new File('one') })
    await write(storage, 'site/a', 'two')
    const { items } = await commitObjects(content, work, { dryRun: true })
    expect([items.length, child(content, 'a').data]).toEqual([1, 'one'])
    child(content, 'b').data = 'theirs'
    expect(told(await updateObjects(content, work, { dryRun: true }))).toEqual(['M site/a', 'U site/b'])
    expect(await text(storage, 'site/b')).toBe('one')
  })

  test('keys that are one file name where case does not count keep their files, whatever comes beside them', async () => {
    const { content, storage, work } = await bench({ a: new File('small') }, memory({ capabilities: { exactNames: false } }))
    child<Folder>(content).children.set('A', new File('big'))
    expect(told(await updateObjects(content, work))).toEqual(['U site/A-1'])
    expect([await text(storage, 'site/a'), await text(storage, 'site/A-1')]).toEqual(['small', 'big'])
    await write(storage, 'site/A-1', 'bigger')
    await commitObjects(content, work)
    expect([child(content, 'a').data, child(content, 'A').data]).toEqual(['small', 'bigger'])
  })
})

describe('where the original went wrong', () => {
  test('a change behind the first 32 KiB of a file is seen and committed (1)', async () => {
    const { content, storage, work, states } = await bench({ a: new File('x'.repeat(40_000)) })
    await write(storage, 'site/a', `${'x'.repeat(40_000)}y`)
    expect(await states()).toEqual(['modified site/a'])
    await commitObjects(content, work)
    expect(child(content, 'a').data).toMatch(/xy$/)
  })

  test('a local change survives the deletion of its object (10)', async () => {
    const { content, storage, work } = await bench({ a: new File('one') })
    child<Folder>(content).children.delete('a')
    await write(storage, 'site/a', 'mine')
    await updateObjects(content, work)
    expect(await text(storage, 'site/a')).toBe('mine')
  })

  test('the metadata in a directory are no change of it (11)', async () => {
    const { content, storage, work } = await bench({ a: new Folder({ x: new File('1', 'text/plain', 'title') }) })
    child<Folder>(content).children.set('a', new File('file now'))
    expect(told(await updateObjects(content, work))).not.toContain('C site/a')
    expect(await text(storage, 'site/a')).toBe('file now')
  })

  test('an added directory gets the attributes of its object with the commit (13)', async () => {
    const { content, storage, work } = await bench({})
    await work.makeDirectory('site/docs', { factory: 'app.models.Folder' })
    await commitObjects(content, work)
    const entries = await text(storage, 'site/@@Zope/Entries.xml')
    expect(entries).toContain('type="app.models.Folder"')
    expect(entries).not.toContain('flag')
  })

  test('the mark of a conflict is text that is written and read (24)', async () => {
    const { content, storage, work } = await bench({ a: new File('0\n') })
    child(content, 'a').data = 'theirs\n'
    await write(storage, 'site/a', 'mine\n')
    await updateObjects(content, work)
    expect(await text(storage, 'site/@@Zope/Entries.xml')).toContain('conflict="yes"')
  })

  test('lists of entries that were rewritten have the bytes of a fresh checkout (26)', async () => {
    const { content, storage, work } = await bench({
      a: new File('0', 'image/png', 'title'),
      b: new File('1'),
      docs: new Folder({ c: new File('2') }),
    })
    await write(storage, 'site/b', 'changed')
    await work.copy('site/docs', 'site/docs2')
    await work.remove('site/a')
    await commitObjects(content, work)
    const fresh = await stageObjects(content, work)
    for await (const path of fresh.paths())
      expect({ path, text: await text(storage, path) }).toEqual({ path, text: Buffer.from(await collect(fresh.read(path))).toString() })
  })
})

describe('a working copy in a directory', () => {
  test('survives being read anew, with a symbolic link in it that nothing follows', async () => {
    const root = mkdtempSync(join(tmpdir(), 'syncline-work-'))
    onTestFinished(() => rmSync(root, { recursive: true, force: true }))
    const content = contentOf({ a: new File('one'), b: new File('two') })
    const open = (): WorkingCopy => workingCopyOf(content, fs(join(root, 'work')))
    await updateObjects(content, open())
    writeFileSync(join(root, 'work/site/a'), 'mine')
    child(content, 'b').data = 'theirs'
    expect(told(await updateObjects(content, open()))).toEqual(['M site/a', 'U site/b'])
    expect(readFileSync(join(root, 'work/site/b'), 'utf8')).toBe('theirs')
    await commitObjects(content, open())
    expect(child(content, 'a').data).toBe('mine')
  })
})
