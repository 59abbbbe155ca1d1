import type { AbortOptions, Bytes, Path, WritableStorage } from '../protocol.ts'

/** Where a storage that could leave a file half written gets the whole new content first. */
export const nextFolder = 'next'

/**
 * Replaces a file of the state so that its old or its new content can be read after a stop at any moment.
 *
 * Where `write` is not atomic the content is first completed under `next/`: until that copy is removed again it can stand in for a torn file.
 */
export async function replaceFile(storage: WritableStorage, file: Path, content: Bytes, options: AbortOptions): Promise<void> {
  const { signal } = options
  if (storage.capabilities.atomicWrite === true) {
    await storage.write(file, content, { signal })
    return
  }
  await storage.write(copyOf(file), content, { signal })
  await storage.flush?.({ signal })
  await restoreFile(storage, file, { signal })
}

/** Writes a file from its complete copy under `next/`, then removes the copy. */
export async function restoreFile(storage: WritableStorage, file: Path, options: AbortOptions): Promise<void> {
  await storage.write(file, storage.read(copyOf(file), options), options)
  await storage.flush?.(options)
  await storage.remove(copyOf(file), options)
}

/** Where the complete copy of a file lies while the file itself may be torn. */
export function copyOf(file: Path): Path {
  return `${nextFolder}/${file}`
}
