import { isStorageError, StorageError } from '../errors.ts'
import { checkPath, isBelow, joinPath } from '../path.ts'
import type { Entry, ListOptions, Path, ReadableStorage, ReadOptions, Upload, WritableStorage } from '../protocol.ts'
import { type Decorated, decorate, type Overrides } from './decorate.ts'

/**
 * The subtree of `storage` at `root` as a storage of its own: all paths, in entries and errors too, are relative to it.
 *
 * If `root` does not exist, `list` rejects with `NOT_FOUND`, and the first write makes it. Where directories do not exist on their own, a missing root is an empty one.
 * The root can neither be removed nor replaced through the result.
 *
 * @throws StorageError `INVALID_PATH`
 * @example
 * const docs = prefix(storage, 'projects/docs')
 * await docs.read('index.md') // storage.read('projects/docs/index.md')
 */
export function prefix<S extends ReadableStorage>(storage: S, root: Path): Decorated<S> {
  checkPath(root)
  const inner = storage as ReadableStorage & Partial<WritableStorage>
  const { hash, snapshot, watch, write, remove, makeDirectory, makeSymlink, setModified, setMode, copy, move, upload, refuses } = inner
  const outer = (path: Path): Path => joinPath(root, checkPath(path))
  const relative = new Relative(root)
  /** A path that is to become a leaf, or to go away. */
  const outerLeaf = (path: Path): Path => {
    if (path === '') throw new StorageError('INVALID_PATH', `the root ${root} of ${inner.name} can neither be removed nor replaced`, { path })
    return outer(path)
  }

  // Outside of the translation of errors, because the errors of `outer` name the path as it was given.
  const at = async <T>(path: Path, call: (path: Path) => Promise<T>, place: (path: Path) => Path = outer): Promise<T> => {
    const full = place(path)
    return await relative.errors(() => call(full))
  }
  const leaf = <T>(path: Path, call: (path: Path) => Promise<T>): Promise<T> => at(path, call, outerLeaf)

  const overrides: Overrides<WritableStorage> = {
    get name() {
      return root === '' ? inner.name : `${inner.name.replace(/\/$/, '')}/${root}`
    },
    list: (path, options) => list(inner, path, outer, relative, options),
    stat: (path, options) =>
      at(path, async full => {
        const entry = await inner.stat(full, options)
        return entry && relative.entry(entry)
      }),
    read: (path, options) => read(inner, path, outer, relative, options),
    ...(hash && { hash: (path, name, options) => at(path, full => hash.call(inner, full, name, options)) }),
    ...(snapshot && { snapshot: async options => prefix(await relative.errors(() => snapshot.call(inner, options)), root) }),
    ...(watch && {
      async *watch(options) {
        for await (const path of watch.call(inner, options)) {
          if (isBelow(path, root)) yield relative.path(path)
          else if (path === root || isBelow(root, path)) yield ''
        }
      },
    }),
    ...(write && { write: (path, content, options) => leaf(path, async full => relative.entry(await write.call(inner, full, content, options))) }),
    ...(remove && { remove: (path, options) => leaf(path, full => remove.call(inner, full, options)) }),
    ...(makeDirectory && { makeDirectory: (path, options) => at(path, full => makeDirectory.call(inner, full, options)) }),
    ...(makeSymlink && { makeSymlink: (path, target, options) => leaf(path, full => makeSymlink.call(inner, full, target, options)) }),
    ...(setModified && { setModified: (path, modified, options) => at(path, full => setModified.call(inner, full, modified, options)) }),
    ...(setMode && { setMode: (path, mode, options) => at(path, full => setMode.call(inner, full, mode, options)) }),
    ...(copy && {
      copy: async (from, to, options) => {
        const fullFrom = outer(from)
        return await leaf(to, async fullTo => relative.entry(await copy.call(inner, fullFrom, fullTo, options)))
      },
    }),
    ...(move && {
      move: async (from, to, options) => {
        const fullFrom = outerLeaf(from)
        await leaf(to, fullTo => move.call(inner, fullFrom, fullTo, options))
      },
    }),
    ...(refuses && { refuses: path => refuses.call(inner, outer(path)) }),
    ...(upload && { upload: (path, options) => leaf(path, async full => relative.upload(await upload.call(inner, full, options))) }),
  }
  return decorate(storage, overrides as Overrides<S>)
}

async function* list(
  storage: ReadableStorage,
  path: Path,
  outer: (path: Path) => Path,
  relative: Relative,
  options: ListOptions = {},
): AsyncGenerator<readonly Entry[]> {
  const full = outer(path)
  const { descend } = options
  const innerOptions = descend === undefined ? options : { ...options, descend: (directory: Path) => descend(relative.path(directory)) }
  try {
    for await (const item of storage.list(full, innerOptions)) {
      yield Array.isArray(item) ? (item as readonly Entry[]).map(entry => relative.entry(entry)) : [relative.entry(item as Entry)]
    }
  } catch (error) {
    if (path === '' && storage.capabilities.directories !== true && isStorageError(error, 'NOT_FOUND')) return
    throw relative.error(error)
  }
}

async function* read(
  storage: ReadableStorage,
  path: Path,
  outer: (path: Path) => Path,
  relative: Relative,
  options?: ReadOptions,
): AsyncGenerator<Uint8Array> {
  const full = outer(path)
  try {
    yield* storage.read(full, options)
  } catch (error) {
    throw relative.error(error)
  }
}

/** Takes the root away from whatever names a path. */
class Relative {
  readonly #root: Path
  readonly #skip: number

  constructor(root: Path) {
    this.#root = root
    this.#skip = root === '' ? 0 : root.length + 1
  }

  path(path: Path): Path {
    return path.slice(this.#skip)
  }

  entry<E extends Entry>(entry: E): E {
    const path = this.path(entry.path)
    return entry.kind === 'problem' && entry.error !== undefined ? { ...entry, path, error: this.error(entry.error) } : { ...entry, path }
  }

  error(error: unknown): unknown {
    if (!isStorageError(error) || error.path === undefined || this.#root === '') return error
    if (error.path !== this.#root && !isBelow(error.path, this.#root)) return error
    const { code, message, retryable, retryAfterMs } = error
    return new StorageError(code, message, { path: this.path(error.path), retryable, retryAfterMs, cause: error })
  }

  async errors<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call()
    } catch (error) {
      throw this.error(error)
    }
  }

  upload(upload: Upload): Upload {
    return {
      token: upload.token,
      partSize: upload.partSize,
      ...(upload.sequential !== undefined && { sequential: upload.sequential }),
      stored: options => this.errors(() => upload.stored(options)),
      put: (index, part, options) => this.errors(() => upload.put(index, part, options)),
      complete: options => this.errors(async () => this.entry(await upload.complete(options))),
      abort: () => this.errors(() => upload.abort()),
    }
  }
}
