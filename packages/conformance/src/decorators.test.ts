import { decorate, limit, memory, prefix, readOnly, type ReadableStorage, retry, toBytes, type WritableStorage } from '@syncline/core'
import { describe, test } from 'vitest'
import { conformance } from './conformance.ts'
import type { TreeItem } from './types.ts'

const fast = { sleep: async () => undefined, random: () => 0 }

const storages: Readonly<Record<string, () => Promise<WritableStorage> | WritableStorage>> = {
  'memory in one-entry pages': () => memory({ pageSize: 1 }),
  'memory without order': () => memory({ capabilities: { ordered: false } }),
  'memory without atomic writes': () => memory({ capabilities: { atomicWrite: false } }),
  'memory without conditions': () => memory({ capabilities: { conditional: false } }),
  'memory without directories': () => memory({ capabilities: { directories: false } }),
  'memory without times': () => memory({ capabilities: { modifiedPrecision: false } }),
  'memory with times in steps of 2 s': () => memory({ capabilities: { modifiedPrecision: 2000 } }),
  'memory that ignores case and Unicode form': () => memory({ capabilities: { exactNames: false } }),
  'memory without hashes': () => memory({ capabilities: { hashes: [] } }),
  'memory that promises nothing': () =>
    memory({
      capabilities: {
        ordered: false,
        atomicWrite: false,
        conditional: false,
        directories: false,
        modifiedPrecision: false,
        exactNames: false,
        hashes: [],
        concurrency: 1,
      },
    }),
  'decorate around memory': () => decorate(memory()),
  'retry around memory': () => retry(memory(), fast),
  'limit around memory': () => limit(memory(), { concurrency: 3 }),
  'prefix around memory': async () => {
    const storage = memory()
    await storage.write('elsewhere/file', toBytes('x'))
    await storage.makeDirectory?.('deep/root')
    return prefix(storage, 'deep/root')
  },
  'prefix around memory without directories': async () => {
    const storage = memory({ capabilities: { directories: false } })
    await storage.write('deep/root-2/file', toBytes('x'))
    return prefix(storage, 'deep/root')
  },
  'prefix with an empty root around memory': () => prefix(memory(), ''),
  'all of them around memory': async () => {
    const storage = memory()
    await storage.makeDirectory?.('root')
    return retry(limit(prefix(decorate(storage), 'root'), { concurrency: 4 }), fast)
  },
}

for (const [name, make] of Object.entries(storages)) {
  conformance({ describe, test }, async () => ({ storage: await make() }), { title: name, largeListing: 2000 })
}

async function filled(tree: readonly TreeItem[]): Promise<ReadableStorage> {
  const storage = memory()
  for (const item of tree) {
    if (item.kind === 'file') await storage.write(item.path, toBytes(item.content))
    else if (item.kind === 'directory') await storage.makeDirectory?.(item.path)
  }
  return storage
}

conformance({ describe, test }, async tree => ({ storage: readOnly(await filled(tree)) }), { title: 'readOnly around memory', largeListing: 2000 })
conformance({ describe, test }, async tree => ({ storage: retry(readOnly(await filled(tree)), fast) }), {
  title: 'retry around readOnly',
  largeListing: 2000,
})
