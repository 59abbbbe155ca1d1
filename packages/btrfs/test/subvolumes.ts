import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { Entry, ReadableStorage } from '@syncline/core'
import { service } from '@syncline/services'
import type { TestContext } from 'vitest'
import { destroy, run } from './replicas.ts'

/** A new subvolume, which goes away with all in it. */
export async function openSubvolume(): Promise<(AsyncDisposable & { readonly path: string }) | string> {
  const found = await service('btrfs')
  if (!found.available) return found.reason
  const path = join(found.mounts[0], `storage-${process.pid}-${randomBytes(4).toString('hex')}`)
  run('btrfs', 'subvolume', 'create', path)
  return { path, [Symbol.asyncDispose]: async () => destroy(path) }
}

/** As {@link openSubvolume}; skips the test where there is no btrfs. */
export async function withSubvolume(context: TestContext, work: (path: string) => Promise<void>): Promise<void> {
  const volume = await openSubvolume()
  if (typeof volume === 'string') return context.skip(volume)
  await using _volume = volume
  await work(volume.path)
}

/** Everything that a listing shows, without the errors of problems. */
export async function listAll(storage: ReadableStorage): Promise<Entry[]> {
  const all: Entry[] = []
  for await (const page of storage.list('')) all.push(...(Array.isArray(page) ? (page as Entry[]) : [page as Entry]))
  return all
}
