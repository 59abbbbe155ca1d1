import { collectText, memory, SyncEngine, SyncPair, toBytes, type Entry, type SyncResult, type WritableStorage } from '@syncline/core'
import { describe, expect, test } from 'vitest'
import { eventuallyConsistent, failing, lyingAboutSizes, truncating } from '../src/index.ts'

const files: Readonly<Record<string, string>> = { a: 'content of a', 'd/b': 'content of b', 'd/e/c': 'content of c', zero: '' }

async function filled(tree: Readonly<Record<string, string>> = files): Promise<WritableStorage> {
  const storage = memory({ now: clock() })
  for (const [path, text] of Object.entries(tree)) await storage.write(path, toBytes(text))
  return storage
}

function clock(): () => number {
  let now = 1_700_000_000_000
  return () => (now += 10_000)
}

async function contents(storage: WritableStorage): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for await (const page of storage.list('')) {
    for (const entry of Array.isArray(page) ? (page as readonly Entry[]) : [page as Entry]) {
      if (entry.kind === 'file' && !entry.path.startsWith('.syncline-')) found[entry.path] = await collectText(storage.read(entry.path))
    }
  }
  return found
}

const engine = (): SyncEngine => new SyncEngine({ now: clock(), random: () => 0, attempts: 2 })

function sync(source: WritableStorage, destination: WritableStorage, state: WritableStorage): Promise<SyncResult> {
  return engine().syncPair(new SyncPair({ source, destination, state, id: 'test' }))
}

describe('a sync with a bad storage', () => {
  test.each(['source', 'destination'] as const)(
    'whose reads end early (%s): nothing arrives short, and the next run with a good one finishes',
    async side => {
      const [source, destination, state] = [await filled(side === 'source' ? files : {}), await filled(side === 'source' ? {} : files), memory()]
      const bad = await sync(
        side === 'source' ? truncating(source, { at: 'read' }) : source,
        side === 'source' ? destination : truncating(destination, { at: 'read' }),
        state,
      )
      expect(bad.failures.map(({ path, code }) => [path, code]).sort()).toEqual(
        Object.keys(files)
          .filter(path => files[path] !== '')
          .map(path => [path, 'CORRUPT']),
      )
      expect(await contents(side === 'source' ? destination : source)).toEqual({ zero: '' })
      expect((await sync(source, destination, state)).failures).toEqual([])
      expect([await contents(source), await contents(destination)]).toEqual([files, files])
    },
  )

  test('that stores less than it says: what is short is taken back, and never wins over the whole', async () => {
    const [source, destination, state] = [await filled(), await filled({}), memory()]
    const bad = await sync(source, truncating(destination, { at: 'write' }), state)
    expect(bad.failures.map(({ code }) => code)).toEqual(['CORRUPT', 'CORRUPT', 'CORRUPT'])
    expect(await contents(destination)).toEqual({ zero: '' })
    expect((await sync(source, destination, state)).failures).toEqual([])
    expect([await contents(source), await contents(destination)]).toEqual([files, files])
  })

  test('that lies about its sizes: nothing of the good side is touched', async () => {
    const [source, destination, state] = [await filled(), await filled({}), memory()]
    const bad = await sync(source, lyingAboutSizes(destination), state)
    expect(bad.failures.map(({ code }) => code)).toEqual(['CORRUPT', 'CORRUPT', 'CORRUPT', 'CORRUPT'])
    expect(await contents(source)).toEqual(files)
    expect((await sync(source, destination, state)).failures).toEqual([])
    expect([await contents(source), await contents(destination)]).toEqual([files, files])
  })

  test('that shows changes late: the content arrives, and nothing is deleted', async () => {
    const [source, destination, state] = [await filled(), await filled({}), memory()]
    await sync(source, eventuallyConsistent(destination, { lag: 3 }), state)
    await sync(source, destination, state)
    expect([await contents(source), await contents(destination)]).toEqual([files, files])
  })

  test.each(['before', 'after'] as const)('one call of which fails, %s its effect: no content is lost, and two more runs end equal', async when => {
    for (let call = 1; ; call++) {
      const [source, destination, state] = [await filled(), await filled({ a: 'content of a', other: 'only here' }), memory()]
      await sync(source, destination, state)
      // Every kind of change: an edit, a deletion, a rename and a creation on each side.
      await source.write('a', toBytes('edited at the source'))
      await source.remove('zero')
      await destination.move?.('d/b', 'renamed')
      await destination.write('d/e/c', toBytes('edited at the destination'))
      await destination.write('fresh', toBytes('new at the destination'))
      const bad = failing(destination, { call, when, error: new Error('planted') })
      const result = await sync(source, bad, state).catch((error: unknown) => error)
      const calls = bad.calls
      const label = `call ${call}`
      const all = new Set([...Object.values(await contents(source)), ...Object.values(await contents(destination))])
      for (const text of ['edited at the source', 'content of b', 'edited at the destination', 'new at the destination', 'only here'])
        expect(all.has(text), `${label}: ${text}`).toBe(true)
      await sync(source, destination, state)
      await sync(source, destination, state)
      const final = {
        a: 'edited at the source',
        renamed: 'content of b',
        'd/e/c': 'edited at the destination',
        fresh: 'new at the destination',
        other: 'only here',
      }
      expect(await contents(source), label).toEqual(final)
      expect(await contents(destination), label).toEqual(final)
      if (calls < call) {
        expect(result).toMatchObject({ failures: [] })
        return
      }
    }
  })
})
