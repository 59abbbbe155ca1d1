import { write as writeFd } from 'node:fs'
import { promisify } from 'node:util'
import { StorageError, untilAborted, type Bytes, type FileEntry, type Path, type WriteOptions } from '@syncline/core'
import { Draft } from './draft.ts'
import { toFileEntry } from './entry.ts'
import { place, toStorageError } from './errno.ts'
import { checkTarget, publish, statWritten } from './publish.ts'
import type { Tree } from './tree.ts'

const writeAsync = promisify(writeFd)

/** Up to this much of a file is written without the thread pool: it only goes to the page cache. */
const synchronousBytes = 64 * 1024

/** What a write changed besides the file. */
export interface Written {
  readonly entry: FileEntry
  readonly madeDirectories: readonly Path[]
}

/** Writes a whole file under a temporary name beside `path`, then gives it its name. An abort or a failure leaves what was there. */
export async function write(tree: Tree, path: Path, content: Bytes, options: WriteOptions, fsync: boolean): Promise<Written> {
  const { signal } = options
  let draft: Draft | undefined
  try {
    signal?.throwIfAborted()
    if (path === '') throw new StorageError('IS_A_DIRECTORY', `${tree.root} is a directory; a file cannot replace it`, { path })
    const file = tree.locateTarget(path)
    const madeDirectories = tree.hasParent(path) ? [] : tree.makeParent(path)
    const existing = checkTarget(tree, path, file, options)
    draft = new Draft(file, { modified: options.modified, mode: options.mode, existing, fsync })
    await fill(tree, path, draft, content, options)
    const written = draft.finish()
    signal?.throwIfAborted()
    publish(tree, draft.file, path, file, options)
    return { entry: toFileEntry(path, statWritten(file, written)), madeDirectories }
  } catch (error) {
    if (draft === undefined) leave(content)
    draft?.discard()
    if (signal?.aborted === true) throw signal.reason
    throw isFromContent(error) ? error.cause : toStorageError(error, 'write', path, tree.root)
  }
}

async function fill(tree: Tree, path: Path, draft: Draft, content: Bytes, { size, signal }: WriteOptions): Promise<void> {
  let total = 0
  const wrong = (): StorageError =>
    new StorageError(
      'CORRUPT',
      `the content for ${place(path, tree.root)} has ${total > (size ?? 0) ? 'more' : 'fewer'} bytes than the ${size} announced; nothing was written`,
      { path },
    )
  for await (const chunk of abortable(content, signal)) {
    total += chunk.length
    if (size !== undefined && total > size) throw wrong()
    if (total <= synchronousBytes) draft.write(chunk)
    else for (let at = 0; at < chunk.length;) at += (await writeAsync(draft.fd, chunk, at, chunk.length - at)).bytesWritten
  }
  if (size !== undefined && total !== size) throw wrong()
}

/** Closes content that is not wanted any more. Not awaited: a source that hangs would hang here too. */
function leave(content: Bytes): void {
  close(content[Symbol.asyncIterator]())
}

function close(iterator: AsyncIterator<Uint8Array>): void {
  void Promise.resolve(iterator.return?.()).catch(() => undefined)
}

/** A failure of the content's own, which is not ours to translate. */
class ContentError extends Error {}

function isFromContent(error: unknown): error is ContentError {
  return error instanceof ContentError
}

/** The chunks of `content`; an abort ends the wait for the next one, even if that never comes. */
async function* abortable(content: Bytes, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array, void, undefined> {
  const iterator = content[Symbol.asyncIterator]()
  let isFinished = false
  try {
    for (;;) {
      let next: IteratorResult<Uint8Array>
      try {
        // Not a race against one promise for the whole content: that would keep every chunk until the end.
        next = await untilAborted(iterator.next(), signal)
        signal?.throwIfAborted()
      } catch (error) {
        isFinished = signal?.aborted !== true
        throw new ContentError('the content failed', { cause: error })
      }
      if (next.done === true) {
        isFinished = true
        return
      }
      yield next.value
    }
  } finally {
    if (!isFinished) close(iterator)
  }
}
