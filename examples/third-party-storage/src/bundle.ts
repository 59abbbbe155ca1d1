import { createHash } from 'node:crypto'
import { open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { abortable, checkPath, compareEntries, type Entry, type FileEntry, isBelow, type Path } from '@syncline/core'
import { StorageError, type StoragePlugin, type WritableStorage } from '@syncline/core'

type Stored = { readonly content: Buffer; readonly entry: FileEntry }
type Saved = { readonly path: Path; readonly modified: number; readonly base64: string }

/** A tree of files in one JSON file: `[{ "path": "a.txt", "modified": 0, "base64": "…" }]`. Changes reach the disk with `flush` and `close`. */
export async function bundle(file: string): Promise<WritableStorage> {
  const name = `bundle:${file}`
  const files = await load(file)
  let changes = 0
  let saved = 0
  let saving = Promise.resolve()

  async function save(): Promise<void> {
    const upTo = changes
    if (upTo === saved) return
    const tree = [...files.values()].map(({ content, entry: { path, modified } }) => ({ path, modified, base64: content.toString('base64') }))
    await replaceFile(file, JSON.stringify(tree, undefined, 1))
    saved = upTo
  }
  // One after the other, because all of them write the same temporary file.
  const flush = (): Promise<void> => (saving = saving.catch(() => undefined).then(save))

  return {
    name,
    capabilities: { ordered: true, atomicWrite: true, exactNames: true, modifiedPrecision: 1, concurrency: 4 },

    async *list(path, { signal, recursive = true } = {}) {
      signal?.throwIfAborted()
      if (files.has(checkPath(path))) throw new StorageError('NOT_A_DIRECTORY', `${path} in ${name} is a file`, { path })
      const found = new Map<string, Entry>()
      for (const { entry } of files.values()) {
        if (!isBelow(entry.path, path)) continue
        const end = recursive ? -1 : entry.path.indexOf('/', path === '' ? 0 : path.length + 1)
        const directory = entry.path.slice(0, end)
        if (end === -1) found.set(entry.path, entry)
        else found.set(`${directory}/`, { kind: 'directory', path: directory })
      }
      if (found.size === 0 && path !== '') throw new StorageError('NOT_FOUND', `nothing in ${name} is below ${path}`, { path })
      yield [...found.values()].sort(compareEntries)
    },
    async stat(path, { signal } = {}) {
      signal?.throwIfAborted()
      return files.get(checkPath(path))?.entry
    },
    async *read(path, { signal, offset = 0, length = Infinity } = {}) {
      signal?.throwIfAborted()
      const stored = files.get(checkPath(path))
      if (stored === undefined) throw new StorageError('NOT_FOUND', `${path} is not in ${name}`, { path })
      yield Uint8Array.from(stored.content.subarray(offset, offset + length))
    },
    async write(path, content, { signal, size, modified = Date.now() } = {}) {
      if (checkPath(path) === '') throw new StorageError('IS_A_DIRECTORY', `the root of ${name} is not a file`, { path })
      const chunks: Buffer[] = []
      for await (const chunk of abortable(content, signal)) chunks.push(Buffer.from(chunk))
      const stored = toStored(path, Buffer.concat(chunks), modified)
      const actual = stored.entry.size
      if (actual !== (size ?? actual)) throw new StorageError('CORRUPT', `${path} has ${actual} bytes instead of ${size}`, { path })
      files.set(path, stored)
      changes++
      return stored.entry
    },
    async remove(path, { signal } = {}) {
      signal?.throwIfAborted()
      if (checkPath(path) === '') throw new StorageError('INVALID_PATH', `the root of ${name} cannot be removed`, { path })
      if (files.delete(path)) changes++
    },
    async flush({ signal } = {}) {
      signal?.throwIfAborted()
      await flush()
    },
    close: flush,
  }
}

export const plugin: StoragePlugin = { schemes: ['bundle'], open: async url => await bundle(decodeURIComponent(url.pathname)) }

async function load(file: string): Promise<Map<Path, Stored>> {
  const json = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? '[]' : Promise.reject(error)))
  const saved = JSON.parse(json) as readonly Saved[]
  return new Map(saved.map(({ path, modified, base64 }) => [path, toStored(path, Buffer.from(base64, 'base64'), modified)]))
}

function toStored(path: Path, content: Buffer, modified: number): Stored {
  const etag = createHash('sha256').update(content).digest('hex')
  return { content, entry: { kind: 'file', path: checkPath(path), size: content.length, modified, etag } }
}

async function replaceFile(file: string, text: string): Promise<void> {
  const temporary = await open(`${file}.tmp`, 'w')
  await temporary.writeFile(text).finally(() => temporary.sync().finally(() => temporary.close()))
  await rename(`${file}.tmp`, file)
  const directory = await open(dirname(file))
  await directory.sync().finally(() => directory.close())
}
