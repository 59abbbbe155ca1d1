import { StorageError } from '../errors.ts'
import { checkPath, isBelow } from '../path.ts'
import type { Capabilities, Entry, FileEntry, HashName, ListOptions, Path, ReadableStorage, WritableStorage, WriteOptions } from '../protocol.ts'
import { abortable } from './abort.ts'
import { decorateReadable } from './decorate.ts'
import { entryOf, fileEntry, type FileNode, MemoryTree, type Node } from './memory-tree.ts'
import { type PendingUploads, pendingUpload } from './memory-upload.ts'

/** What a memory storage may promise less of. An absent field keeps the full promise. */
export interface MemoryCapabilities {
  /** `false`: listings come in another order. */
  readonly ordered?: boolean
  /** `false`: the first content is visible before the last has come, and a failed write leaves what had come. */
  readonly atomicWrite?: boolean
  /** `false`: preconditions are ignored. */
  readonly conditional?: boolean
  /** `false`: directories are implied by the files below them, as in an object store. */
  readonly directories?: boolean
  /** Milliseconds, e.g. 1000 or 2000; default 1. `false`: the storage sets its own times. */
  readonly modifiedPrecision?: number | false
  /** `false`: names that differ in case or Unicode form are the same file. */
  readonly exactNames?: boolean
  /** Default sha256 and sha1. Empty: there is no `hash`. */
  readonly hashes?: readonly ('sha256' | 'sha1')[]
  /** Default 8. */
  readonly concurrency?: number
}

/** Options of `memory`. */
export interface MemoryOptions {
  /** Default `memory:`. */
  readonly name?: string
  readonly capabilities?: MemoryCapabilities
  /** The storage's clock, in milliseconds since the Unix epoch; default `Date.now`. */
  readonly now?: () => number
  /** Entries per page of a listing; default 500. */
  readonly pageSize?: number
  /** Bytes per part of an upload; default 1 MiB. */
  readonly partSize?: number
}

/** What {@link memory} has under all options; `makeDirectory`, `setModified` and `hash` go with their capabilities. */
export type MemoryStorage = WritableStorage &
  Required<Pick<WritableStorage, 'makeSymlink' | 'setMode' | 'copy' | 'move' | 'upload' | 'snapshot' | 'flush' | 'close'>>

/** Bytes per chunk of a read. */
const chunkSize = 64 * 1024

/**
 * A tree in memory: the reference storage, which keeps every promise of the protocol.
 *
 * `options.capabilities` weakens it, to test clients against storages that promise less.
 *
 * @example
 * const storage = memory()
 * await storage.write('docs/a.txt', toBytes('hello'))
 */
export function memory(options: MemoryOptions = {}): MemoryStorage {
  const { name = 'memory:', capabilities: { directories = true, exactNames = true } = {} } = options
  return memoryOf(new MemoryTree({ name, implied: !directories, folding: !exactNames }), options)
}

function memoryOf(tree: MemoryTree, options: MemoryOptions): MemoryStorage {
  const { now = Date.now, pageSize = 500, partSize = 1024 * 1024 } = options
  const { name, implied, folding } = tree.options
  const { ordered = true, atomicWrite = true, conditional = true, modifiedPrecision = 1, concurrency = 8 } = options.capabilities ?? {}
  const hashes: readonly string[] = options.capabilities?.hashes ?? ['sha256', 'sha1']
  const capabilities: Capabilities = {
    ...(ordered && { ordered }),
    ...(atomicWrite && { atomicWrite }),
    ...(conditional && { conditional }),
    ...(!implied && { directories: true }),
    ...(modifiedPrecision !== false && { modifiedPrecision }),
    ...(!folding && { exactNames: true }),
    ...(hashes.length > 0 && { hashes }),
    concurrency,
  }
  const uploads: PendingUploads = new Map()
  let counter = 0

  function timeOf(modified: number | undefined): number {
    return modified === undefined || modifiedPrecision === false ? now() : Math.floor(modified / modifiedPrecision) * modifiedPrecision
  }

  function requireVersion(path: Path, node: Node | undefined, ifMatch: string): void {
    if (node?.kind === 'file' && node.etag === ifMatch) return
    throw new StorageError('PRECONDITION_FAILED', `${path} on ${name} is not the version that was asked for; it was changed or removed`, { path })
  }

  /** @throws StorageError if a leaf with these options cannot be put at `path` */
  function checkPlace(path: Path, { ifMatch, ifNoneMatch }: WriteOptions): Node | undefined {
    if (checkPath(path) === '') throw new StorageError('IS_A_DIRECTORY', `the root of ${name} cannot be replaced`, { path })
    const node = tree.find(path)
    if (conditional && ifNoneMatch !== undefined && node !== undefined) {
      throw new StorageError('PRECONDITION_FAILED', `${path} exists on ${name} already`, { path })
    }
    if (conditional && ifMatch !== undefined) requireVersion(path, node, ifMatch)
    if (node?.kind === 'directory')
      throw new StorageError('IS_A_DIRECTORY', `${path} on ${name} is a directory and cannot be replaced by a file`, { path })
    tree.checkParents(path)
    return node
  }

  /** Checks and puts without a turn of the event loop between: that makes the preconditions atomic. */
  function put(path: Path, chunks: readonly Uint8Array[], writeOptions: WriteOptions): FileNode {
    const old = checkPlace(path, writeOptions)
    const content = concat(chunks)
    if (writeOptions.size !== undefined && writeOptions.size !== content.length) {
      throw new StorageError('CORRUPT', `${path} was announced to ${name} with ${writeOptions.size} bytes but has ${content.length}`, { path })
    }
    const node: FileNode = {
      kind: 'file',
      content,
      etag: `"${++counter}"`,
      id: old?.kind === 'file' ? old.id : `id-${counter}`,
      modified: timeOf(writeOptions.modified),
      mode: writeOptions.mode,
    }
    tree.put(path, node)
    return node
  }

  function fileAt(path: Path): FileNode {
    const node = tree.get(path)
    if (node.kind === 'file') return node
    if (node.kind === 'directory') throw new StorageError('IS_A_DIRECTORY', `${path} on ${name} is a directory`, { path })
    throw new StorageError('NOT_SUPPORTED', `${path} on ${name} is a symbolic link and has no content of its own`, { path })
  }

  const storage: MemoryStorage = {
    name,
    capabilities,

    async *list(path: Path, { signal, recursive = true, descend = () => true }: ListOptions = {}): AsyncGenerator<readonly Entry[]> {
      signal?.throwIfAborted()
      const root = tree.get(checkPath(path))
      if (root.kind !== 'directory') throw new StorageError('NOT_A_DIRECTORY', `${path} on ${name} is a ${root.kind} and cannot be listed`, { path })
      let page: Entry[] = []
      for (const entry of tree.entries(path, root, directory => recursive && descend(directory), !ordered)) {
        // An object store shows directories where it stops at them, and only there.
        if (implied && entry.kind === 'directory' && recursive && descend(entry.path)) continue
        page.push(entry)
        if (page.length < pageSize) continue
        yield page
        page = []
        signal?.throwIfAborted()
      }
      if (page.length > 0) yield page
    },

    async stat(path, { signal } = {}) {
      signal?.throwIfAborted()
      const node = tree.find(checkPath(path))
      return node === undefined || (implied && node.kind === 'directory') ? undefined : entryOf(path, node)
    },

    async *read(path, { signal, offset = 0, length = Infinity, ifMatch } = {}): AsyncGenerator<Uint8Array> {
      signal?.throwIfAborted()
      const node = fileAt(checkPath(path))
      if (conditional && ifMatch !== undefined) requireVersion(path, node, ifMatch)
      const { content } = node
      const end = Math.min(content.length, offset + length)
      for (let at = offset; at < end; at += chunkSize) {
        yield content.slice(at, Math.min(at + chunkSize, end))
        signal?.throwIfAborted()
      }
    },

    async write(path, content, writeOptions = {}) {
      const { signal, size } = writeOptions
      signal?.throwIfAborted()
      checkPlace(path, writeOptions)
      const chunks: Uint8Array[] = []
      let isVisible = false
      let received = 0
      try {
        for await (const chunk of abortable(content, signal)) {
          // A copy, because the producer may use its buffer again.
          chunks.push(chunk.slice())
          received += chunk.length
          if (size !== undefined && received > size) break
          if (atomicWrite || isVisible) continue
          put(path, chunks, without(writeOptions, 'size'))
          isVisible = true
        }
        signal?.throwIfAborted()
        return fileEntry(path, put(path, chunks, isVisible ? without(writeOptions, 'ifMatch', 'ifNoneMatch') : writeOptions))
      } catch (error) {
        if (isVisible) put(path, chunks, {})
        throw error
      }
    },

    async remove(path, { signal, ifMatch } = {}) {
      signal?.throwIfAborted()
      if (checkPath(path) === '') throw new StorageError('INVALID_PATH', `the root of ${name} cannot be removed`, { path })
      const node = tree.find(path)
      if (node === undefined || (implied && node.kind === 'directory')) return
      if (conditional && ifMatch !== undefined) requireVersion(path, node, ifMatch)
      if (node.kind === 'directory' && node.children.size > 0) throw new StorageError('NOT_EMPTY', `${path} on ${name} is not empty`, { path })
      tree.remove(path)
    },

    async makeSymlink(path, target, { signal } = {}) {
      signal?.throwIfAborted()
      checkPlace(path, {})
      tree.put(path, { kind: 'symlink', target, modified: now() })
    },

    async setMode(path, mode, { signal } = {}) {
      signal?.throwIfAborted()
      const node = tree.get(checkPath(path))
      if (node.kind === 'symlink') throw new StorageError('NOT_SUPPORTED', `${path} on ${name} is a symbolic link and has no mode`, { path })
      node.mode = mode
    },

    async copy(from, to, writeOptions = {}) {
      writeOptions.signal?.throwIfAborted()
      const { content, modified, mode } = fileAt(checkPath(from))
      return fileEntry(to, put(to, [content], { modified, ...(mode !== undefined && { mode }), ...writeOptions }))
    },

    async move(from, to, { signal, ifMatch } = {}) {
      signal?.throwIfAborted()
      const node = tree.get(checkPath(from))
      if (from === '' || checkPath(to) === '')
        throw new StorageError('INVALID_PATH', `the root of ${name} can neither be moved nor replaced`, { path: from })
      if (isBelow(tree.fold(to), tree.fold(from)))
        throw new StorageError('INVALID_PATH', `${from} cannot be moved below itself, to ${to}`, { path: from })
      const old = tree.find(to)
      // The same node under another spelling is no obstacle: it is a change of case.
      if (old !== undefined && old !== node && (ifMatch === undefined || !conditional)) {
        throw new StorageError('ALREADY_EXISTS', `${to} exists on ${name} already; ${from} was not moved`, { path: to })
      }
      if (conditional && ifMatch !== undefined) requireVersion(to, old, ifMatch)
      tree.checkParents(to)
      tree.remove(from)
      tree.put(to, node)
    },

    async upload(path, { resume, signal, ...writeOptions } = {}) {
      signal?.throwIfAborted()
      checkPlace(path, resume === undefined ? writeOptions : {})
      const token = resume ?? `upload-${++counter}`
      if (resume === undefined) uploads.set(token, { path, options: writeOptions, parts: new Map() })
      const place = {
        name,
        path,
        partSize,
        put: (parts: readonly Uint8Array[], asked: WriteOptions): FileEntry => fileEntry(path, put(path, parts, asked)),
      }
      return pendingUpload(uploads, token, place)
    },

    async snapshot({ signal } = {}): Promise<ReadableStorage> {
      signal?.throwIfAborted()
      return decorateReadable(memoryOf(tree.copy({ ...tree.options, name: `${name} (snapshot)` }), options))
    },

    async flush({ signal } = {}) {
      signal?.throwIfAborted()
    },

    async close() {
      // The tree lives as long as the object: there is nothing to give back.
    },
  }

  if (hashes.length > 0) {
    storage.hash = async (path: Path, hashName: HashName, { signal } = {}) => {
      signal?.throwIfAborted()
      const { content } = fileAt(checkPath(path))
      if (!hashes.includes(hashName))
        throw new StorageError('NOT_SUPPORTED', `${name} cannot compute ${hashName}, only ${hashes.join(' and ')}`, { path })
      const digest = await crypto.subtle.digest(hashName === 'sha1' ? 'SHA-1' : 'SHA-256', content)
      return Array.from(new Uint8Array(digest), byte => byte.toString(16).padStart(2, '0')).join('')
    }
  }
  if (!implied) {
    storage.makeDirectory = async (path, { signal } = {}) => {
      signal?.throwIfAborted()
      tree.makeDirectory(checkPath(path))
    }
  }
  if (modifiedPrecision !== false) {
    storage.setModified = async (path, modified, { signal } = {}) => {
      signal?.throwIfAborted()
      tree.get(checkPath(path)).modified = timeOf(modified)
    }
  }
  return storage
}

function without(options: WriteOptions, ...names: readonly (keyof WriteOptions)[]): WriteOptions {
  return Object.fromEntries(Object.entries(options).filter(([name]) => !(names as readonly string[]).includes(name)))
}

function concat(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(chunks.reduce((length, chunk) => length + chunk.length, 0))
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.length
  }
  return whole
}
