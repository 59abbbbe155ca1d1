import { decorate, type FileEntry, memory, type Overrides, toBytes, type WritableStorage } from '@syncline/core'
import { describe, expect, test } from 'vitest'
import { scenarios } from '../scenarios/index.ts'
import { factsOf, holds, probe } from '../src/facts.ts'
import type { Place } from '../src/store.ts'
import { engineRunner, tell } from '../src/tell.ts'

/** Stores that do something wrong when the engine uses them. Its users use the store itself. */
const faults: Readonly<Record<string, (inner: WritableStorage) => Overrides<WritableStorage>>> = {
  'forgets the times of files': inner => ({ write: (path, content, { modified: _modified, ...rest } = {}) => inner.write(path, content, rest) }),
  'writes something else': inner => ({
    write: (path, content, { size, ...rest } = {}) =>
      inner.write(path, size === 0 ? content : replaced(content), { ...rest, ...(size !== undefined && { size }) }),
  }),
  'leaves temporary files': inner => ({
    write: async (path, content, options): Promise<FileEntry> => {
      const entry = await inner.write(path, content, options)
      await inner.write('.syncline-tmp-left', toBytes('left'))
      return entry
    },
  }),
  'says that it removed what it keeps': () => ({ remove: () => Promise.resolve(), move: undefined }),
  'shows other versions every time': inner => ({
    async *list(path, options) {
      for await (const item of inner.list(path, options))
        for (const entry of Array.isArray(item) ? item : [item])
          yield entry.kind === 'file' ? { ...entry, etag: crypto.randomUUID(), modified: Date.now() } : entry
    },
    hash: undefined,
  }),
}

/** Other bytes of the same length. */
async function* replaced(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of content) yield chunk.map(byte => byte ^ 1)
}

describe('tell', () => {
  test.each(Object.keys(faults))('fails for a destination that %s', async name => {
    const complaints: string[] = []
    for (const scenario of scenarios) {
      const source = placeOf(memory())
      const inner = memory()
      const destination = { ...placeOf(inner), storage: decorate<WritableStorage>(inner, faults[name]?.(inner) ?? {}) }
      const facts = factsOf({ storage: source.storage, abilities: await probe(memory()) }, { storage: inner, abilities: await probe(memory()) })
      if (!holds(scenario.needs, facts)) continue
      await tell(scenario, source, destination, facts, engineRunner(source, destination)).catch((error: Error) => complaints.push(error.message))
    }
    expect(complaints.length, `of ${scenarios.length} scenarios`).toBeGreaterThan(5)
  })
})

function placeOf(storage: WritableStorage): Place {
  return { storage, client: storage, view: storage }
}
