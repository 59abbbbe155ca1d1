import { describe, expect, test } from 'vitest'
import { toBytes } from '../bytes.ts'
import type { PlanItem } from '../plan.ts'
import type { MemoryCapabilities, MemoryStorage } from '../storages/memory.ts'
import { execute } from './execute.ts'
import { itemFor, planOf, storageWith, treeOf, watch, type Tree } from './test-kit.ts'

type Item = Parameters<typeof itemFor>[2]
type Edit = (source: MemoryStorage, destination: MemoryStorage) => Promise<unknown>

interface Case {
  readonly name: string
  readonly source: Tree
  readonly destination: Tree
  readonly item: Item
  /** The rename's entry on the following side is taken from `from`. */
  readonly edits: Readonly<Record<string, Edit>>
}

const write =
  (side: 'source' | 'destination', path: string, text: string): Edit =>
  async (source, destination) =>
    (side === 'source' ? source : destination).write(path, toBytes(text))
const remove =
  (side: 'source' | 'destination', path: string): Edit =>
  async (source, destination) =>
    (side === 'source' ? source : destination).remove(path)

const cases: readonly Case[] = [
  {
    name: 'a new file',
    source: { f: 'one' },
    destination: {},
    item: { action: 'UPLOAD_NEW', phase: 'transfer', path: 'f' },
    edits: {
      'the target appears': write('destination', 'f', 'theirs'),
      'the target appears with the same content': write('destination', 'f', 'one'),
      'the source grows': write('source', 'f', 'one two'),
      'the source shrinks': write('source', 'f', 'o'),
      'the source is emptied': write('source', 'f', ''),
      'the source is edited, same size': write('source', 'f', 'two'),
      'the source vanishes': remove('source', 'f'),
      'the source becomes a link': async source => {
        await source.remove('f')
        await source.makeSymlink('f', 'x')
      },
    },
  },
  {
    name: 'an empty file',
    source: { f: '' },
    destination: {},
    item: { action: 'UPLOAD_NEW', phase: 'transfer', path: 'f' },
    edits: { 'the source grows': write('source', 'f', 'one'), 'the source vanishes': remove('source', 'f') },
  },
  ...([{}, { trash: true }] as const).map((trash): Case => ({
    name: `an update${'trash' in trash ? ' into the trash' : ''}`,
    source: { f: 'one' },
    destination: { f: 'old version' },
    item: { action: 'DOWNLOAD_UPDATE', phase: 'transfer', path: 'f', ...trash },
    edits: {
      'the target is edited': write('source', 'f', 'theirs'),
      'the target is edited, same size': write('source', 'f', 'two'),
      'the target vanishes': remove('source', 'f'),
      'the source is edited, same size': write('destination', 'f', 'new version'),
      'the source vanishes': remove('destination', 'f'),
    },
  })),
  {
    name: 'a link',
    source: { l: { link: 'new' } },
    destination: { l: { link: 'old' } },
    item: { action: 'UPLOAD_UPDATE', phase: 'transfer', path: 'l', trash: true },
    edits: {
      'the target points elsewhere': async (_source, destination) => destination.makeSymlink('l', 'theirs'),
      'the target becomes a file': async (_source, destination) => {
        await destination.remove('l')
        await destination.write('l', toBytes('theirs'))
      },
      'the source points elsewhere': async source => source.makeSymlink('l', 'newer'),
      'the source vanishes': remove('source', 'l'),
    },
  },
  ...([{}, { trash: true }] as const).map((trash): Case => ({
    name: `a deletion${'trash' in trash ? ' into the trash' : ''}`,
    source: {},
    destination: { f: 'one' },
    item: { action: 'DELETE_DESTINATION', phase: 'delete-file', path: 'f', ...trash },
    edits: {
      'the target is edited, same size': write('destination', 'f', 'two'),
      'the target vanishes': remove('destination', 'f'),
      'the target becomes a directory': async (_source: MemoryStorage, destination: MemoryStorage) => {
        await destination.remove('f')
        await destination.write('f/x', toBytes('x'))
      },
      'the other side has it again': write('source', 'f', 'back'),
    },
  })),
  {
    name: 'a directory deletion',
    source: {},
    destination: { d: null },
    item: { action: 'DELETE_DESTINATION', phase: 'delete-directory', path: 'd' },
    edits: {
      'something new is in it': write('destination', 'd/new', 'new'),
      'the other side has it again': write('source', 'd/x', 'back'),
      'it is a file now': async (_source, destination) => {
        await destination.remove('d')
        await destination.write('d', toBytes('file'))
      },
    },
  },
  {
    name: 'a rename',
    source: { to: 'one' },
    destination: { from: 'one' },
    item: { action: 'RENAME_DESTINATION', phase: 'rename', path: 'to', from: 'from' },
    edits: {
      'the old path is edited, same size': write('destination', 'from', 'two'),
      'the old path vanishes': remove('destination', 'from'),
      'the new path is taken': write('destination', 'to', 'theirs'),
      'the other side edits it, same size': write('source', 'to', 'two'),
      'the other side deletes it': remove('source', 'to'),
    },
  },
  {
    name: 'a change of permissions',
    source: { f: 'one' },
    destination: { f: 'one' },
    item: { action: 'UPLOAD_UPDATE', phase: 'transfer', path: 'f', metadata: true },
    edits: {
      'the target is edited, same size': write('destination', 'f', 'two'),
      'the target vanishes': remove('destination', 'f'),
      'the source vanishes': remove('source', 'f'),
    },
  },
  {
    name: 'a new directory',
    source: { d: null },
    destination: {},
    item: { action: 'UPLOAD_NEW', phase: 'directory', path: 'd' },
    edits: { 'the source vanishes': remove('source', 'd') },
  },
]

const stores: readonly { readonly store: string; readonly capabilities: MemoryCapabilities }[] = [
  { store: 'conditional', capabilities: {} },
  { store: 'unconditional', capabilities: { conditional: false } },
  { store: 'without atomic writes', capabilities: { conditional: false, atomicWrite: false } },
]

describe('execute, when something changed since the plan', () => {
  const rows = stores.flatMap(store => cases.flatMap(row => Object.entries(row.edits).map(([edit, change]) => ({ ...store, ...row, edit, change }))))
  test.each(rows)(
    '$store store, $name: $edit: nothing is changed or recorded, and the item is stale',
    async ({ capabilities, source: ours, destination: theirs, item, change }) => {
      const [source, destination] = [await storageWith(ours, capabilities), await storageWith(theirs, capabilities)]
      const planned: PlanItem = await itemFor(source, destination, item)
      const follows = item.from === undefined || item.from === null ? {} : { destination: (await destination.stat(item.from)) ?? null }
      await change(source, destination)
      const [sourceBefore, destinationBefore] = [await treeOf(source), await treeOf(destination)]
      const { context, events, recorded } = watch(source, destination)
      const result = await execute(planOf([{ ...planned, ...follows }]), context)
      expect(result.failures).toEqual([])
      expect(result.stale).toMatchObject([{ path: item.path, action: item.action }])
      expect(recorded).toEqual([])
      expect([await treeOf(source), await treeOf(destination)]).toEqual([sourceBefore, destinationBefore])
      expect(await treeOf(destination, { trash: true, directories: false })).toEqual({})
      expect(events).toContainEqual({ type: 'skip', filePath: item.path, reason: result.stale[0]?.message, stale: true })
      expect(result.stats).toMatchObject({
        uploads: 0,
        downloads: 0,
        deletesSource: 0,
        deletesDestination: 0,
        renamesDestination: 0,
        skips: 1,
        errors: 0,
        bytes: 0,
      })
    },
  )

  test('a file that is edited while it is read leaves the old version in place', async () => {
    for (const capabilities of [{}, { conditional: false }, { conditional: false, atomicWrite: false }]) {
      const big = 'x'.repeat(200_000)
      const [source, destination] = [await storageWith({ f: big }, capabilities), await storageWith({ f: 'old' }, capabilities)]
      const item = await itemFor(source, destination, { action: 'UPLOAD_UPDATE', phase: 'transfer', path: 'f' })
      const read = source.read.bind(source)
      source.read = async function* (path, options) {
        let first = true
        for await (const chunk of read(path, options)) {
          yield chunk
          if (first) await source.write('f', toBytes('y'.repeat(200_000)))
          first = false
        }
      }
      const { context, recorded } = watch(source, destination)
      const result = await execute(planOf([item]), context)
      // A store that promises it goes on with the version it began with: then that version has arrived, and it is what is recorded.
      if (result.stale.length === 0) {
        expect(recorded).toMatchObject([{ path: 'f', source: { etag: item.source?.kind === 'file' ? item.source.etag : '' } }])
        expect(await treeOf(destination)).toEqual({ f: big })
      } else {
        expect(recorded).toEqual([])
        expect(await treeOf(destination)).toEqual({ f: 'old' })
      }
    }
  })
})
