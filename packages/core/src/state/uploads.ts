import { toBytes } from '../bytes.ts'
import type { PendingUpload, UploadLedger } from '../execute/upload.ts'
import type { AbortOptions, WritableStorage } from '../protocol.ts'
import { readFileIfAny, stateFiles } from './files.ts'
import { replaceFile } from './replace-file.ts'

/**
 * Uploads that have begun and are not complete, in a file of the state. They are few: one per big file on its way.
 *
 * A file that cannot be read counts as empty: what it named is sent anew, and the store ends what nobody goes on with.
 */
export async function openUploadLedger(storage: WritableStorage, options: AbortOptions = {}): Promise<UploadLedger> {
  let uploads = parse(await readFileIfAny(storage, stateFiles.uploads, options))
  let queue: Promise<unknown> = Promise.resolve()
  const save = (next: readonly PendingUpload[]): Promise<void> => {
    uploads = next
    const saved = queue.then(async () => {
      // Without the signal: what an aborted run has begun must be remembered more than anything.
      if (uploads.length === 0) await storage.remove(stateFiles.uploads)
      else await replaceFile(storage, stateFiles.uploads, toBytes(JSON.stringify(uploads, undefined, 1) + '\n'), {})
      await storage.flush?.()
    })
    queue = saved.catch(() => {})
    return saved
  }
  const without = ({ side, path }: PendingUpload): PendingUpload[] => uploads.filter(item => item.side !== side || item.path !== path)
  return {
    pending: () => uploads,
    begin: upload => save([...without(upload), upload]),
    end: async upload => {
      if (uploads.some(({ token }) => token === upload.token)) await save(without(upload))
    },
  }
}

function parse(bytes: Uint8Array | undefined): readonly PendingUpload[] {
  if (bytes === undefined) return []
  try {
    const uploads = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown
    return Array.isArray(uploads) ? uploads.filter(isPendingUpload) : []
  } catch {
    return []
  }
}

function isPendingUpload(value: unknown): value is PendingUpload {
  const { side, path, token, size } = (value ?? {}) as Partial<Record<keyof PendingUpload, unknown>>
  return (side === 'source' || side === 'destination') && typeof path === 'string' && typeof token === 'string' && typeof size === 'number'
}
