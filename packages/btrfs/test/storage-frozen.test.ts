import { execFileSync, fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { collectText, isWritable, memory, SyncEngine, toBytes, type FileEntry, type ReadableStorage } from '@syncline/core'
import { fs } from '@syncline/fs'
import { describe, expect, test } from 'vitest'
import { btrfs } from '../src/storage/btrfs.ts'
import { plugin } from '../src/plugin.ts'
import { withMarks } from '../src/storage/marks.ts'
import { listAll, withSubvolume } from './subvolumes.ts'

async function startWriter(kind: 'agree' | 'burst', root: string): Promise<ChildProcess> {
  const child = fork(join(import.meta.dirname, 'storage-writer.mjs'), [kind, root])
  await once(child, 'message')
  return child
}

async function stop(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}

async function snapshotOf(storage: ReadableStorage): Promise<ReadableStorage> {
  const snapshot = await storage.snapshot?.()
  if (snapshot === undefined) throw new Error('there is no snapshot')
  return snapshot
}

function snapshotNames(volume: string): string[] {
  return readdirSync(join(volume, '.syncline-snapshots')).sort()
}

describe('a snapshot', () => {
  test('shows files that must agree as they were at one moment, while another process changes them', { timeout: 60_000 }, context =>
    withSubvolume(context, async volume => {
      for (let i = 0; i < 500; i++) writeFileSync(join(volume, `m ${i}`), `${i}`)
      const writer = await startWriter('agree', volume)
      try {
        const source = await btrfs(volume)
        const destination = memory()
        const engine = new SyncEngine({ mode: 'source-backup' })
        for (let run = 0; run < 5; run++) {
          // Only the temporary file of the moment may be listed or not.
          const { exitCode, failures, stale } = await engine.syncPair({ source, destination })
          expect({ exitCode, failures, stale }).toEqual({ exitCode: 0, failures: [], stale: [] })
          const [first, last] = [await collectText(destination.read('a first')), await collectText(destination.read('z last'))].map(Number)
          expect([0, 1]).toContain((first as number) - (last as number))
        }
      } finally {
        await stop(writer)
      }
    }),
  )

  test('never gives content the etag that later content has', { timeout: 120_000 }, context =>
    withSubvolume(context, async volume => {
      writeFileSync(join(volume, 'file'), '.'.repeat(10_000))
      // So that making a snapshot takes a while.
      mkdirSync(join(volume, 'others'))
      const writer = await startWriter('burst', volume)
      const source = await btrfs(volume)
      try {
        // The last write is to come at every moment of the making of a snapshot.
        for (let milliseconds = 2; milliseconds < 22; milliseconds += 0.2) {
          for (let i = 0; i < 50; i++) writeFileSync(join(volume, 'others', `${i}`), `${milliseconds}`.repeat(1000))
          const done = once(writer, 'message')
          const freezing = snapshotOf(source)
          writer.send(milliseconds)
          const frozen = await freezing
          await done
          // Two snapshots and a comparison come after the write that matters: what is on the disk then is what the etag means from now on.
          const [was, is] = [(await frozen.stat('file')) as FileEntry, (await source.stat('file')) as FileEntry]
          if (was.etag === is.etag) expect(await collectText(frozen.read('file'))).toBe(await collectText(source.read('file')))
          await frozen.close?.()
        }
      } finally {
        await stop(writer)
      }
    }),
  )

  test('is a local directory to other local storages, so that content goes to them directly', context =>
    withSubvolume(context, async volume => {
      writeFileSync(join(volume, 'file'), 'content')
      mkdirSync(join(volume, 'copy'))
      const frozen = await snapshotOf(await btrfs(volume))
      const copy = fs(join(volume, 'copy'))
      const outcomes = await copy.transferFrom?.(frozen, [{ from: 'file', to: 'file', size: 7 }])
      expect(outcomes).toMatchObject([{ entry: { path: 'file', size: 7 } }])
      await frozen.close?.()
      await frozen.close?.()
      await copy.close?.()
    }))

  test('that a killed process left is deleted by the next one, and what was kept stays', { timeout: 60_000 }, context =>
    withSubvolume(context, async volume => {
      writeFileSync(join(volume, 'file'), 'content')
      const kept = await snapshotOf(await btrfs(volume))
      await listAll(kept)
      await kept.close?.()
      const before = snapshotNames(volume)
      expect(before).toHaveLength(2)
      const { child, names } = await leaveSnapshots(volume)
      expect(names.filter(name => name.startsWith('run-')).length).toBeGreaterThan(1)
      // While it lives it is let alone.
      await btrfs(volume)
      expect(snapshotNames(volume)).toEqual(names)
      await stop(child)
      await btrfs(volume)
      expect(snapshotNames(volume)).toEqual(before)
    }),
  )

  test('that others made in the same place is never touched', context =>
    withSubvolume(context, async volume => {
      const place = join(volume, '.syncline-snapshots')
      mkdirSync(place)
      const others = ['mine', 'run-me', 'base-1', `base-0123abcd-${'x'.repeat(36)}`, 'run-zzzzzzzzzz-bm90IG91cnM']
      for (const name of others) writeFileSync(join(place, name), 'kept')
      const frozen = await snapshotOf(await btrfs(volume))
      expect(await listAll(frozen)).toEqual([])
      await frozen.close?.()
      expect(snapshotNames(volume)).toEqual(expect.arrayContaining(others))
    }))

  test('shows what is mounted in it as a problem, and nothing of what is below', context =>
    withSubvolume(context, async volume => {
      for (const directory of ['m', 'm-a', 'n']) mkdirSync(join(volume, directory))
      writeFileSync(join(volume, 'm', 'covered'), '')
      execFileSync('mount', ['-t', 'tmpfs', 'none', join(volume, 'm')])
      try {
        writeFileSync(join(volume, 'm', 'mounted'), '')
        const frozen = await snapshotOf(await btrfs(volume))
        expect((await listAll(frozen)).map(({ path, kind }) => `${path} ${kind}`)).toEqual(['m problem', 'm-a directory', 'n directory'])
        expect([await frozen.stat('m/covered'), (await frozen.stat('m'))?.kind]).toEqual([undefined, 'problem'])
        await frozen.close?.()
      } finally {
        execFileSync('umount', [join(volume, 'm')])
      }
    }))

  test('of a subvolume that can only be read is that itself', context =>
    withSubvolume(context, async volume => {
      writeFileSync(join(volume, 'file'), 'content')
      const fixed = join(volume, 'fixed')
      execFileSync('btrfs', ['subvolume', 'snapshot', '-r', volume, fixed])
      const frozen = await snapshotOf(await btrfs(fixed))
      expect(isWritable(frozen)).toBe(false)
      expect((await listAll(frozen)).map(({ path }) => path)).toEqual(['file'])
      await frozen.close?.()
      expect(readdirSync(fixed)).toEqual(['file'])
    }))

  test('is one of several at a time', context =>
    withSubvolume(context, async volume => {
      writeFileSync(join(volume, 'file'), 'content')
      const paths = ['file']
      for (let round = 0; round < 3; round++) {
        const storages = await Promise.all([btrfs(volume), btrfs(volume), btrfs(volume)])
        await Promise.all(
          storages.map(async storage => {
            const frozen = await snapshotOf(storage)
            expect((await listAll(frozen)).map(({ path }) => path)).toEqual(paths)
            await frozen.close?.()
          }),
        )
        paths.push(`file ${round}`)
        writeFileSync(join(volume, `file ${round}`), 'content')
      }
      await btrfs(volume)
      expect(snapshotNames(volume).filter(name => !name.startsWith('base-'))).toEqual([])
    }))

  test('that is given up while it is made leaves nothing behind', context =>
    withSubvolume(context, async volume => {
      const storage = await btrfs(volume)
      await (await snapshotOf(storage)).close?.()
      let aborted = 0
      for (let milliseconds = 0; milliseconds < 60; milliseconds += 4) {
        const signal = AbortSignal.timeout(milliseconds)
        const outcome = await storage.snapshot?.({ signal }).catch((error: unknown) => ({ error }))
        if (outcome !== undefined && 'error' in outcome) expect([++aborted, outcome.error]).toEqual([aborted, signal.reason])
        else await outcome?.close?.()
        expect(snapshotNames(volume)).toEqual([])
      }
      expect(aborted).toBeGreaterThan(0)
    }))

  test('without keep leaves nothing behind', context =>
    withSubvolume(context, async volume => {
      writeFileSync(join(volume, 'file'), 'content')
      const frozen = await snapshotOf(await btrfs(volume, { keep: false }))
      expect(isWritable(frozen)).toBe(false)
      expect((await listAll(frozen)).map(({ path }) => path)).toEqual(['file'])
      await frozen.close?.()
      expect(snapshotNames(volume)).toEqual([])
    }))

  test('shows torn files with an etag and a time of their own, by which they are read, too', context =>
    withSubvolume(context, async volume => {
      for (const name of ['torn', 'whole']) writeFileSync(join(volume, name), name)
      const plain = fs(volume)
      const [torn, whole] = (await listAll(plain)) as FileEntry[]
      const marked = withMarks(plain, { torn: new Set([torn?.id as string]), nested: [], root: volume })
      const shown = { ...torn, etag: `${torn?.etag}~`, modified: (torn?.modified as number) - 1 }
      expect(await listAll(marked)).toEqual([shown, whole])
      expect(await marked.stat('torn')).toEqual(shown)
      expect(await collectText(marked.read('torn', { ifMatch: shown.etag }))).toBe('torn')
      await expect(collectText(marked.read('whole', { ifMatch: 'other~' }))).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' })
      // The next run, which sees it whole, takes it again if its content is another.
      const destination = memory()
      const state = memory()
      const engine = new SyncEngine({ mode: 'source-backup' })
      await engine.syncPair({ source: { ...marked, name: 'source' }, destination, state, id: 'pair' })
      writeFileSync(join(volume, 'torn'), 'TORN')
      const { stats } = await engine.syncPair({ source: plain, destination, state, id: 'pair' })
      expect(stats.uploads).toBe(1)
    }))
})

describe('btrfs', () => {
  test('hides its own directory, and refuses to be a part of it', context =>
    withSubvolume(context, async volume => {
      const storage = await btrfs(volume)
      const frozen = await snapshotOf(storage)
      expect(await listAll(storage)).toEqual([])
      expect(await storage.stat('.syncline-snapshots')).toBeUndefined()
      await frozen.close?.()
      await expect(btrfs(join(volume, '.syncline-snapshots/x'))).rejects.toMatchObject({ code: 'INVALID_PATH' })
    }))

  test('says of a path that is not on btrfs what to do', async context => {
    await withSubvolume(context, async () => {
      await expect(btrfs('/proc')).rejects.toMatchObject({
        code: 'NOT_SUPPORTED',
        message: expect.stringContaining('synced without "btrfs:", as the plain path /proc') as unknown,
      })
    })
  })

  test('takes a directory that is not there yet, and makes it with the first write', context =>
    withSubvolume(context, async volume => {
      const storage = await btrfs(join(volume, 'not/yet'))
      const frozen = await snapshotOf(storage)
      await expect(listAll(frozen)).rejects.toMatchObject({ code: 'NOT_FOUND' })
      await frozen.close?.()
      const source = memory()
      await source.write('file', toBytes('content'))
      expect((await new SyncEngine({ mode: 'source-backup' }).syncPair({ source, destination: storage })).exitCode).toBe(0)
      expect(readFileSync(join(volume, 'not/yet/file'), 'utf8')).toBe('content')
    }))
})

describe('plugin', () => {
  test.for(['btrfs:', 'btrfs://'])('opens %s and a path', (scheme, context) =>
    withSubvolume(context, async volume => {
      const root = join(volume, 'sp ace é%')
      mkdirSync(root)
      const storage = await plugin.open(new URL(`${scheme}${encodeURI(root)}?keep=false`))
      expect(storage.name).toBe(`btrfs:${root}`)
      const frozen = await snapshotOf(storage)
      await listAll(frozen)
      await frozen.close?.()
      expect(snapshotNames(volume)).toEqual([])
    }),
  )

  test.each([
    ['btrfs:data', 'names no absolute path of this machine'],
    ['btrfs://host/data', 'names no absolute path of this machine'],
    ['btrfs:/data?keep=no', 'keep is true or false, got "no"'],
    ['btrfs:/data?speed=9', 'unknown option "speed"'],
  ])('refuses %s', async (url, message) => {
    await expect(plugin.open(new URL(url))).rejects.toThrow(message)
  })
})

/** A process that holds a snapshot, with a listing that it has not finished. */
async function leaveSnapshots(volume: string): Promise<{ child: ChildProcess; names: string[] }> {
  const child = fork(join(import.meta.dirname, 'storage-holder.mjs'), [volume], { execArgv: [] })
  const [names] = (await once(child, 'message')) as [string[]]
  return { child, names: names.sort() }
}
