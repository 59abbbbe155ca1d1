import { isStorageError, type AbortOptions, type Path, type WritableStorage } from '@syncline/core'
import { readNotice, removeNotice } from './dump-files.ts'

/** Ends the upload of a dump that broke off, and forgets it. That the store has forgotten it already is fine. */
export async function abandonUpload(storage: WritableStorage, dump: Path, options: AbortOptions = {}): Promise<void> {
  const notice = await readNotice(storage, dump, options)
  if (notice !== undefined) await endUpload(storage, dump, notice.token, options)
  await removeNotice(storage, dump, options)
}

/** Ends an upload by its token. */
export async function endUpload(storage: WritableStorage, path: Path, token: string, { signal }: AbortOptions): Promise<void> {
  try {
    await (await storage.upload?.(path, { resume: token, signal }))?.abort()
  } catch (error) {
    if (!isStorageError(error, 'NOT_FOUND')) throw error
  }
}
