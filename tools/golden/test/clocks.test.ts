import { ComparisonMode, decorate, type Entry, memory, SyncEngine, SyncMode, SyncPair, toBytes, type WritableStorage } from '@syncline/core'
import { describe, expect, test } from 'vitest'

const hour = 3_600_000

/** A store in another zone: it keeps times, and shows all of them shifted. */
function shifted(storage: WritableStorage, ms: number): WritableStorage {
  const shift = <E extends Entry>(entry: E): E => (entry.modified === undefined ? entry : { ...entry, modified: entry.modified + ms })
  return decorate<WritableStorage>(storage, {
    async *list(path, options) {
      for await (const item of storage.list(path, options)) yield Array.isArray(item) ? (item as readonly Entry[]).map(shift) : shift(item as Entry)
    },
    stat: async (path, options) => {
      const entry = await storage.stat(path, options)
      return entry && shift(entry)
    },
    write: async (path, content, options) => shift(await storage.write(path, content, options)),
  })
}

/** Stores whose clocks are wrong, and what they promise. */
const wrongClocks: Readonly<Record<string, () => WritableStorage>> = {
  'is in a zone 5.5 hours ahead': () => shifted(memory(), 5.5 * hour),
  'is in a zone 11 hours behind, and has no hashes': () => shifted(memory({ capabilities: { hashes: [] } }), -11 * hour),
  'sets its own times by a clock that is a day ahead': () =>
    memory({ now: () => Date.now() + 24 * hour, capabilities: { modifiedPrecision: false, hashes: [] } }),
  'sets its own times by a clock that is two years behind': () =>
    memory({ now: () => Date.now() - 2 * 365 * 24 * hour, capabilities: { modifiedPrecision: false } }),
  'keeps times to 2 seconds': () => memory({ capabilities: { modifiedPrecision: 2000, hashes: [] } }),
}

const modes = [SyncMode.TWO_WAY, SyncMode.SOURCE_TO_DESTINATION, SyncMode.SOURCE_BACKUP] as const

describe.each(Object.keys(wrongClocks))('a destination that %s', name => {
  for (const mode of modes) {
    for (const comparisonMode of Object.values(ComparisonMode)) {
      test(`is given every file once, and an edited file once more (${mode}, ${comparisonMode})`, async context => {
        const [source, destination, state] = [memory(), wrongClocks[name]?.() as WritableStorage, memory()]
        if (comparisonMode === 'hash-only' && destination.hash === undefined) return context.skip('there is no hash to compare by')
        const sync = async (): Promise<readonly string[]> => {
          const result = await new SyncEngine({ mode, comparisonMode }).syncPair(new SyncPair({ source, destination, state, id: 'clocks' }))
          expect([result.exitCode, result.failures]).toEqual([0, []])
          return result.plan.items.map(({ action, path }) => `${action} ${path}`)
        }
        // Old ones, new ones, and one from the future.
        const times = { old: Date.UTC(2009, 1, 13, 23, 31, 30), new: Date.now() - 1000, future: Date.now() + 72 * hour }
        for (const [path, modified] of Object.entries(times)) await source.write(path, toBytes(`${path} file`), { modified })
        expect(await sync()).toEqual(['UPLOAD_NEW future', 'UPLOAD_NEW new', 'UPLOAD_NEW old'])
        expect(await sync()).toEqual([])
        await source.write('old', toBytes('an edited file'), { modified: Date.UTC(2009, 1, 14) })
        expect(await sync()).toEqual(['UPLOAD_UPDATE old'])
        expect(await sync()).toEqual([])
        if (mode !== SyncMode.TWO_WAY) return
        await destination.write('new', toBytes('edited over there'), { modified: Date.now() })
        expect(await sync()).toEqual(['DOWNLOAD_UPDATE new'])
        expect(await sync()).toEqual([])
      })
    }
  }
})
