import { appendFileSync, linkSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Entry } from '@syncline/core'
import { describe, expect, test } from 'vitest'
import { commandsOn } from '../src/roots/btrfs-commands.ts'
import { localHost } from '../src/roots/local-host.ts'
import { btrfs } from '../src/storage/btrfs.ts'
import { changesBelow, sentChanges } from '../src/storage/changed-paths.ts'
import { ListingWriter, SealedListing, type Row } from '../src/storage/listing-file.ts'
import { History } from './history.ts'
import { destroy, run } from './replicas.ts'
import { listAll, withSubvolume } from './subvolumes.ts'

const seed = Number(process.env['SYNCLINE_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
const commands = commandsOn(localHost, false)

/** What is in the directory of snapshots. */
function snapshotsIn(volume: string): { readonly directory: string; readonly bases: string[]; readonly works: string[] } {
  const directory = join(volume, '.syncline-snapshots')
  const names = readdirSync(directory)
  return {
    directory,
    bases: names.filter(name => name.startsWith('base-') && !name.endsWith('.list')),
    works: names.filter(name => name.startsWith('run-')),
  }
}

/** Entries without what only this process knows. */
function plain(entries: readonly Entry[]): unknown[] {
  return entries.map(entry => (entry.kind === 'problem' ? { ...entry, error: undefined } : entry))
}

/** A listing as it is kept for the next run, and one that is walked. */
async function listings(root: string): Promise<{ kept: Entry[]; walked: Entry[] }> {
  const frozen = await (await btrfs(root)).snapshot?.()
  const fresh = await (await btrfs(root, { keep: false })).snapshot?.()
  if (frozen === undefined || fresh === undefined) throw new Error('there are no snapshots')
  try {
    return { kept: await listAll(frozen), walked: await listAll(fresh) }
  } finally {
    await fresh.close?.()
    await frozen.close?.()
  }
}

describe('the listing of a snapshot', () => {
  test(`by what has changed equals a walk, after any history (seed ${seed})`, { timeout: 120_000 }, context =>
    withSubvolume(context, async volume => {
      let patched = 0
      for (let round = 0; round < 4; round++) {
        // One level down, so that names at the top that are no text do not make all of it doubtful.
        const root = join(volume, `round ${round}`, 'tree')
        for (const name of ['one', 'two', 'three/four']) mkdirSync(join(root, name), { recursive: true })
        const histories = ['one', 'two', 'three/four'].map((name, i) => new History(join(root, name), seed + 10 * round + i))
        try {
          for (let step = 0; step < 6; step++) {
            for (const history of histories) await history.change(step === 0 ? 30 : 4)
            if (step === 3) renameSync(join(root, 'two'), join(root, 'three/two'))
            if (step === 4) renameSync(join(root, 'three/two'), join(root, 'two'))
            const { directory, bases } = step === 0 ? { directory: '', bases: [] } : snapshotsIn(volume)
            const before = await btrfs(root)
            const frozen = await before.snapshot?.()
            const { works } = snapshotsIn(volume)
            // What the comparison says of itself: a change of all would be a walk, and prove nothing.
            for (const base of bases) {
              const pair = { earlier: join(directory, base), later: join(directory, works[0] as string) }
              const { trees } = changesBelow(`round ${round}/tree`, await sentChanges(commands, pair))
              if (!trees.has('')) patched++
            }
            await frozen?.close?.()
            const { kept, walked } = await listings(root)
            expect(plain(kept)).toEqual(plain(walked))
          }
        } finally {
          for (const history of histories) await history.close()
        }
      }
      expect(patched).toBeGreaterThan(10)
    }),
  )

  test('tells a change of a file by each of its names', context =>
    withSubvolume(context, async volume => {
      for (const name of ['a', 'b', 'c/d']) mkdirSync(join(volume, name), { recursive: true })
      writeFileSync(join(volume, 'a/file'), 'one')
      linkSync(join(volume, 'a/file'), join(volume, 'b/file'))
      linkSync(join(volume, 'a/file'), join(volume, 'c/d/file'))
      await listings(volume)
      appendFileSync(join(volume, 'b/file'), ' and more')
      const changed = await listings(volume)
      expect(changed.kept).toEqual(changed.walked)
      expect(changed.kept.filter(({ kind }) => kind === 'file').map(entry => 'size' in entry && entry.size)).toEqual([12, 12, 12])
      unlinkSync(join(volume, 'a/file'))
      const fewer = await listings(volume)
      expect(fewer.kept).toEqual(fewer.walked)
      expect(fewer.kept.map(({ path }) => path)).toEqual(['a', 'b', 'b/file', 'c', 'c/d', 'c/d/file'])
    }))

  test('is made of what was kept, where nothing has changed, and then writes nothing', context =>
    withSubvolume(context, async volume => {
      for (const name of ['a', 'm', 'z']) writeFileSync(join(volume, name), name)
      await listings(volume)
      const { directory, bases } = snapshotsIn(volume)
      const list = join(directory, `${bases[0]}.list`)
      await rewrite(list, rows => rows.filter(({ entry }) => entry.path !== 'm'))
      const { kept, walked } = await listings(volume)
      expect(kept.map(({ path }) => path)).toEqual(['a', 'z'])
      expect(walked.map(({ path }) => path)).toEqual(['a', 'm', 'z'])
      expect(snapshotsIn(volume)).toEqual({ directory, bases, works: [] })
    }))

  test.for<[string, (directory: string, base: string, volume: string) => void]>([
    ['the listing that was kept is damaged', (directory, base) => damage(join(directory, `${base}.list`))],
    ['the listing that was kept is cut off', (directory, base) => cut(join(directory, `${base}.list`))],
    ['the snapshot that was kept is gone', (directory, base) => void run('btrfs', 'subvolume', 'delete', join(directory, base))],
    [
      'the snapshot that was kept is of another subvolume',
      (directory, base, volume) => {
        run('btrfs', 'subvolume', 'delete', join(directory, base))
        run('btrfs', 'subvolume', 'create', `${volume}/other`)
        run('btrfs', 'subvolume', 'snapshot', '-r', `${volume}/other`, join(directory, base))
        run('btrfs', 'subvolume', 'delete', `${volume}/other`)
      },
    ],
    ['the snapshot that was kept can be written to', (directory, base) => void run('btrfs', 'property', 'set', join(directory, base), 'ro', 'false')],
  ])('is walked where %s', ([, spoil], context) =>
    withSubvolume(context, async volume => {
      for (const name of ['a', 'b']) writeFileSync(join(volume, name), name)
      await listings(volume)
      const { directory, bases } = snapshotsIn(volume)
      spoil(directory, bases[0] as string, volume)
      rmSync(join(volume, 'a'))
      const { kept, walked } = await listings(volume)
      expect(kept).toEqual(walked)
      expect(kept.map(({ path }) => path)).toEqual(['b'])
    }),
  )

  test('reads a directory that nobody wanted the last time', context =>
    withSubvolume(context, async volume => {
      mkdirSync(join(volume, 'big/deep'), { recursive: true })
      writeFileSync(join(volume, 'big/deep/file'), 'one')
      writeFileSync(join(volume, 'small'), 'one')
      const list = async (descend: (path: string) => boolean): Promise<string[]> => {
        const frozen = await (await btrfs(volume)).snapshot?.()
        if (frozen === undefined) throw new Error('there are no snapshots')
        const paths: string[] = []
        for await (const page of frozen.list('', { descend })) paths.push(...(page as Entry[]).map(({ path }) => path))
        await frozen.close?.()
        return paths
      }
      const [all, few] = [
        ['big', 'big/deep', 'big/deep/file', 'small'],
        ['big', 'small'],
      ]
      expect(await list(path => path !== 'big')).toEqual(few)
      expect(await list(() => true)).toEqual(all)
      appendFileSync(join(volume, 'small'), 'two')
      writeFileSync(join(volume, 'big/deep/new'), 'one')
      expect(await list(path => path !== 'big')).toEqual(few)
      appendFileSync(join(volume, 'small'), 'three')
      expect(await list(() => true)).toEqual(['big', 'big/deep', 'big/deep/file', 'big/deep/new', 'small'])
    }))

  test('is walked in a snapshot that took the place of its subvolume, where what was kept is not', context =>
    withSubvolume(context, async volume => {
      const [data, restored] = [join(volume, 'data'), join(volume, 'restored')]
      run('btrfs', 'subvolume', 'create', data)
      writeFileSync(join(data, 'a'), 'one')
      await listings(data)
      run('btrfs', 'subvolume', 'snapshot', data, restored)
      rmSync(join(restored, 'a'))
      writeFileSync(join(restored, 'b'), 'one')
      expect(snapshotsIn(restored).bases).toEqual(snapshotsIn(data).bases)
      for (let i = 0; i < 2; i++) expect((await listings(restored)).kept.map(({ path }) => path)).toEqual(['b'])
      expect(snapshotsIn(restored).bases).toHaveLength(1)
      expect(snapshotsIn(restored).bases).not.toEqual(snapshotsIn(data).bases)
    }))

  test('shows a subvolume in it as a problem, and is walked then', context =>
    withSubvolume(context, async volume => {
      for (const name of ['a-b', 'a.c', 'z']) writeFileSync(join(volume, name), name)
      await listings(volume)
      run('btrfs', 'subvolume', 'create', join(volume, 'a'))
      writeFileSync(join(volume, 'a/inside'), 'one')
      const { kept, walked } = await listings(volume)
      expect(kept).toEqual(walked)
      expect(kept.map(({ path, kind }) => `${path} ${kind}`)).toEqual(['a problem', 'a-b file', 'a.c file', 'z file'])
      expect(kept[0]).toMatchObject({ reason: expect.stringContaining('a subvolume of its own') as unknown })
      destroy(join(volume, 'a'))
      expect((await listings(volume)).kept.map(({ path }) => path)).toEqual(['a-b', 'a.c', 'z'])
    }))
})

async function rewrite(file: string, change: (rows: readonly Row[]) => readonly Row[]): Promise<void> {
  const kept = SealedListing.open(file)
  const writer = new ListingWriter(`${file}.new`)
  for await (const rows of kept?.pages() ?? []) writer.add(change(rows))
  kept?.close()
  writer.finish()
  renameSync(writer.file, file)
}

function damage(file: string): void {
  const text = readFileSync(file, 'latin1')
  writeFileSync(file, text.replace('"b"', '"c"'), 'latin1')
}

function cut(file: string): void {
  writeFileSync(file, readFileSync(file, 'latin1').slice(0, -30), 'latin1')
}
