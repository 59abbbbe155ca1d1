import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { describe, expect, test } from 'vitest'
import { BtrSync } from '../src/replicate/btr-sync.ts'
import type { ReplicationPlan } from '../src/replicate/plan.ts'
import { ProgressTransfer } from '../src/replicate/progress-transfer.ts'
import { defaultRoot } from '../src/roots/default-root.ts'
import { differences, makeSnapshots, namesIn, openPair, recorder, run, shown, snapshot } from './replicas.ts'

/** What a plan transfers, in short. */
function linesOf({ transfers }: ReplicationPlan): readonly string[] {
  return transfers.map(({ volumes, parent }) => `${volumes.map(({ path }) => path).join('+')} < ${parent?.path ?? 'whole'}`)
}

describe('BtrSync on real btrfs', () => {
  test('sends the snapshots of a subvolume as a chain, and then has nothing to do', async context => {
    await using pair = await openPair(context)
    makeSnapshots(pair.a, ['s1', 's2', 's3'])
    const { trans, errors, sent } = recorder()
    const sync = new BtrSync(pair.src, pair.dst)
    expect(await sync.sync(trans)).toBe(true)
    expect(errors).toEqual([])
    expect(sent).toEqual(['snaps/s1 < whole', 'snaps/s2 < snaps/s1', 'snaps/s3 < snaps/s2'])
    expect(namesIn(pair.b)).toEqual(['s1', 's2', 's3'])
    for (const name of ['s1', 's2', 's3']) {
      expect(differences(join(pair.a, 'snaps', name), join(pair.b, name))).toBe('')
      expect(shown(join(pair.b, name), 'Flags')).toBe('readonly')
      expect(shown(join(pair.b, name), 'Received UUID')).toBe(shown(join(pair.a, 'snaps', name), 'UUID'))
    }
    expect(await sync.plan()).toMatchObject({ transfers: [], present: 3, problems: [] })
    expect(await sync.sync(trans)).toBe(true)
    expect(sent).toHaveLength(3)
  })

  test('a plan is plain data, tells why, changes nothing, and is what is then carried out', async context => {
    await using pair = await openPair(context)
    makeSnapshots(pair.a, ['s1', 's2'])
    const { trans, sent } = recorder()
    const plan = await new BtrSync(pair.src, pair.dst).plan({}, trans)
    expect(namesIn(pair.b)).toEqual([])
    expect(linesOf(plan)).toEqual(['snaps/s1 < whole', 'snaps/s2 < snaps/s1'])
    expect(plan.transfers.map(({ why }) => why)).toEqual([
      'whole: the destination has nothing that it came from',
      'what changed since snaps/s1, which is sent before',
    ])
    const stored = JSON.parse(JSON.stringify(plan)) as ReplicationPlan
    expect(await new BtrSync(pair.src, pair.dst).run(trans, stored)).toBe(true)
    expect(sent).toEqual(linesOf(plan))
  })

  test('a renamed copy is known, wherever in the file system it lies', async context => {
    await using pair = await openPair(context)
    makeSnapshots(pair.a, ['s1'])
    run('btrfs', 'subvolume', 'create', join(pair.b, 'elsewhere'))
    await new BtrSync(pair.src, (await defaultRoot('local')().getRoot(join(pair.b, 'elsewhere'))).root).sync(recorder().trans)
    run('mv', join(pair.b, 'elsewhere', 's1'), join(pair.b, 'elsewhere', 'other name'))
    expect(await new BtrSync(pair.src, pair.dst).plan()).toMatchObject({ transfers: [], present: 1 })
  })

  test('an older snapshot is sent as what changed since a younger one, where only that is there', async context => {
    await using pair = await openPair(context)
    makeSnapshots(pair.a, ['s1', 's2', 's3'])
    const { trans, errors, sent } = recorder()
    const sync = new BtrSync(pair.src, pair.dst)
    await sync.sync(trans, { target: ({ path }) => path === 'snaps/s2' })
    expect(await sync.sync(trans)).toBe(true)
    expect(errors).toEqual([])
    expect(sent).toEqual(['snaps/s2 < whole', 'snaps/s1 < snaps/s2', 'snaps/s3 < snaps/s2'])
    for (const name of ['s1', 's2', 's3']) expect(differences(join(pair.a, 'snaps', name), join(pair.b, name))).toBe('')
  })

  test('what came back from the destination is known at the source, and the other way round', async context => {
    await using pair = await openPair(context)
    makeSnapshots(pair.a, ['s1'])
    const { trans, errors } = recorder()
    await new BtrSync(pair.src, pair.dst).sync(trans)
    expect(await new BtrSync(pair.dst, pair.src).plan()).toMatchObject({ transfers: [], present: 1 })
    run('btrfs', 'subvolume', 'snapshot', join(pair.b, 's1'), join(pair.b, 'work'))
    writeFileSync(join(pair.b, 'work', 'new'), 'new')
    snapshot(join(pair.b, 'work'), join(pair.b, 's2'))
    expect(await new BtrSync(pair.dst, pair.src).sync(trans)).toBe(true)
    expect(errors).toEqual([])
    expect(differences(join(pair.b, 's2'), join(pair.a, 's2'))).toBe('')
    expect(shown(join(pair.a, 's2'), 'Parent UUID')).toBe(shown(join(pair.a, 'snaps/s1'), 'UUID'))
  })

  test('groups, targets, parents, checks and stops can be chosen', async context => {
    await using pair = await openPair(context)
    makeSnapshots(pair.a, ['s1', 's2', 's3'])
    const sync = new BtrSync(pair.src, pair.dst)
    expect(linesOf(await sync.plan({ check: (_, parent) => parent !== undefined }))).toEqual([])
    expect(linesOf(await sync.plan({ parent: () => undefined, check: (_, parent) => parent === undefined }))).toEqual([
      'snaps/s1 < whole',
      'snaps/s2 < whole',
      'snaps/s3 < whole',
    ])
    expect(linesOf(await sync.plan({ volgroups: roots => [roots] }))).toEqual(['snaps/s1 < whole'])
    class Last extends BtrSync {
      override stop(): boolean {
        return true
      }
    }
    const { trans, sent } = recorder()
    expect(await new Last(pair.src, pair.dst).sync(trans)).toBe(true)
    expect(sent).toEqual(['snaps/s1 < whole'])
  })

  test('keys of one’s own decide what is the same', async context => {
    await using pair = await openPair(context)
    makeSnapshots(pair.a, ['s1'])
    await new BtrSync(pair.src, pair.dst).sync(recorder().trans)
    const blind = new BtrSync(pair.src, pair.dst, { srckeys: [({ uuid }) => uuid], dstkeys: [({ uuid }) => uuid] })
    expect(linesOf(await blind.plan())).toEqual(['snaps/s1 < whole'])
  })

  test('existing volumes are sent again into another directory, as a change against themselves', async context => {
    await using pair = await openPair(context)
    makeSnapshots(pair.a, ['s1'])
    const sync = new BtrSync(pair.src, pair.dst)
    await sync.sync(recorder().trans)
    const { trans, errors, sent } = recorder({ recvpath: 'again', createRecvpath: true })
    expect(await sync.sync(trans, { transferExisting: true })).toBe(true)
    expect([errors, sent]).toEqual([[], ['snaps/s1 < snaps/s1']])
    expect(differences(join(pair.a, 'snaps/s1'), join(pair.b, 'again/s1'))).toBe('')
  })

  test('writable subvolumes are left alone, and nested ones are their own', async context => {
    await using pair = await openPair(context)
    makeSnapshots(pair.a, ['s1'])
    run('btrfs', 'subvolume', 'create', join(pair.a, 'data/nested'))
    snapshot(join(pair.a, 'data/nested'), join(pair.a, 'data/inner'))
    const { trans, sent } = recorder()
    expect(await new BtrSync(pair.src, pair.dst).sync(trans)).toBe(true)
    expect([...sent].sort()).toEqual(['data/inner < whole', 'snaps/s1 < whole'])
  })

  test('a batch goes through one pipe, and every volume is complete', async context => {
    await using pair = await openPair(context)
    makeSnapshots(pair.a, ['s1', 's2'])
    for (const name of ['t1', 't2', 't3']) snapshot(join(pair.a, 'snaps/s1'), join(pair.a, 'snaps', name))
    const { trans, errors, sent } = recorder()
    expect(await new BtrSync(pair.src, pair.dst).sync(trans, { batch: true })).toBe(true)
    expect(errors).toEqual([])
    expect(sent).toEqual(['snaps/s1 < whole', 'snaps/s2+snaps/t1+snaps/t2+snaps/t3 < snaps/s1'])
    for (const name of ['s1', 's2', 't1', 't3']) expect(differences(join(pair.a, 'snaps', name), join(pair.b, name))).toBe('')
  })

  test('independent transfers run beside each other', async context => {
    await using pair = await openPair(context)
    for (const name of ['d1', 'd2', 'd3', 'd4', 'd5']) {
      run('btrfs', 'subvolume', 'create', join(pair.a, name))
      writeFileSync(join(pair.a, name, 'file'), randomBytes(100_000))
      for (const at of [1, 2]) snapshot(join(pair.a, name), join(pair.a, `${name}-${at}`))
    }
    const { trans, errors, sent } = recorder()
    expect(await new BtrSync(pair.src, pair.dst).sync(trans, { parallel: 3 })).toBe(true)
    expect(errors).toEqual([])
    expect(sent).toHaveLength(10)
    expect(namesIn(pair.b)).toHaveLength(10)
  })

  test('progress is told at the start, on the way and at the end, with all bytes', async context => {
    await using pair = await openPair(context)
    makeSnapshots(pair.a, ['s1'], 3_000_000)
    const calls: (readonly [number, number, string])[] = []
    class Reporting extends ProgressTransfer {
      override async reportProgress(total: number, prev: number, seq: string): Promise<void> {
        calls.push([total, prev, seq])
      }
    }
    expect(await new BtrSync(pair.src, pair.dst).sync(new Reporting({ period: 0.005, progSeq: ['|', '-'] }))).toBe(true)
    expect(calls[0]).toEqual([0, 0, '|'])
    expect(calls.at(-1)?.[0]).toBeGreaterThan(3_000_000)
    expect(calls.map(([total]) => total)).toEqual(calls.map(([total]) => total).sort((x, y) => x - y))
    calls.forEach(([, prev, seq], at) => expect([prev, seq]).toEqual([at === 0 ? 0 : calls[at - 1]?.[0], at % 2 === 0 ? '|' : '-']))
  })

  test('extents that other subvolumes have are shared', async context => {
    await using pair = await openPair(context)
    makeSnapshots(pair.a, ['s1'])
    run('btrfs', 'subvolume', 'create', join(pair.a, 'other'))
    writeFileSync(join(pair.a, 'other/big'), randomBytes(2_000_000))
    snapshot(join(pair.a, 'other'), join(pair.a, 'o1'))
    const sync = new BtrSync(pair.src, pair.dst)
    await sync.sync(recorder().trans)
    run('cp', '--reflink=always', join(pair.a, 'other/big'), join(pair.a, 'data/big'))
    snapshot(join(pair.a, 'data'), join(pair.a, 'snaps/s2'))
    let bytes = 0
    class Counting extends ProgressTransfer {
      override async reportProgress(total: number): Promise<void> {
        bytes = total
      }
    }
    expect(await sync.sync(new Counting(), { clones: true })).toBe(true)
    expect(bytes).toBeLessThan(100_000)
    expect(differences(join(pair.a, 'snaps/s2'), join(pair.b, 's2'))).toBe('')
  })

  test('names of any bytes get through', async context => {
    await using pair = await openPair(context)
    makeSnapshots(pair.a, [])
    const names = [" lead'trail ", 'tab\there', '$(id) `id` "q"', 'caf\u00e9', '-rf', 'x path y'].map(name => Buffer.from(name))
    for (const name of [...names, Buffer.from('latin caf\xe9', 'latin1')]) {
      // The only way to give a program an argument that is no UTF-8.
      const escaped = Array.from(name, byte => `\\${byte.toString(8).padStart(3, '0')}`).join('')
      execFileSync('bash', ['-c', `btrfs subvolume snapshot -r ${pair.a}/data "$(printf '${pair.a}/snaps/${escaped}')"`], { stdio: 'pipe' })
    }
    const { trans, errors } = recorder()
    expect(await new BtrSync(pair.src, pair.dst).sync(trans)).toBe(true)
    expect(errors).toEqual([])
    const listed = (path: string): string =>
      execFileSync('find', [path, '-mindepth', '1', '-maxdepth', '1', '-printf', '%f\\0'], { encoding: 'latin1' })
    expect(listed(pair.b).split('\0').sort()).toEqual(listed(join(pair.a, 'snaps')).split('\0').sort())
    for (const path of [join(pair.a, 'snaps'), pair.b])
      execFileSync('bash', ['-c', `btrfs subvolume delete "$(printf '${path}/latin caf\\351')"`], { stdio: 'pipe' })
  })

  test('a root is found above a path that is not there, through links, and not outside of btrfs', async context => {
    await using pair = await openPair(context)
    mkdirSync(join(pair.a, 'dir'))
    run('ln', '-s', join(pair.a, 'dir'), join(pair.a, 'link'))
    const roots = defaultRoot('local')()
    expect(await roots.getRoot(join(pair.a, 'link/not/there'))).toMatchObject({ root: { name: pair.a }, path: 'dir/not/there' })
    expect(await roots.isRoot(pair.a)).toBe(true)
    expect(await roots.isRoot(join(pair.a, 'dir'))).toBe(false)
    await expect(roots.getRoot('/proc')).rejects.toMatchObject({ code: 'NOT_SUPPORTED' })
    await expect(roots.getRoot('')).rejects.toMatchObject({ code: 'INVALID_PATH' })
    await expect(roots.getRoot('/tmp/a\nb')).rejects.toMatchObject({ code: 'INVALID_PATH' })
  })
})

test('defaultRoot names the four protocols when it is asked for another', () => {
  expect(() => defaultRoot('ftp' as 'local')).toThrow('there are local, ssh, file, file-dump')
  expect(() => defaultRoot('toString' as 'local')).toThrow('is no protocol')
})

/** The defects of the program whose behaviour this follows, by their numbers in its description. */
describe('what went wrong in btrsync', () => {
  test('B1: a relative path ends where the file system does', async context => {
    await using pair = await openPair(context)
    makeSnapshots(pair.a, ['s1'])
    const from = relative(process.cwd(), join(pair.a, 'snaps'))
    expect(await defaultRoot('local')().getRoot(`${from}/`)).toMatchObject({ root: { name: pair.a }, path: 'snaps' })
    await expect(defaultRoot('local')().getRoot('no/such/relative/path')).rejects.toMatchObject({ code: 'NOT_SUPPORTED' })
  })

  test('B5: a neighbour whose name only begins the same is not sent', async context => {
    await using pair = await openPair(context)
    for (const name of ['data', 'data2']) {
      run('btrfs', 'subvolume', 'create', join(pair.a, name))
      snapshot(join(pair.a, name), join(pair.a, name, 'snap'))
    }
    const { root } = await defaultRoot('local')().getRoot(join(pair.a, 'data/'))
    expect(linesOf(await new BtrSync(root, pair.dst).plan())).toEqual(['snap < whole'])
  })

  test('B6: the sibling of a deleted origin is the parent, and little is sent', async context => {
    await using pair = await openPair(context)
    makeSnapshots(pair.a, ['s1'])
    run('btrfs', 'subvolume', 'snapshot', join(pair.a, 'data'), join(pair.a, 'branch'))
    run('btrfs', 'subvolume', 'delete', join(pair.a, 'data'))
    snapshot(join(pair.a, 'branch'), join(pair.a, 'snaps/c'))
    expect(linesOf(await new BtrSync(pair.src, pair.dst).plan())).toEqual(['snaps/s1 < whole', 'snaps/c < snaps/s1'])
  })

  test('B9: two volumes of one name are refused before anything is sent, and keep apart with their directories', async context => {
    await using pair = await openPair(context)
    for (const name of ['d1', 'd2']) {
      run('btrfs', 'subvolume', 'create', join(pair.a, name))
      mkdirSync(join(pair.a, `in-${name}`))
      snapshot(join(pair.a, name), join(pair.a, `in-${name}/s1`))
    }
    const { trans, errors, sent } = recorder()
    expect(await new BtrSync(pair.src, pair.dst).sync(trans)).toBe(false)
    expect(sent).toEqual(['in-d1/s1 < whole'])
    expect(errors.join()).toContain('in-d2/s1 cannot be received as s1: in-d1/s1 is going there')
    const apart = recorder({ replicateDirs: true })
    expect(await new BtrSync(pair.src, pair.dst).sync(apart.trans)).toBe(true)
    expect(namesIn(join(pair.b, 'in-d2'))).toEqual(['s1'])
  })

  test.for([1, -1])('a copy that only the name of a subvolume tells of (number %i) does not pass for one', async (by, context) => {
    await using pair = await openPair(context, { alone: true })
    makeSnapshots(pair.a, ['s1'])
    run('btrfs', 'subvolume', 'create', join(pair.b, 'x'))
    const id = Number(shown(join(pair.b, 'x'), 'Subvolume ID')) + 1
    const uuid = shown(join(pair.a, 'snaps/s1'), 'UUID')
    const imitation = `ID ${id + by} gen 7 cgen 7 top level 5 parent_uuid - received_uuid ${uuid} uuid ${uuid.replace(/^.{8}/, '00000000')} path s1`
    snapshot(join(pair.b, 'x'), join(pair.b, `x\n${imitation}`))
    const { trans, errors } = recorder()
    expect(await new BtrSync(pair.src, pair.dst).sync(trans)).toBe(false)
    expect(errors.join()).toContain('looks like a line of the listing')
    run('btrfs', 'subvolume', 'delete', join(pair.b, `x\n${imitation}`))
    expect(await new BtrSync(pair.src, pair.dst).sync(trans)).toBe(true)
    expect(namesIn(pair.b)).toEqual(['s1', 'x'])
  })

  test('B14: a name with a line break costs only that subvolume', async context => {
    await using pair = await openPair(context, { alone: true })
    makeSnapshots(pair.a, ['s1'])
    snapshot(join(pair.a, 'data'), join(pair.a, 'snaps/new\nline'))
    const { trans, errors, sent } = recorder()
    expect(await new BtrSync(pair.src, pair.dst).sync(trans)).toBe(false)
    expect(sent).toEqual(['snaps/s1 < whole'])
    expect(errors.join()).toContain('line break')
  })

  test('B16: a copy that was made writable is not overwritten, and this is known before', async context => {
    await using pair = await openPair(context)
    makeSnapshots(pair.a, ['s1'])
    await new BtrSync(pair.src, pair.dst).sync(recorder().trans)
    run('btrfs', 'property', 'set', '-f', join(pair.b, 's1'), 'ro', 'false')
    writeFileSync(join(pair.b, 's1/mine'), 'mine')
    const { trans, errors } = recorder()
    const sync = new BtrSync(pair.src, pair.dst)
    expect((await sync.plan({}, trans)).problems).toEqual([
      'snaps/s1 cannot be received as s1: a subvolume that can be written to is there; move that away, or choose another place',
    ])
    expect(await sync.sync(trans)).toBe(false)
    expect(errors).toHaveLength(1)
    expect(namesIn(join(pair.b, 's1'))).toContain('mine')
  })

  test('snapshots that only seem equal because a writable volume was received are not passed over', async context => {
    await using pair = await openPair(context)
    makeSnapshots(pair.a, ['s1'])
    await new BtrSync(pair.src, pair.dst).sync(recorder().trans)
    const copy = join(pair.b, 's1')
    // A received UUID on a writable volume: what older versions of btrfs-progs leave after such a change.
    const sources = await pair.dst.list()
    const forged = sources.map(volume => (volume.path === 's1' ? { ...volume, readonly: false, sendable: false } : volume))
    snapshot(copy, join(pair.b, 'later'))
    const later = (await pair.dst.list()).find(({ path }) => path === 'later')
    expect(later?.receivedUuid).toBeDefined()
    const listing = { ...pair.dst, name: 'forged', list: async () => [...forged, ...(later === undefined ? [] : [later])] } as typeof pair.dst
    expect(await new BtrSync(listing, pair.src).plan()).toMatchObject({
      transfers: [],
      problems: [expect.stringContaining('later cannot be told from other snapshots')],
    })
    expect(linesOf(await new BtrSync(pair.src, listing).plan())).toEqual(['snaps/s1 < whole'])
  })
})
