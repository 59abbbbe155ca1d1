import {
  decorate,
  type Entry,
  isStorageError,
  joinPath,
  messageOf,
  type Path,
  type ReadableStorage,
  retry,
  type Upload,
  type WritableStorage,
} from '@syncline/core'

/** How a scratch directory is called; a person who finds one knows where it came from. */
export function scratchName(): string {
  return `.syncline-doctor-${crypto.randomUUID()}`
}

/** Removes a directory with everything in it. @returns what could not be removed, with the reason; nothing there is fine */
export async function removeTree(storage: WritableStorage, root: Path): Promise<{ readonly path: Path; readonly message: string }[]> {
  const steady = retry(storage)
  const left: { readonly path: Path; readonly message: string }[] = []
  const remove = async (path: Path): Promise<void> => {
    try {
      await steady.remove(path)
    } catch (error) {
      left.push({ path, message: messageOf(error) })
    }
  }
  const leaves: Path[] = []
  const directories: Path[] = [root]
  try {
    for await (const entry of entriesOf(steady, root)) (entry.kind === 'directory' ? directories : leaves).push(entry.path)
  } catch (error) {
    if (isStorageError(error, 'NOT_FOUND') || isStorageError(error, 'NOT_A_DIRECTORY')) return left
    left.push({ path: root, message: messageOf(error) })
  }
  const rest = leaves.values()
  const work = async (): Promise<void> => {
    for (const path of rest) await remove(path)
  }
  await Promise.all(Array.from({ length: Math.max(1, storage.capabilities.concurrency ?? 1) }, work))
  // A directory comes before what it holds, in every order.
  if (storage.capabilities.directories === true) for (const path of directories.sort((a, b) => b.length - a.length)) await remove(path)
  return left
}

/** A listing, entry by entry. */
async function* entriesOf(storage: ReadableStorage, path: Path, recursive: boolean = true): AsyncGenerator<Entry, void, undefined> {
  for await (const item of storage.list(path, { recursive })) {
    if (Array.isArray(item)) yield* item as readonly Entry[]
    else yield item as Entry
  }
}

/**
 * The storage until `signal` is aborted; from then on every call rejects with its reason. A test that runs then ends soon, and cannot write
 * what was just removed.
 *
 * @param uploads - those that were begun are added: what they keep on the server is in no listing
 */
export function until(signal: AbortSignal, storage: WritableStorage, uploads: Upload[]): WritableStorage {
  const wrapper = decorate(storage, {
    close: undefined,
    ...(storage.upload && {
      upload: async (path, options) => {
        const upload = (await storage.upload?.(path, options)) as Upload
        uploads.push(upload)
        return upload
      },
    }),
  })
  for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(wrapper))) {
    if (typeof value !== 'function') continue
    const call = (...args: unknown[]): unknown => {
      signal.throwIfAborted()
      return (value as (...args: unknown[]) => unknown)(...args)
    }
    Object.defineProperty(wrapper, name, { value: call, enumerable: true })
  }
  return wrapper
}

/** A path of its own for every subject. */
export function numbered(directory: Path): () => Path {
  let count = 0
  return () => joinPath(directory, String(++count))
}
