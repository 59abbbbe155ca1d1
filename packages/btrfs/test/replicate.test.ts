import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { BtrSync } from '../src/replicate/btr-sync.ts'
import { destroy, differences, makeSnapshots, namesIn, openPair, recorder, run, shown, snapshot } from './replicas.ts'

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
})
