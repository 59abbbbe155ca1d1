import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { memory, toBytes, type WritableStorage } from '@syncline/core'
import { fs } from '@syncline/fs'
import { s3 } from '@syncline/s3'
import { expect, onTestFinished, test, type TestContext } from 'vitest'
import { testBucket } from '@syncline/services/bucket'
import { snarfStorage } from '../src/index.ts'
import { commitObjects, updateObjects, workingCopyOf, type ObjectContent } from '../src/workdir/index.ts'
import { contentModel, File, Folder } from './content-model.ts'

const lines = (...words: readonly string[]): string => words.map(word => `${word}\n`).join('')

function inDirectory(): WritableStorage {
  const directory = mkdtempSync(join(tmpdir(), 'syncline-work-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return fs(join(directory, 'work'))
}

async function inBucket(context: TestContext): Promise<WritableStorage> {
  const bucket = await testBucket(context)
  onTestFinished(() => bucket[Symbol.asyncDispose]())
  return s3({ ...bucket.options, prefix: 'work' })
}

const places: readonly (readonly [name: string, make: (context: TestContext) => WritableStorage | Promise<WritableStorage>])[] = [
  ['in a directory', inDirectory],
  ['in a bucket', inBucket],
  ['in an archive', () => snarfStorage(memory(), 'work.snarf')],
  ['on a store without directories', () => memory({ capabilities: { directories: false } })],
  ['on a store that decides no conditions and lists in any order', () => memory({ capabilities: { conditional: false, ordered: false } })],
]

for (const [name, make] of places) {
  test(`a working copy ${name} is edited, updated, merged and committed`, { timeout: 120_000 }, async context => {
    const { space } = contentModel()
    const root = new Folder({ a: new File(lines('1', '2', '3')), docs: new Folder({ b: new File('two', 'text/plain', 'B') }), empty: new Folder() })
    const content: ObjectContent = { space, name: 'site', root }
    const storage = await make(context)
    const work = workingCopyOf(content, storage)
    const changed = async (): Promise<readonly string[]> =>
      (await work.status()).filter(({ state }) => state !== 'unchanged').map(({ path, state }) => `${state} ${path}`)
    try {
      await updateObjects(content, work)
      expect(await changed()).toEqual([])
      await storage.write('site/a', toBytes(lines('1 mine', '2', '3')))
      await storage.flush?.()
      await work.makeDirectory('site/new', { factory: 'app.models.Folder' })
      await work.remove('site/docs')
      expect(await changed()).toEqual(['modified site/a', 'removed site/docs', 'added site/new'])
      const page = root.children.get('a') as File
      page.data = lines('1', '2', '3 theirs')
      root.children.delete('empty')
      const { items } = await updateObjects(content, work)
      expect(items.filter(({ letter }) => letter !== '*' && letter !== '/').map(({ letter, path }) => `${letter} ${path}`)).toEqual([
        'M site/a',
        'R site/docs',
        'D site/empty',
        'A site/new',
      ])
      await commitObjects(content, work)
      expect([...root.children.keys()]).toEqual(['a', 'new'])
      expect(page.data).toBe(lines('1 mine', '2', '3 theirs'))
      expect(await changed()).toEqual([])
    } finally {
      await storage.close?.()
    }
  })
}
