import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { collect, memory, toBytes, type WritableStorage } from '@syncline/core'
import { fs } from '@syncline/fs'
import { s3 } from '@syncline/s3'
import { withService } from '@syncline/services/vitest'
import { describe, expect, test, type TestContext } from 'vitest'
import { testBucket } from '@syncline/services/bucket'
import { DumpRoot } from '../src/dumps/dump-root.ts'
import { FileRoot } from '../src/dumps/file-root.ts'
import { readDumps } from '../src/dumps/read-dumps.ts'
import { restoreToBtrfs } from '../src/dumps/restore-dumps.ts'
import { restoreToDirectory, restoreToStorage } from '../src/dumps/restore-files.ts'
import { verifyDumps } from '../src/dumps/verify-dumps.ts'
import { BtrSync } from '../src/replicate/btr-sync.ts'
import { Transfer } from '../src/replicate/transfer.ts'
import { defaultRoot } from '../src/roots/default-root.ts'
import type { BtrfsRoot } from '../src/roots/root.ts'
import type { Subvolume } from '../src/subvolume/subvolume.ts'
import { Bench, btrfs, History } from './history.ts'
import { manifest } from './manifest.ts'

const seed = Number(process.env['SYNCLINE_SEED'] ?? 41)

interface Place extends AsyncDisposable {
  readonly storage: WritableStorage
}

/** Stores of each kind, and what they need to be there. */
const stores: readonly (readonly [string, (context: TestContext) => Promise<Place>])[] = [
  ['in memory', async () => ({ storage: memory(), [Symbol.asyncDispose]: async () => undefined })],
  [
    'in a directory',
    async () => {
      const directory = mkdtempSync(join(tmpdir(), 'syncline-dumps-'))
      return { storage: fs(directory), [Symbol.asyncDispose]: async () => rmSync(directory, { recursive: true }) }
    },
  ],
  [
    'in a bucket',
    async context => {
      const bucket = await testBucket(context)
      const storage = s3({ ...bucket.options, prefix: 'dumps', partSize: 5 * 1024 * 1024 })
      return {
        storage,
        [Symbol.asyncDispose]: async () => {
          await storage.close?.()
          await bucket[Symbol.asyncDispose]()
        },
      }
    },
  ],
]

/** A live volume, and snapshots of it as it changed. */
async function snapshots(bench: Bench, count: number): Promise<BtrfsRoot> {
  btrfs('subvolume', 'create', bench.at('live'))
  const history = new History(bench.at('live'), seed)
  for (let n = 0; n < count; n++) {
    await history.change(n === 0 ? 80 : 40)
    btrfs('subvolume', 'snapshot', '-r', bench.at('live'), bench.at(`s${n}`))
  }
  await history.close()
  return await rootOf(bench)
}

async function rootOf(bench: Bench): Promise<BtrfsRoot> {
  return (await defaultRoot('local')({}).getRoot(bench.root)).root
}

/** A snapshot of the bench as the root lists it. */
async function volumeOf(bench: Bench, root: BtrfsRoot, name: string): Promise<Subvolume & { readonly path: string }> {
  const path = `${bench.root.slice(bench.root.lastIndexOf('/') + 1)}/${name}`
  const found = (await root.list()).find(volume => volume.path === path)
  return { ...found!, path }
}

async function dump(bench: Bench, root: BtrfsRoot, target: BtrfsRoot, name: string, parentName?: string): Promise<void> {
  const volume = await volumeOf(bench, root, name)
  const parent = parentName === undefined ? undefined : await volumeOf(bench, root, parentName)
  const { bytes, done } = root.send([volume.path], { parent: parent?.path })
  await target.receive(bytes, '', { volumes: [volume], parent })
  await done
}

describe.each(stores)(`dumps of real volumes %s (seed ${seed})`, (_, open) => {
  test('are known, sound, and come back in every attribute, to btrfs and to a directory', { timeout: 240_000 }, async context => {
    const { mounts } = await withService(context, 'btrfs')
    await using place = await open(context)
    using bench = new Bench(mounts[0])
    using other = new Bench(mounts[1])
    const plain = mkdtempSync(join(tmpdir(), 'syncline-restored-'))
    try {
      const root = await snapshots(bench, 3)
      const target = new DumpRoot(place.storage)
      await dump(bench, root, target, 's0')
      await dump(bench, root, target, 's1', 's0')
      await dump(bench, root, target, 's2', 's1')
      const names = ['s0', 's1', 's2']
      const uuids = await Promise.all([volumeOf(bench, root, 's0'), volumeOf(bench, root, 's1'), volumeOf(bench, root, 's2')])
      expect((await target.list()).map(({ uuid, readonly }) => [uuid, readonly])).toEqual(uuids.map(({ uuid }) => [uuid, true]))
      expect(await verifyDumps(place.storage)).toMatchObject({ isSound: true, checks: [{ problems: [] }, { problems: [] }, { problems: [] }] })
      // What is stored is what btrfs sent, to the byte.
      const { dumps } = await readDumps(place.storage)
      expect(dumps).toHaveLength(3)
      for (const [n, name] of names.entries()) {
        const path = dumps.find(({ uuid }) => uuid === uuids[n]!.uuid)!.path
        const sent = bench.send(...(n === 0 ? [] : ['-p', bench.at(names[n - 1]!)]), bench.at(name))
        expect(Buffer.compare(await collect(place.storage.read(path)), sent)).toBe(0)
      }

      const wanted = names.map(name => manifest(bench.at(name)))
      const there = await rootOf(other)
      const path = other.root.slice(other.root.lastIndexOf('/') + 1)
      mkdirSync(other.at('in'))
      const report = await restoreToBtrfs(place.storage, there, { path: `${path}/in` })
      expect(report).toMatchObject({ failed: [], problems: [] })
      expect(report.restored.map(({ dump: { name } }) => name.slice(-2))).toEqual(names)
      for (const [n, name] of names.entries()) expect(manifest(other.at('in', name))).toEqual(wanted[n])
      // The second time there is nothing to do.
      expect(await restoreToBtrfs(place.storage, there, { path: `${path}/in` })).toMatchObject({
        restored: [],
        failed: [],
        plan: { present: [{}, {}, {}] },
      })
      // What is gone comes back from its dump alone, for its parent is there.
      btrfs('subvolume', 'delete', other.at('in', 's2'))
      expect((await restoreToBtrfs(place.storage, there, { path: `${path}/in` })).restored).toHaveLength(1)
      expect(manifest(other.at('in', 's2'))).toEqual(wanted[2])

      const files = await restoreToDirectory(place.storage, plain)
      expect(files.failed).toEqual([])
      expect(files.restored.flatMap(({ result }) => result.flatMap(({ unapplied }) => unapplied))).toEqual([])
      for (const [n, name] of names.entries()) expect(manifest(join(plain, name))).toEqual(wanted[n])
      expect((await restoreToDirectory(place.storage, plain)).restored).toEqual([])
    } finally {
      rmSync(plain, { recursive: true, force: true })
    }
  })

  test('that are damaged, cut off or lack a parent are named, and only what needs them is not restored', { timeout: 240_000 }, async context => {
    const { mounts } = await withService(context, 'btrfs')
    await using place = await open(context)
    using bench = new Bench(mounts[0])
    using other = new Bench(mounts[1])
    const { storage } = place
    const root = await snapshots(bench, 4)
    const target = new DumpRoot(storage)
    await dump(bench, root, target, 's0')
    await dump(bench, root, target, 's1', 's0')
    await dump(bench, root, target, 's2', 's1')
    await dump(bench, root, target, 's3')
    const pathOf = async (name: string): Promise<string> => (await readDumps(storage)).dumps.find(found => found.name.endsWith(name))!.path
    const damaged = await pathOf('s1')
    const content = await collect(storage.read(damaged))
    const change = async (bytes: Uint8Array): Promise<void> => {
      await storage.remove(damaged)
      await storage.write(damaged, toBytes(bytes))
    }
    const there = await rootOf(other)
    const path = other.root.slice(other.root.lastIndexOf('/') + 1)
    for (const [what, bytes] of [
      ['a byte', content.map((byte, i) => (i === Math.floor(content.length / 2) ? byte ^ 4 : byte))],
      ['its end', content.subarray(0, content.length - 10)],
      ['more than there was', Buffer.concat([content, Buffer.alloc(20)])],
    ] as const) {
      await change(bytes)
      const report = await verifyDumps(storage)
      expect(report.isSound).toBe(false)
      expect(Object.fromEntries(report.checks.map(({ dump: { name }, problems }) => [name.slice(-2), problems.length > 0])), what).toEqual({
        s0: false,
        s1: true,
        s2: true,
        s3: false,
      })
      mkdirSync(other.at('in'))
      const { restored, failed } = await restoreToBtrfs(storage, there, { path: `${path}/in` })
      expect(restored.map(({ dump: { name } }) => name.slice(-2)).sort(), what).toEqual(['s0', 's3'])
      expect(
        failed.map(({ dump: { name } }) => name.slice(-2)),
        what,
      ).toEqual(['s1', 's2'])
      expect(readdirSync(other.at('in')).sort(), what).toEqual(['s0', 's3'])
      for (const name of ['s0', 's3']) btrfs('subvolume', 'delete', other.at('in', name))
      rmSync(other.at('in'), { recursive: true })
    }
    await storage.remove(damaged)
    await storage.remove(`${damaged}.json`)
    const { checks } = await verifyDumps(storage)
    expect(checks.filter(({ problems }) => problems.length > 0).map(({ dump: { name } }) => name.slice(-2))).toEqual(['s2'])
    expect(checks.find(({ dump: { name } }) => name.endsWith('s2'))!.problems[0]).toMatch(
      /^it starts from volume [0-9a-f-]{36} as of transaction \d+, which nothing here leads to$/,
    )
  })
})

/** What a storage without owners, devices and extended attributes holds of a tree: its files and links. */
function contents(whole: ReturnType<typeof manifest>): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(whole)
      .filter(([, { sha256, target }]) => sha256 !== undefined || target !== undefined)
      .map(([path, { sha256, target }]) => [Buffer.from(path, 'latin1').toString(), sha256 ?? target]),
  )
}

describe('restoreToStorage', () => {
  test('restores to a bucket what that can hold, and tells the rest', { timeout: 240_000 }, async context => {
    const { mounts } = await withService(context, 'btrfs')
    await using bucket = await testBucket(context)
    using bench = new Bench(mounts[0])
    const storage = memory()
    const root = await snapshots(bench, 2)
    await dump(bench, root, new DumpRoot(storage), 's0')
    await dump(bench, root, new DumpRoot(storage), 's1', 's0')
    const target = s3({ ...bucket.options, prefix: 'restored' })
    const report = await restoreToStorage(storage, target)
    expect(report.failed).toEqual([])
    let compared = 0
    for (const [n, name] of ['s0', 's1'].entries()) {
      const unapplied = new Set(
        report.restored[n]!.result.flatMap(volume => volume.unapplied.filter(({ what }) => ['node', 'name'].includes(what)).map(({ path }) => path)),
      )
      for (const [path, expected] of Object.entries(contents(manifest(bench.at(name))))) {
        if ([...unapplied].some(missing => Buffer.from(missing, 'latin1').toString() === path)) continue
        const stored = await collect(target.read(`${name}/${path}`))
        expect(createHash('sha256').update(stored).digest('hex'), `${name}/${path}`).toBe(expected)
        compared++
      }
    }
    expect(compared).toBeGreaterThan(5)
    expect((await restoreToStorage(storage, target)).restored).toEqual([])
    await target.close?.()
  })
})

describe('DumpRoot', () => {
  test('is replicated to as any root: only what is new, as changes against what was dumped before', { timeout: 120_000 }, async context => {
    const { mounts } = await withService(context, 'btrfs')
    using bench = new Bench(mounts[0])
    const root = await snapshots(bench, 3)
    const storage = memory()
    const own = (volume: Subvolume): boolean => volume.path?.startsWith(`${bench.root.slice(bench.root.lastIndexOf('/') + 1)}/s`) === true
    const sync = async (batch: boolean, count: number): Promise<readonly [number, boolean]> => {
      const transfer = new Transfer()
      const target = (volume: Subvolume): boolean => own(volume) && volume.path !== undefined && Number(volume.path.slice(-1)) < count
      const before = (await readDumps(storage)).dumps.length
      const isDone = await new BtrSync(root, new DumpRoot(storage)).sync(transfer, { batch, target })
      return [(await readDumps(storage)).dumps.length - before, isDone]
    }
    expect(await sync(false, 2)).toEqual([2, true])
    expect(await sync(false, 2)).toEqual([0, true])
    expect(await sync(false, 3)).toEqual([1, true])
    const { dumps } = await readDumps(storage)
    expect(dumps.filter(({ parentUuid }) => parentUuid === undefined)).toHaveLength(1)
    expect(await verifyDumps(storage)).toMatchObject({ isSound: true })
    for (const { path } of dumps) for (const name of [path, `${path}.json`]) await storage.remove(name)
    expect(await sync(true, 3)).toEqual([3, true])
    expect(await verifyDumps(storage)).toMatchObject({ isSound: true })
  })
})

describe('FileRoot', () => {
  test('sends dumps to btrfs, each known by its UUID, and refuses to make one start from something else', { timeout: 120_000 }, async context => {
    const { mounts } = await withService(context, 'btrfs')
    using bench = new Bench(mounts[0])
    using other = new Bench(mounts[1])
    const root = await snapshots(bench, 3)
    const storage = memory()
    const target = new DumpRoot(storage)
    await dump(bench, root, target, 's0')
    await dump(bench, root, target, 's1', 's0')
    await dump(bench, root, target, 's2', 's1')
    const files = new FileRoot(storage)
    const [v0, v1, v2] = await files.list()
    expect([v0, v1, v2].map(volume => volume!.parentUuid)).toEqual([undefined, v0!.uuid, v1!.uuid])
    const there = await rootOf(other)
    const path = other.root.slice(other.root.lastIndexOf('/') + 1)
    for (const [volume, parent] of [
      [v0, undefined],
      [v1, v0],
    ] as const) {
      const { bytes, done } = files.send([volume!.path!], { parent: parent?.path })
      await there.receive(bytes, path, { volumes: [volume!], parent })
      await done
    }
    expect(manifest(other.at('s1'))).toEqual(manifest(bench.at('s1')))
    const refused = files.send([v2!.path!], { parent: v0!.path })
    await expect(there.receive(refused.bytes, path, { volumes: [v2!], parent: v0 })).rejects.toThrow('cannot be sent as changes against')
    await expect(refused.done).rejects.toThrow('cannot be sent as changes against')
    expect(readdirSync(other.root).sort()).toEqual(['s0', 's1'])
  })
})
