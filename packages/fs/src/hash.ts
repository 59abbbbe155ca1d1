import { onAbort, StorageError, type AbortOptions, type HashName, type Path } from '@syncline/core'
import { place } from './errno.ts'
import { hashFile } from './hash-file.ts'
import { hashNames } from './hash-names.ts'
import { runJob } from './threads.ts'
import { lstat, type Tree } from './tree.ts'

/** From this size on another thread hashes, so that two big files take two processors. */
const threadBytes = 16 * 1024 * 1024

interface HashOptions extends AbortOptions {
  readonly user: object
  readonly workers: number
}

/** Lower-case hex over the content of the file at `path`. */
export async function hash(tree: Tree, path: Path, name: HashName, { signal, user, workers }: HashOptions): Promise<string> {
  signal?.throwIfAborted()
  tree.locate(path)
  if (!hashNames.includes(name))
    throw new StorageError('NOT_SUPPORTED', `could not compute ${name} of ${place(path, tree.root)}; use one of: ${hashNames.join(', ')}`, { path })
  const aborted = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
  const leave = onAbort(signal, () => void Atomics.store(aborted, 0, 1))
  try {
    const isBig = workers > 0 && sizeOf(tree, path) >= threadBytes
    const job = isBig ? runJob(user, workers, { kind: 'hash', tree: { root: tree.root, symlinks: tree.symlinks }, path, name, aborted }) : undefined
    return (await (job ?? hashFile(tree, path, name, () => aborted[0] !== 0))) as string
  } catch (error) {
    if (signal?.aborted === true) throw signal.reason
    throw error
  } finally {
    leave()
  }
}

/** Only to choose where to work; whatever fails here fails there with a message. */
function sizeOf(tree: Tree, path: Path): number {
  try {
    return lstat(tree.locate(path))?.size ?? 0
  } catch {
    return 0
  }
}
