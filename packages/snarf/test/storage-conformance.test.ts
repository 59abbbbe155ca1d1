import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { conformance } from '@syncline/conformance'
import { decorate, memory, type WritableStorage } from '@syncline/core'
import { fs } from '@syncline/fs'
import { s3 } from '@syncline/s3'
import { service } from '@syncline/services'
import { describe, test } from 'vitest'
import { makeBucket } from '@syncline/services/bucket'
import { fileSpool, snarfStorage, type SnarfStorageOptions } from '../src/index.ts'

const runner = {
  describe: (name: string, define: () => void) => describe(name, define),
  test: (name: string, run: () => Promise<void>) => test(name, run),
}

function suite(
  title: string,
  inner: () => { storage: WritableStorage; dispose?: () => void },
  options: SnarfStorageOptions = {},
  wrap = (storage: WritableStorage): WritableStorage => storage,
): void {
  conformance(
    runner,
    async () => {
      const { storage: place, dispose } = inner()
      const storage = snarfStorage(place, 'below/site.snarf', options)
      await storage.makeDirectory('')
      return { storage: wrap(storage), ...(dispose !== undefined && { dispose }) }
    },
    { title },
  )
}

function onDisk(): { storage: WritableStorage; dispose: () => void } {
  const directory = mkdtempSync(join(tmpdir(), 'syncline-snarf-'))
  return { storage: fs(directory), dispose: () => rmSync(directory, { recursive: true, force: true }) }
}

/** Every change goes to the archive at once, so that whatever is read comes from it. */
function eager(storage: WritableStorage): WritableStorage {
  const flush = (): Promise<void> => storage.flush?.() ?? Promise.resolve()
  return decorate(storage, {
    write: async (path, content, options) => {
      const entry = await storage.write(path, content, options)
      await flush()
      return entry
    },
    remove: async (path, options) => {
      await storage.remove(path, options)
      await flush()
    },
  })
}

suite('snarf on memory conforms to the protocol', () => ({ storage: memory() }))
suite('snarf on fs conforms to the protocol', onDisk, { spool: fileSpool })
suite('snarf on a store without etags conforms to the protocol', () => {
  const inner = memory()
  const bare = decorate(inner, {
    capabilities: { atomicWrite: true, directories: true, modifiedPrecision: 1 },
    stat: async (path, options) => {
      const entry = await inner.stat(path, options)
      if (entry?.kind !== 'file') return entry
      const { etag: _etag, ...rest } = entry
      return rest
    },
  })
  return { storage: bare }
})
conformance(
  runner,
  async () => {
    const { storage: place, dispose } = onDisk()
    const storage = snarfStorage(place, 'site.snarf', { spool: fileSpool })
    await storage.makeDirectory('')
    return { storage: eager(storage), dispose }
  },
  { title: 'snarf on fs, written anew after each change, conforms to the protocol', largeListing: 150 },
)

// Not promised on fs, because another program may come between a look and a rename. Within one object nobody can.
suite('snarf on fs with the conditions of one object conforms to the protocol', onDisk, {}, storage =>
  decorate(storage, { capabilities: { ...storage.capabilities, conditional: true } }),
)

const server = await service('s3')

conformance(
  {
    describe: runner.describe,
    test: (name, run) =>
      test(name, { timeout: 90_000 }, async context => {
        if (server.available) await run()
        else context.skip(server.reason)
      }),
  },
  async () => {
    if (!server.available) throw new Error(server.reason)
    const bucket = await makeBucket(server)
    const inner = s3(bucket.options)
    await inner.probe()
    const storage = snarfStorage(inner, 'deep/site.snarf')
    await storage.makeDirectory('')
    return { storage: eager(storage), dispose: () => bucket[Symbol.asyncDispose]() }
  },
  { title: 'snarf on a real S3 server, written anew after each change, conforms to the protocol', largeListing: 60 },
)
