import { collect, decorate, memory, toBytes, type MemoryStorage, type Path, type WritableStorage } from '@syncline/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CommitError, RevisionError } from '../src/objects/index.ts'
import { commitObjects, stageObjects, updateObjects, WorkingCopyError, workingCopyOf, type ObjectContent } from '../src/workdir/index.ts'
import { contentModel, File, Folder } from './content-model.ts'

const { space } = contentModel()

async function filesOf(storage: WritableStorage): Promise<Map<Path, string>> {
  const files = new Map<Path, string>()
  for await (const page of storage.list(''))
    for (const { kind, path } of Array.isArray(page) ? page : [page])
      if (kind === 'file') files.set(path, Buffer.from(await collect(storage.read(path))).toString())
  return files
}

/** Everything that people see: not the metadata. */
async function visible(storage: WritableStorage): Promise<Record<Path, string>> {
  return Object.fromEntries([...(await filesOf(storage))].filter(([path]) => !path.includes('@@Zope')))
}

const lines = (...words: readonly string[]): string => words.map(word => `${word}\n`).join('')

/** A storage that dies before its n-th change, and stays dead. */
function mortal(storage: MemoryStorage, changes: number): { readonly storage: WritableStorage; readonly isDead: () => boolean } {
  let left = changes
  const live = (): void => {
    if (left-- <= 0) throw new Error('killed')
  }
  const dying = decorate(storage, {
    write: async (path, content, options) => {
      live()
      return storage.write(path, content, options)
    },
    remove: async (path, options) => {
      live()
      return storage.remove(path, options)
    },
  })
  return { storage: dying, isDead: () => left < 0 }
}

/** Both sides have changed everything that can change. */
async function worked(): Promise<{ content: ObjectContent; storage: MemoryStorage }> {
  const text = lines('1', '2', '3', '4', '5')
  const site = new Folder({
    same: new File(text),
    mine: new File(text),
    theirs: new File(text),
    merged: new File(text, 'text/plain', 'title'),
    conflict: new File(text),
    gone: new File(text),
    edited: new File(text),
    removed: new File(text),
    deep: new Folder({ a: new File(text), b: new File(text) }),
    oldDirectory: new Folder({ a: new File(text, 'text/plain', 'A') }),
    removedDirectory: new Folder({ a: new File(text) }),
    turned: new Folder({ a: new File(text) }),
  })
  const content: ObjectContent = { space, name: 'site', root: site }
  const storage = memory()
  const work = workingCopyOf(content, storage)
  await updateObjects(content, work)
  const local: Readonly<Record<string, string>> = {
    mine: lines('1 mine', '2', '3', '4', '5'),
    merged: lines('1 mine', '2', '3', '4', '5'),
    conflict: lines('1', '2', '3 mine', '4', '5'),
    edited: lines('edited'),
    added: lines('added'),
    'deep/a': lines('1', '2', '3', '4', '5 deep'),
  }
  for (const [path, body] of Object.entries(local)) await storage.write(`site/${path}`, toBytes(body))
  await work.add('site/added', { factory: 'app.models.File' })
  await work.remove('site/removed')
  await work.remove('site/removedDirectory')
  const get = (name: string): File => site.children.get(name) as File
  get('theirs').data = lines('theirs')
  get('theirs').contentType = 'image/png'
  get('same').contentType = 'image/png'
  get('merged').data = lines('1', '2', '3', '4', '5 theirs')
  get('merged').title = 'another'
  get('conflict').data = lines('1', '2', '3 theirs', '4', '5')
  for (const name of ['gone', 'edited', 'oldDirectory']) site.children.delete(name)
  site.children.set('turned', new File('a file now'))
  site.children.set('new', new Folder({ n: new File('new') }))
  return { content, storage }
}

describe('a kill', () => {
  test(
    'in the middle of an update leaves what the next update goes on with: the same files in the end, whatever was changed',
    { timeout: 60_000 },
    async () => {
      const whole = await worked()
      await updateObjects(whole.content, workingCopyOf(whole.content, whole.storage))
      const [expected, states] = [await visible(whole.storage), await workingCopyOf(whole.content, whole.storage).status()]
      expect(states.filter(({ state }) => state === 'conflict').map(({ path }) => path)).toEqual(['site/conflict', 'site/edited'])
      let kills = 0
      for (let changes = 0; ; changes++) {
        const { content, storage } = await worked()
        const { storage: dying, isDead } = mortal(storage, changes)
        await updateObjects(content, workingCopyOf(content, dying)).catch(() => undefined)
        if (!isDead()) break
        kills++
        const { failures } = await updateObjects(content, workingCopyOf(content, storage))
        expect(failures).toEqual([])
        expect({ changes, files: await visible(storage) }).toEqual({ changes, files: expected })
        expect({ changes, states: await workingCopyOf(content, storage).status() }).toEqual({ changes, states })
      }
      expect(kills).toBeGreaterThan(30)
    },
  )

  test('in the middle of a commit leaves all of it or nothing in the objects, and the next command goes on', { timeout: 60_000 }, async () => {
    const prepare = async (): Promise<{ content: ObjectContent; storage: MemoryStorage }> => {
      const { content, storage } = await worked()
      const work = workingCopyOf(content, storage)
      await updateObjects(content, work)
      await work.resolve([''], { take: 'ours', repository: await stageObjects(content, work) })
      await storage.write('site/conflict', toBytes('decided'))
      return { content, storage }
    }
    const whole = await prepare()
    await commitObjects(whole.content, workingCopyOf(whole.content, whole.storage))
    const expected = await visible(whole.storage)
    for (let changes = 0; ; changes++) {
      const { content, storage } = await prepare()
      const { storage: dying, isDead } = mortal(storage, changes)
      await commitObjects(content, workingCopyOf(content, dying)).catch(() => undefined)
      if (!isDead()) break
      const work = workingCopyOf(content, storage)
      await updateObjects(content, work)
      await commitObjects(content, work)
      expect({ changes, files: await visible(storage) }).toEqual({ changes, files: expected })
      expect((await work.status()).filter(({ state }) => state !== 'unchanged')).toEqual([])
    }
  })

  test('in the middle of remove, copy or revert leaves every byte somewhere', async () => {
    const commands: Readonly<Record<string, (work: ReturnType<typeof workingCopyOf>) => Promise<unknown>>> = {
      remove: work => work.remove('site/deep'),
      copy: work => work.copy('site/deep', 'site/deep2'),
      revert: work => work.revert(['site/mine', 'site/deep']),
    }
    for (const [name, command] of Object.entries(commands)) {
      for (let changes = 0; ; changes++) {
        const { content, storage } = await worked()
        // What is changed cannot be removed.
        if (name === 'remove') await workingCopyOf(content, storage).revert(['site/deep'])
        const before = await visible(storage)
        const { storage: dying, isDead } = mortal(storage, changes)
        await command(workingCopyOf(content, dying)).catch(() => undefined)
        if (!isDead()) break
        const now = [...(await filesOf(storage)).values()]
        const objects = await stageObjects(content, workingCopyOf(content, storage))
        for await (const path of objects.paths()) now.push(Buffer.from(await collect(objects.read(path))).toString())
        for (const [path, body] of Object.entries(before))
          expect({ name, changes, path, isThere: now.includes(body) }).toEqual({ name, changes, path, isThere: true })
        await workingCopyOf(content, storage).status()
      }
    }
  })
})

const names = ['a', 'b', 'd/a', 'd/b', 'e'] as const
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('edit' as const), path: fc.constantFrom(...names), line: fc.nat(8) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('theirs' as const, 'delete theirs' as const, 'binary' as const, 'title' as const, 'turn' as const, 'lose' as const),
      path: fc.constantFrom(...names, 'd' as const),
      line: fc.nat(8),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('add' as const, 'remove' as const, 'revert' as const, 'ours' as const, 'theirs win' as const, 'resolve' as const),
      path: fc.constantFrom(...names, 'd' as const),
      line: fc.nat(8),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('update' as const, 'commit' as const), path: fc.constant('' as const), line: fc.nat(8) }) },
)

/** The bodies of all objects. */
async function textOf(content: ObjectContent): Promise<string> {
  const objects = await stageObjects(content, workingCopyOf(content, memory()))
  let text = ''
  for await (const path of objects.paths()) if (!path.includes('@@Zope')) text += Buffer.from(await collect(objects.read(path))).toString()
  return text
}

function folderOf(root: Folder, name: string | undefined): Folder {
  const found = name === undefined ? root : root.children.get(name)
  return found instanceof Folder ? found : new Folder()
}

test('whatever happens on both sides, what was never committed is in the working copy', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 40 }), async steps => {
      const body = lines('1', '2', '3', '4', '5', '6', '7', '8', '9')
      const content: ObjectContent = { space, name: 'site', root: new Folder({ a: new File(body), d: new Folder({ a: new File(body) }) }) }
      const storage = memory()
      const work = workingCopyOf(content, storage)
      await updateObjects(content, work)
      /** Lines that were only ever written here, by the file they were written to. */
      const unsaved = new Map<string, Path>()
      let seen = await textOf(content)
      let count = 0
      for (const { do: what, path, line } of steps) {
        const root = content.root as Folder
        const [directory, name] = path.startsWith('d/') ? (['d', path.slice(2)] as const) : ([undefined, path] as const)
        const file = `site/${path}`
        const token = `${what} ${++count}`
        let isRefused = false
        try {
          if (what === 'edit') {
            const now = (await visible(storage))[file] ?? ''
            const text = now.split(/(?<=\n)/)
            // Editing a line takes its old text away.
            const [old = ''] = text.splice(line, 1, `${token}\n`)
            unsaved.delete(old.trim())
            const kinds = [(await storage.stat('site/d'))?.kind, (await storage.stat(file))?.kind]
            if ((directory === undefined || kinds[0] === 'directory') && kinds[1] !== 'directory') {
              await storage.write(file, toBytes(text.join('')))
              unsaved.set(token, file)
            }
          } else if (what === 'theirs' || what === 'binary') {
            if (directory !== undefined && !(root.children.get('d') instanceof Folder)) root.children.set('d', new Folder())
            if (path === 'd') continue
            const container = directory === undefined ? root : (root.children.get('d') as Folder)
            const found = container.children.get(name)
            const text = (found instanceof File ? found.data : '').split(/(?<=\n)/)
            text.splice(line, 1, `${token}\n`)
            container.children.set(name, new File(text.join(''), what === 'binary' ? 'application/octet-stream' : 'text/plain'))
          } else if (what === 'turn' || what === 'title') {
            const found = root.children.get(name)
            if (what === 'title' && found instanceof File) found.title = token
            else if (found instanceof File) root.children.set(name, new Folder({ a: new File(`${token}\n`, 'text/plain', token) }))
            else root.children.set(name, new File(`${token}\n`))
          } else if (what === 'lose') {
            // Somebody deletes a file by hand, and what is in it.
            if ((await storage.stat(file))?.kind === 'file') {
              const text = (await visible(storage))[file] ?? ''
              await storage.remove(file)
              for (const one of unsaved.keys()) if (text.includes(`${one}\n`)) unsaved.delete(one)
            }
          } else if (what === 'delete theirs') folderOf(root, line < 3 ? undefined : directory).children.delete(line < 3 ? 'd' : name)
          else if (what === 'add') await work.add(file, { factory: path === 'd' ? 'app.models.Folder' : 'app.models.File' })
          else if (what === 'remove') await work.remove(file)
          else if (what === 'revert') await work.revert([file])
          else if (what === 'resolve') await work.resolve([file])
          else if (what === 'ours' || what === 'theirs win')
            await work.resolve([''], { take: what === 'ours' ? 'ours' : 'theirs', repository: await stageObjects(content, work) })
          else if (what === 'update') expect((await updateObjects(content, work)).failures).toEqual([])
          else {
            const before = await textOf(content)
            await commitObjects(content, work)
            const after = await textOf(content)
            for (const one of unsaved.keys()) if (after.includes(`${one}\n`)) unsaved.delete(one)
            // Nothing goes from the objects that the working copy had not been shown.
            for (const line of before.split('\n').filter(text => text !== ''))
              expect({ line, isKept: after.includes(`${line}\n`) || seen.includes(`${line}\n`) }).toEqual({ line, isKept: true })
            expect((await work.status()).filter(({ state }) => state !== 'unchanged' && state !== 'unregistered')).toEqual([])
          }
        } catch (error) {
          isRefused = true
          if (!(error instanceof WorkingCopyError || error instanceof CommitError || error instanceof RevisionError)) throw error
        }
        if (['update', 'commit', 'ours', 'theirs win'].includes(what) && !isRefused) seen = await textOf(content)
        const all = [...(await filesOf(storage)).values()].join('')
        for (const [one, at] of unsaved)
          expect({ after: token, at, one, isThere: all.includes(`${one}\n`) }).toEqual({ after: token, at, one, isThere: true })
      }
    }),
    { numRuns: 300 },
  )
})
