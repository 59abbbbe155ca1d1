import { StorageError, type AbortOptions, type WritableStorage } from '@syncline/core'
import { readRecord } from './dump-files.ts'
import { isSameDump, recordEnding } from './dump-name.ts'
import type { Dump } from './read-dumps.ts'

/**
 * Deletes a dump: its record first, so that it is never taken for whole while it goes. Whether another one needs it is for {@link planRetention}.
 *
 * @throws StorageError `PRECONDITION_FAILED` if something else has its name by now
 */
export async function removeDump(storage: WritableStorage, dump: Dump, { signal }: AbortOptions = {}): Promise<void> {
  const { path } = dump
  const record = await readRecord(storage, path, { signal })
  if (record !== undefined && !isSameDump(record, dump))
    throw new StorageError('PRECONDITION_FAILED', `${path} on ${storage.name} is the dump of another volume by now, so it stays`, { path })
  await storage.remove(path + recordEnding, { signal })
  await storage.flush?.({ signal })
  await storage.remove(path, { signal })
  await storage.flush?.({ signal })
}
