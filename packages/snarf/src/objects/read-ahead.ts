import { baseName, isBelow, parentPath, toBytes, type AbortOptions, type Bytes, type Path } from '@syncline/core'
import { entriesPath, zopeDirectory } from '../metadata/index.ts'
import { Repository } from './repository.ts'

/** A file that is larger is not read before its turn. */
const maxFileBytes = 1024 * 1024
/** Bytes that lie ready at once, beside what is being read. */
const maxReadyBytes = 16 * 1024 * 1024
/** Files that may be asked for in another order than expected, before one that was passed over is given up. */
const slack = 256

/**
 * Reads the files of a task several at a time, in the order in which the task will ask for them, as far as they are small and some memory is left. A store
 * that answers slowly is then waited for once, not for every file. What is read is the same, and so are its errors: they are told when their file is asked
 * for.
 *
 * @param paths - in order. A path that is not asked for costs a read, one that is not here is read when it is asked for.
 * @param task - given the repository to read from
 */
export async function readingAhead<T>(
  repository: Repository,
  paths: readonly Path[],
  { signal }: AbortOptions,
  task: (ahead: Repository) => Promise<T>,
): Promise<T> {
  if (repository.concurrency <= 1 || paths.length < 2) return task(repository)
  const ahead = new ReadAhead(repository, paths, signal)
  try {
    return await task(ahead)
  } finally {
    ahead.stop()
  }
}

/** The files of a part of a repository as check and commit look at them: each directory's metadata, then its files, each with its parts, then its directories. */
export async function filesInOrder(repository: Repository, path: Path, options: AbortOptions = {}): Promise<readonly Path[]> {
  if (repository.concurrency <= 1) return []
  const special = path === '' ? [] : ['Extra', 'Annotations', 'Original'].map(part => `${prefixOf(path)}${zopeDirectory}/${part}/${baseName(path)}`)
  const isMeant = (file: Path): boolean => [path, ...special].some(one => file === one || isBelow(file, one))
  const files: (readonly [order: string, path: Path])[] = []
  for await (const file of repository.paths(options)) if (isMeant(file)) files.push([orderOf(file), file])
  return files.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, file]) => file)
}

/** Those whose bodies are looked at: metadata are read once in each task. */
export function withoutMetadata(files: readonly Path[]): readonly Path[] {
  return files.filter(file => !file.endsWith(entriesPath('')))
}

/** A text by which files sort: "@@Zope" before all, the parts of a child beside it, files before directories. */
function orderOf(file: Path): string {
  const parts = file.split('/')
  let order = ''
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i] as string
    if (part === zopeDirectory && i + 2 < parts.length) {
      // Extra, Annotations and Original of a child belong to its turn.
      i += 2
      order += `\u0001${parts[i] as string}\u0000${i === parts.length - 1 ? '' : '\u0002'}`
    } else order += part === zopeDirectory ? '\u0000' : i === parts.length - 1 ? `\u0001${part}` : `\u0002${part}`
  }
  return order
}

function prefixOf(path: Path): Path {
  const directory = parentPath(path)
  return directory === '' ? '' : `${directory}/`
}

interface Ready {
  readonly index: number
  /** The whole file; `undefined` if it is too large. */
  readonly content: Promise<Uint8Array | undefined>
  size: number
}

class ReadAhead extends Repository {
  override readonly name: string
  override readonly concurrency: number
  readonly #repository: Repository
  readonly #paths: readonly Path[]
  readonly #indexOf: ReadonlyMap<Path, number>
  readonly #ready = new Map<Path, Ready>()
  readonly #abort = new AbortController()
  readonly #signal: AbortSignal
  #next = 0
  #reading = 0
  #readyBytes = 0

  constructor(repository: Repository, paths: readonly Path[], signal: AbortSignal | undefined) {
    super(repository)
    this.name = repository.name
    this.concurrency = repository.concurrency
    this.#repository = repository
    this.#paths = paths
    this.#indexOf = new Map(paths.map((path, i) => [path, i]))
    this.#signal = signal === undefined ? this.#abort.signal : AbortSignal.any([signal, this.#abort.signal])
  }

  stop(): void {
    this.#next = this.#paths.length
    this.#ready.clear()
    this.#abort.abort()
  }

  override async *read(path: Path, options?: AbortOptions): AsyncGenerator<Uint8Array, void, undefined> {
    const index = this.#indexOf.get(path)
    if (index === undefined) return yield* this.#repository.read(path, options)
    this.#passTo(index)
    this.#fill()
    const ready = this.#ready.get(path)
    if (ready === undefined) return yield* this.#repository.read(path, options)
    try {
      const content = await ready.content
      if (content === undefined) yield* this.#repository.read(path, options)
      else yield* toBytes(content)
    } finally {
      // Asked for again, it is read again: it may have changed.
      this.#forget(path, ready)
      this.#fill()
    }
  }

  /** Goes on behind a file that is asked for before its turn, and gives up what was passed over long ago. */
  #passTo(index: number): void {
    if (index >= this.#next) this.#next = index
    for (const [path, ready] of this.#ready) {
      if (ready.index >= index - slack) break
      this.#forget(path, ready)
    }
  }

  #fill(): void {
    while (this.#reading < this.concurrency && this.#readyBytes < maxReadyBytes && this.#ready.size < slack && this.#next < this.#paths.length) {
      const index = this.#next++
      const path = this.#paths[index] as Path
      if (this.#ready.has(path)) continue
      this.#reading++
      const ready: Ready = { index, content: this.#collect(path, size => this.#grow(ready, path, size)), size: 0 }
      this.#ready.set(path, ready)
      void ready.content
        .catch(() => undefined)
        .finally(() => {
          this.#reading--
          this.#fill()
        })
    }
  }

  #grow(ready: Ready, path: Path, size: number): void {
    if (this.#ready.get(path) !== ready) return
    this.#readyBytes += size - ready.size
    ready.size = size
  }

  #forget(path: Path, ready: Ready): void {
    if (this.#ready.get(path) !== ready) return
    this.#grow(ready, path, 0)
    this.#ready.delete(path)
  }

  async #collect(path: Path, grow: (size: number) => void): Promise<Uint8Array | undefined> {
    const chunks: Uint8Array[] = []
    let size = 0
    for await (const chunk of this.#repository.read(path, { signal: this.#signal })) {
      chunks.push(chunk.slice())
      size += chunk.length
      if (size > maxFileBytes) {
        grow(0)
        return undefined
      }
      grow(size)
    }
    return chunks.length === 1 ? chunks[0] : new Uint8Array(Buffer.concat(chunks))
  }

  override kindOf(path: Path, options?: AbortOptions): Promise<'file' | 'directory' | undefined> {
    return this.#repository.kindOf(path, options)
  }

  override write(path: Path, content: Uint8Array | Bytes, options?: AbortOptions): Promise<void> {
    return this.#repository.write(path, content, options)
  }

  override paths(options?: AbortOptions): AsyncIterable<Path> {
    return this.#repository.paths(options)
  }
}
