import { StorageError } from '../errors.ts'
import type { Bytes, Capabilities, FileEntry, ListOptions, Path, ReadOptions, WritableStorage, WriteOptions } from '../protocol.ts'

/** A storage for tests of the state: counts its changing calls, can stop before or after one, and can tear writes. */
export class TestStorage implements WritableStorage {
  readonly name = 'test'
  readonly capabilities: Capabilities
  readonly files = new Map<Path, Uint8Array>()
  /** Changing calls so far, with what they did. */
  readonly calls: string[] = []
  /** Throw at this changing call and at every later one. */
  stop: { readonly call: number; readonly when: 'before' | 'after' | 'torn' } | undefined
  readonly #tags = new Map<Path, string>()
  #tag = 0

  constructor(files: Iterable<readonly [Path, Uint8Array]> = [], capabilities: Capabilities = { atomicWrite: true, conditional: true }) {
    for (const [path, bytes] of files) this.#set(path, bytes)
    this.capabilities = capabilities
  }

  /** What another process would find. */
  reopen(): TestStorage {
    return new TestStorage(this.files, this.capabilities)
  }

  text(path: Path): string {
    return new TextDecoder().decode(this.files.get(path))
  }

  async *list(path: Path, options: ListOptions = {}): AsyncGenerator<FileEntry> {
    const prefix = path === '' ? '' : `${path}/`
    const found = [...this.files.keys()].filter(file => file.startsWith(prefix) && (options.recursive !== false || !file.slice(prefix.length).includes('/')))
    if (path !== '' && ![...this.files.keys()].some(file => file.startsWith(prefix))) throw new StorageError('NOT_FOUND', `${path} is missing`, { path })
    for (const file of found) yield this.#entry(file)
  }

  async stat(path: Path): Promise<FileEntry | undefined> {
    return this.files.has(path) ? this.#entry(path) : undefined
  }

  async *read(path: Path, { offset = 0, length = Infinity }: ReadOptions = {}): Bytes & AsyncGenerator<Uint8Array> {
    const bytes = this.files.get(path)
    if (bytes === undefined) throw new StorageError('NOT_FOUND', `${path} is missing`, { path })
    const end = Math.min(bytes.length, offset + length)
    for (let at = offset; at < end; at += 1000) yield bytes.slice(at, Math.min(at + 1000, end))
  }

  async write(path: Path, content: Bytes, options: WriteOptions = {}): Promise<FileEntry> {
    return this.#change(`write ${path}`, async torn => {
      if (options.ifNoneMatch === '*' && this.files.has(path)) throw new StorageError('PRECONDITION_FAILED', `${path} exists`, { path })
      if (options.ifMatch !== undefined && this.#tags.get(path) !== options.ifMatch) throw new StorageError('PRECONDITION_FAILED', `${path} changed`, { path })
      const chunks: number[] = []
      if (this.capabilities.atomicWrite !== true) this.#set(path, new Uint8Array())
      for await (const chunk of content) chunks.push(...chunk)
      if (options.ifNoneMatch === '*' && this.files.has(path)) throw new StorageError('PRECONDITION_FAILED', `${path} exists`, { path })
      this.#set(path, Uint8Array.from(torn ? chunks.slice(0, chunks.length / 2) : chunks))
      return this.#entry(path)
    })
  }

  async remove(path: Path): Promise<void> {
    await this.#change(`remove ${path}`, async () => void this.files.delete(path))
  }

  async flush(): Promise<void> {
    await this.#change('flush', async () => undefined)
  }

  async #change<T>(call: string, effect: (torn: boolean) => Promise<T>): Promise<T> {
    const { stop } = this
    const n = this.calls.push(call)
    if (stop !== undefined && (n > stop.call || (n === stop.call && stop.when === 'before'))) throw new Error(`stopped before ${call}`)
    const result = await effect(n === stop?.call && stop.when === 'torn')
    if (n === stop?.call) throw new Error(`stopped after ${call}`)
    return result
  }

  #set(path: Path, bytes: Uint8Array): void {
    this.files.set(path, bytes)
    this.#tags.set(path, `v${++this.#tag}`)
  }

  #entry(path: Path): FileEntry {
    return { path, kind: 'file', size: this.files.get(path)?.length ?? 0, etag: this.#tags.get(path) as string }
  }
}
