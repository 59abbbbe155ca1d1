import { join } from 'node:path'
import { withService } from '@syncline/services/vitest'
import { describe, expect, test } from 'vitest'
import { BtrSync } from '../src/replicate/btr-sync.ts'
import { defaultRoot } from '../src/roots/default-root.ts'
import { differences, makeSnapshots, openPair, recorder, rootLogin } from './replicas.ts'

describe('BtrSync over ssh', () => {
  test('pushes and pulls over one connection', async context => {
    const server = await withService(context, 'sshd')
    await using pair = await openPair(context)
    makeSnapshots(pair.a, ['s1', 's2', 's3'])
    const roots = defaultRoot('ssh')(rootLogin(server))
    try {
      const there = await roots.getRoot(pair.b)
      const { trans, errors, sent } = recorder()
      expect(await new BtrSync(pair.src, there.root).sync(trans)).toBe(true)
      expect(errors).toEqual([])
      expect(sent).toHaveLength(3)
      for (const name of ['s1', 's2', 's3']) expect(differences(join(pair.a, 'snaps', name), join(pair.b, name))).toBe('')
    } finally {
      await roots.close()
    }
  })
})
