import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { isStorageError } from '@syncline/core'
import { withService } from '@syncline/services/vitest'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { planRetention } from '../src/retention/plan-retention.ts'
import { dumpItems, snapshotItems } from '../src/retention/retention-items.ts'
import { defaultRoot } from '../src/roots/default-root.ts'
import type { BtrfsRoot } from '../src/roots/root.ts'
import { createSnapshot } from '../src/snapshots/create-snapshot.ts'
import { needsSnapshot } from '../src/snapshots/needs-snapshot.ts'
import { parseSnapshotName, snapshotName } from '../src/snapshots/snapshot-name.ts'
import type { Subvolume } from '../src/subvolume/subvolume.ts'
import { Bench, btrfs } from './history.ts'

const seed = Number(process.env['SYNCLINE_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
const noon = Date.parse('2026-11-21T10:30:59.999Z')

describe('snapshotName', () => {
  test('tells the time in UTC, and of two of a minute the second gets a counter', () => {
    expect(snapshotName({ series: 'home', time: noon })).toBe('home.20261121T1030+0000')
    expect(snapshotName({ series: 'home', time: noon, counter: 2 })).toBe('home.20261121T1030+0000_2')
  })

  test.each([
    ['a/b', noon, 'cannot name snapshots'],
    ['', noon, 'cannot name snapshots'],
    ['home', NaN, 'is no time'],
    ['home', 9e15, 'is no time'],
    ['x'.repeat(240), noon, 'a name has 255 at most'],
  ])('refuses %j at %d', (series, time, message) => expect(() => snapshotName({ series, time })).toThrow(message))

  test('is read back by parseSnapshotName', () => {
    const property = fc.property(
      fc.string({ unit: fc.integer({ min: 1, max: 255 }).map(byte => String.fromCharCode(byte)), minLength: 1, maxLength: 200 }),
      fc.integer({ min: Date.parse('0000-01-01T00:00Z') / 60_000, max: Date.parse('9999-12-31T23:59Z') / 60_000 }),
      fc.integer({ min: 0, max: 999 }),
      (name, minutes, counter) => {
        const series = name.replaceAll('/', '-').replaceAll('\n', '-')
        const time = minutes * 60_000
        expect(parseSnapshotName(snapshotName({ series, time, counter }))).toEqual({ series, time, counter })
      },
    )
    fc.assert(property, { seed, numRuns: 500 })
  })
})

describe('parseSnapshotName', () => {
  test.each([
    ['home.20261121', 'home', '2026-11-21T00:00Z', 0],
    ['home.20261121T1030_1', 'home', '2026-11-21T10:30Z', 1],
    ['my.home.20261121T103045+0130', 'my.home', '2026-11-21T09:00:45Z', 0],
    ['home.20261121T0030-0200', 'home', '2026-11-21T02:30Z', 0],
  ])('reads %s', (name, series, time, counter) => expect(parseSnapshotName(name)).toEqual({ series, time: Date.parse(time), counter }))

  test.each([
    'home',
    'home.2026112',
    'home.20260230',
    'home.20261121T2460',
    'home.20261121T10',
    '.20261121',
    'home.20261121T1030+0000_',
    'home.20261121.old',
  ])('does not take %s for a snapshot', name => expect(parseSnapshotName(name)).toBeUndefined())
})

describe('needsSnapshot', () => {
  const source: Subvolume = { uuid: 'a', generation: 20, readonly: false, sendable: false }
  const at = (createdGeneration: number, more: Partial<Subvolume> = {}): Subvolume => ({
    uuid: `s${createdGeneration}`,
    parentUuid: 'a',
    createdGeneration,
    readonly: true,
    sendable: true,
    ...more,
  })
  const decide = (
    mode: 'always' | 'on-change' | 'on-demand',
    snapshots: readonly Subvolume[],
    destinations: readonly (readonly Subvolume[] | undefined)[] = [],
  ): boolean => needsSnapshot({ mode, source, snapshots, destinations }).make

  test('on change looks at the last read-only snapshot of this very volume', () => {
    expect(decide('always', [at(20)])).toBe(true)
    expect(decide('on-change', [])).toBe(true)
    expect(decide('on-change', [at(12), at(20), at(15)])).toBe(false)
    expect(decide('on-change', [at(12), at(19)])).toBe(true)
    expect(decide('on-change', [at(20, { readonly: false })])).toBe(true)
    expect(decide('on-change', [at(20, { parentUuid: 'other' })])).toBe(true)
  })

  test('on demand needs a destination that can be reached', () => {
    expect(decide('on-demand', [], [undefined])).toBe(false)
    expect(decide('on-demand', [], [undefined, []])).toBe(true)
    expect(decide('on-demand', [at(20)], [[]])).toBe(false)
    expect(decide('on-demand', [at(12)], [[]])).toBe(true)
  })
})

async function open(bench: Bench): Promise<{ readonly root: BtrfsRoot; readonly at: (name: string) => string }> {
  const { root, path } = await defaultRoot('local')({}).getRoot(bench.root)
  btrfs('subvolume', 'create', bench.at('home'))
  mkdirSync(bench.at('snaps'))
  return { root, at: name => `${path}/${name}` }
}

describe('createSnapshot', () => {
  test('makes read-only snapshots that nobody can change, with a counter for two in a minute', { timeout: 60_000 }, async context => {
    const { mounts } = await withService(context, 'btrfs')
    using bench = new Bench(mounts[0])
    const { root, at } = await open(bench)
    const options = { directory: at('snaps'), now: () => noon }
    for (const text of ['one', 'two', 'three']) {
      writeFileSync(bench.at('home', 'file'), text)
      expect(await createSnapshot(root, at('home'), options)).toMatchObject({ made: true })
    }
    const names = readdirSync(bench.at('snaps')).sort()
    expect(names).toEqual(['home.20261121T1030+0000', 'home.20261121T1030+0000_1', 'home.20261121T1030+0000_2'])
    expect(names.map(name => readFileSync(bench.at('snaps', name, 'file'), 'utf8'))).toEqual(['one', 'two', 'three'])
    expect(() => writeFileSync(bench.at('snaps', names[0]!, 'file'), '')).toThrow('EROFS')
  })

  test('never goes into a directory that has the name, nor over anything', { timeout: 60_000 }, async context => {
    const { mounts } = await withService(context, 'btrfs')
    using bench = new Bench(mounts[0])
    const { root, at } = await open(bench)
    mkdirSync(bench.at('snaps', 'home.20261121T1030+0000'))
    writeFileSync(bench.at('snaps', 'home.20261121T1030+0000_1'), 'keep me')
    const made = await createSnapshot(root, at('home'), { directory: at('snaps'), now: () => noon })
    expect(made).toMatchObject({ made: true, path: at('snaps/home.20261121T1030+0000_2') })
    expect(readdirSync(bench.at('snaps', 'home.20261121T1030+0000'))).toEqual([])
    expect(readFileSync(bench.at('snaps', 'home.20261121T1030+0000_1'), 'utf8')).toBe('keep me')
    await expect(root.snapshot!(at('home'), at('snaps/home.20261121T1030+0000'))).rejects.toSatisfy(error => isStorageError(error, 'ALREADY_EXISTS'))
  })

  test('on change makes one when something was written, also what is not on disk yet, and else none', { timeout: 60_000 }, async context => {
    const { mounts } = await withService(context, 'btrfs')
    using bench = new Bench(mounts[0])
    const { root, at } = await open(bench)
    let time = noon
    const create = async (): Promise<readonly [boolean, string]> => {
      const { made, reason } = await createSnapshot(root, at('home'), { directory: at('snaps'), mode: 'on-change', now: () => (time += 60_000) })
      return [made, reason]
    }
    expect(await create()).toEqual([true, 'there is none yet'])
    expect(await create()).toEqual([false, 'it has not changed since the last one'])
    writeFileSync(bench.at('home', 'file'), 'new')
    expect(await create()).toEqual([true, 'it has changed since the last one'])
    execFileSync('btrfs', ['filesystem', 'sync', bench.root])
    expect(await create()).toEqual([false, 'it has not changed since the last one'])
    execFileSync('chmod', ['600', bench.at('home', 'file')])
    expect(await createSnapshot(root, at('home'), { directory: at('snaps'), mode: 'on-change', dryRun: true, now: () => time })).toMatchObject({
      made: false,
    })
    expect(readdirSync(bench.at('snaps'))).toHaveLength(2)
    expect(await create()).toEqual([true, 'it has changed since the last one'])
  })

  test('at the same time by two gives each one of its own', { timeout: 60_000 }, async context => {
    const { mounts } = await withService(context, 'btrfs')
    using bench = new Bench(mounts[0])
    const { root, at } = await open(bench)
    const one = (): ReturnType<typeof createSnapshot> => createSnapshot(root, at('home'), { directory: at('snaps'), now: () => noon })
    const made = await Promise.all([one(), one(), one(), one()])
    expect(new Set(made.map(({ path }) => path)).size).toBe(4)
    expect(readdirSync(bench.at('snaps'))).toHaveLength(4)
    expect(readdirSync(bench.at('snaps')).flatMap(name => readdirSync(bench.at('snaps', name)))).toEqual([])
  })

  test('says what is missing', { timeout: 60_000 }, async context => {
    const { mounts } = await withService(context, 'btrfs')
    using bench = new Bench(mounts[0])
    const { root, at } = await open(bench)
    await expect(createSnapshot(root, at('nothing'), { directory: at('snaps') })).rejects.toThrow(/^there is no subvolume .*nothing in /)
    await expect(createSnapshot(root, at('home'), { directory: at('nowhere') })).rejects.toThrow(/making the snapshot .*nowhere/)
  })
})

describe('pruning', () => {
  test('deletes what the plan names and nothing that changed since', { timeout: 60_000 }, async context => {
    const { mounts } = await withService(context, 'btrfs')
    using bench = new Bench(mounts[0])
    const { root, at } = await open(bench)
    for (const days of [0, 1, 2]) await createSnapshot(root, at('home'), { directory: at('snaps'), now: () => noon + days * 86_400_000 })
    btrfs('subvolume', 'snapshot', '-r', bench.at('home'), bench.at('snaps', 'by-hand'))
    const volumes = (await root.list()).filter(({ path }) => path?.startsWith(at('snaps/')) === true)
    const items = snapshotItems(volumes)
    expect(items.map(({ id }) => id.slice(-19))).toEqual(['20261121T1030+0000', '20261122T1030+0000', '20261123T1030+0000'].map(text => `.${text}`))
    const { sides } = planRetention({ source: { name: 'here', policy: { minimum: 'latest' }, items }, destinations: [], now: noon + 9 * 86_400_000 })
    const doomed = sides[0]!.delete.map(({ item }) => volumes.find(({ path }) => path === item.id)!)
    expect(doomed).toHaveLength(2)
    // The second is another one by now.
    btrfs('subvolume', 'delete', bench.at('snaps', 'home.20261122T1030+0000'))
    btrfs('subvolume', 'snapshot', '-r', bench.at('home'), bench.at('snaps', 'home.20261122T1030+0000'))
    await root.remove!(doomed[0]!)
    await expect(root.remove!(doomed[1]!)).rejects.toSatisfy(error => isStorageError(error, 'PRECONDITION_FAILED'))
    expect(readdirSync(bench.at('snaps')).sort()).toEqual(['by-hand', 'home.20261122T1030+0000', 'home.20261123T1030+0000'])
    await root.remove!(doomed[0]!)
  })

  test('of dumps never takes one without a record for the latest, nor away what one without a time needs', () => {
    const record = {} as never
    const dump = (name: string, uuid: string, more: object = {}) => ({ path: `${name}.btrfs`, name, uuid, ctransid: 1, bytes: 1, record, ...more })
    const { record: _, ...halfway } = dump('home.20261124T1030+0000', 'd')
    const items = dumpItems([
      dump('home.20261121T1030+0000', 'a'),
      dump('home.20261122T1030+0000', 'b'),
      dump('home.20261123T1030+0000', 'c'),
      halfway,
      dump('special', 'e', { parentUuid: 'a', parentCtransid: 1 }),
    ])
    const { sides } = planRetention({
      source: { name: 'dumps', policy: { minimum: 'latest' }, items },
      destinations: [],
      now: noon + 99 * 86_400_000,
    })
    expect(sides[0]!.delete.map(({ item }) => item.uuid)).toEqual(['b'])
  })
})
