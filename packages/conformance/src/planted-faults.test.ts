import { collect, compareUtf8, decorate, type Entry, memory, parentPath, StorageError, toBytes, type WritableStorage } from '@syncline/core'
import { describe, expect, test } from 'vitest'
import { mapping, truncating } from './bad/lying.ts'
import { unordered } from './bad/listings.ts'
import { ConformanceError, listAll } from './check.ts'
import { conformance } from './conformance.ts'
import { type PromiseNumber, promises } from './promises.ts'

type Memory = ReturnType<typeof memory>

interface Fault {
  /** The promise that a test must name. */
  readonly breaks: PromiseNumber
  readonly name: string
  readonly make: () => WritableStorage
}

/** memory with some members replaced. */
function broken(change: (storage: Memory) => Partial<WritableStorage>, options?: Parameters<typeof memory>[0]): () => WritableStorage {
  return () => {
    const storage = memory(options)
    return Object.defineProperties({ ...storage }, Object.getOwnPropertyDescriptors(change(storage)))
  }
}

function sortedBy(compare: (a: Entry, b: Entry) => number): () => WritableStorage {
  return broken(storage => ({
    async *list(path, options) {
      yield [...(await listAll(storage, path, options))].sort(compare)
    },
  }))
}

const slashed = (entry: Entry): string => (entry.kind === 'directory' ? `${entry.path}/` : entry.path)

const faults: readonly Fault[] = [
  { breaks: 'P1', name: 'a password in the name', make: broken(() => ({ name: 'ftp://user:secret@host/' })) },
  { breaks: 'P2', name: 'a concurrency that JSON cannot carry', make: broken(() => ({ capabilities: { concurrency: Infinity } })) },
  { breaks: 'P3', name: 'hashes without hash', make: broken(() => ({ capabilities: { hashes: ['md5'] } }), { capabilities: { hashes: [] } }) },
  {
    breaks: 'P4',
    name: 'paths that are tidied instead of rejected',
    make: broken(storage => ({ stat: async path => await storage.stat(path.split('/').filter(Boolean).join('/')) })),
  },
  {
    breaks: 'P5',
    name: 'errors without a path',
    make: broken(storage => ({
      async *read(path, options) {
        try {
          yield* storage.read(path, options)
        } catch (error) {
          throw error instanceof StorageError && error.code === 'NOT_FOUND' ? new StorageError('NOT_FOUND', 'no such file') : error
        }
      },
    })),
  },
  {
    breaks: 'P6',
    name: 'read that throws when it is called',
    make: broken(storage => ({
      read(path, options) {
        options?.signal?.throwIfAborted()
        return storage.read(path, options)
      },
    })),
  },
  {
    breaks: 'P7',
    name: 'an abort that is wrapped in an error of its own',
    make: broken(storage => ({
      async stat(path, options) {
        if (options?.signal?.aborted === true) throw new Error('aborted', { cause: options.signal.reason })
        return await storage.stat(path)
      },
    })),
  },
  {
    breaks: 'P8',
    name: 'a write that does not look at the signal while it waits',
    make: broken(storage => ({ write: async (path, content, { signal: _, ...options } = {}) => await storage.write(path, content, options) })),
  },
  {
    breaks: 'P9',
    name: 'a buffer that all calls share',
    make: broken(storage => {
      let shared = ''
      return {
        async write(path, content, options) {
          shared = new TextDecoder().decode(await collect(content))
          await Promise.resolve()
          return await storage.write(path, toBytes(shared), options)
        },
      }
    }),
  },
  {
    breaks: 'P10',
    name: 'close that fails the second time',
    make: broken(() => {
      let closed = false
      return {
        async close() {
          if (closed) throw new StorageError('UNAVAILABLE', 'closed already')
          closed = true
        },
      }
    }),
  },
  {
    breaks: 'P11',
    name: 'a prefix match that takes "d-e" for a part of "d"',
    make: broken(storage => ({
      async *list(path, options) {
        await listAll(storage, path)
        yield (await listAll(storage, '', { ...options, recursive: true })).filter(entry => entry.path.startsWith(path) && entry.path !== path)
      },
    })),
  },
  {
    breaks: 'P11',
    name: 'a listing with the directory itself',
    make: broken(storage => ({
      async *list(path, options) {
        if (path !== '') yield { kind: 'directory', path }
        yield* storage.list(path, options)
      },
    })),
  },
  {
    breaks: 'P11',
    name: 'every page twice',
    make: broken(storage => ({
      async *list(path, options) {
        for await (const page of storage.list(path, options)) {
          yield page
          yield page
        }
      },
    })),
  },
  { breaks: 'P12', name: 'reversed order', make: () => unordered(memory()) },
  { breaks: 'P12', name: 'UTF-16 order', make: sortedBy((a, b) => (slashed(a) < slashed(b) ? -1 : 1)) },
  { breaks: 'P12', name: 'order without the slash of directories', make: sortedBy((a, b) => compareUtf8(a.path, b.path)) },
  { breaks: 'P12', name: 'alphabetical order', make: sortedBy((a, b) => slashed(a).localeCompare(slashed(b))) },
  {
    breaks: 'P13',
    name: 'the first page only',
    make: broken(storage => ({
      async *list(path, options) {
        yield (await listAll(storage, path, options)).slice(0, 1000)
      },
    })),
  },
  {
    breaks: 'P14',
    name: 'recursive false that is ignored',
    make: broken(storage => ({ list: (path, options) => storage.list(path, { ...options, recursive: true }) })),
  },
  {
    breaks: 'P14',
    name: 'a flat listing without directories',
    make: broken(storage => ({
      async *list(path, options) {
        const entries = await listAll(storage, path, options)
        yield options?.recursive === false ? entries.filter(entry => entry.kind !== 'directory') : entries
      },
    })),
  },
  {
    breaks: 'P15',
    name: 'descend that takes siblings with it',
    make: broken(storage => ({
      async *list(path, options) {
        const declined: string[] = []
        for (const entry of await listAll(storage, path, options)) {
          if (declined.some(start => entry.path.startsWith(start) && entry.path !== start)) continue
          if (entry.kind === 'directory' && options?.descend?.(entry.path) === false) declined.push(entry.path)
          yield entry
        }
      },
    })),
  },
  {
    breaks: 'P16',
    name: 'a missing directory that lists as empty',
    make: broken(storage => ({
      async *list(path, options) {
        if ((await storage.stat(path.replace(/^\/|\/$/g, ''))) !== undefined) yield* storage.list(path, options)
      },
    })),
  },
  {
    breaks: 'P17',
    name: 'times in seconds in listings and in milliseconds in stats',
    make: broken(storage =>
      mapping(storage, entries =>
        entries.map(entry => (entry.modified === undefined ? entry : { ...entry, modified: Math.floor(entry.modified / 1000) })),
      ),
    ),
  },
  {
    breaks: 'P18',
    name: 'an empty tree that is not found',
    make: broken(storage => ({
      async *list(path, options) {
        const entries = await listAll(storage, path, options)
        if (entries.length === 0) throw new StorageError('NOT_FOUND', 'nothing there', { path })
        yield entries
      },
    })),
  },
  {
    breaks: 'P19',
    name: 'stat that rejects if nothing is there',
    make: broken(storage => ({
      async stat(path, options) {
        const entry = await storage.stat(path, options)
        if (entry === undefined) throw new StorageError('NOT_FOUND', 'nothing there', { path })
        return entry
      },
    })),
  },
  {
    breaks: 'P20',
    name: 'a root that stat does not find',
    make: broken(storage => ({ stat: async (path, options) => (path === '' ? undefined : await storage.stat(path, options)) })),
  },
  { breaks: 'P21', name: 'reads that end one byte early', make: () => truncating(memory(), { at: 'read' }) },
  {
    breaks: 'P21',
    name: 'content that goes through text',
    make: broken(storage => ({
      async *read(path, options) {
        yield* toBytes(new TextDecoder().decode(await collect(storage.read(path, options))))
      },
    })),
  },
  {
    breaks: 'P22',
    name: 'length that is taken for the end',
    make: broken(storage => ({
      read: (path, options = {}) =>
        storage.read(path, options.length === undefined ? options : { ...options, length: Math.max(0, options.length - (options.offset ?? 0)) }),
    })),
  },
  {
    breaks: 'P22',
    name: 'a range beyond the end that rejects',
    make: broken(storage => ({
      async *read(path, options = {}) {
        const entry = await storage.stat(path)
        if (entry?.kind === 'file' && (options.offset ?? 0) >= entry.size && entry.size > 0)
          throw new StorageError('UNKNOWN', '416 Range Not Satisfiable', { path })
        yield* storage.read(path, options)
      },
    })),
  },
  {
    breaks: 'P23',
    name: 'a missing file that reads as empty',
    make: broken(storage => ({
      async *read(path, options) {
        if ((await storage.stat(path)) !== undefined) yield* storage.read(path, options)
      },
    })),
  },
  {
    breaks: 'P24',
    name: 'a pool that forgets reads that were left',
    make: broken(storage => {
      let running = 0
      return {
        async *read(path, options) {
          if (++running > 100) throw new StorageError('UNAVAILABLE', 'too many open files', { path })
          yield* storage.read(path, options)
          running--
        },
      }
    }),
  },
  {
    breaks: 'P24',
    name: 'chunks that are the stored bytes themselves',
    make: broken(storage => {
      const cache = new Map<string, Uint8Array>()
      return {
        async *read(path, options) {
          const key = `${path}?${JSON.stringify(options)}`
          if (!cache.has(key)) cache.set(key, await collect(storage.read(path, options)))
          yield cache.get(key) as Uint8Array
        },
      }
    }),
  },
  {
    breaks: 'P25',
    name: 'read that ignores ifMatch',
    make: broken(storage => ({ read: (path, { ifMatch: _, ...options } = {}) => storage.read(path, options) })),
  },
  {
    breaks: 'P26',
    name: 'a read that opens the file again for every chunk',
    make: broken(storage => ({
      async *read(path, { offset = 0, length = Infinity, ...options } = {}) {
        for (let at = offset; ; at += 65_536) {
          const size = Math.min(65_536, offset + length - at)
          const chunk = await collect(storage.read(path, { ...options, offset: at, length: size }))
          if (chunk.length > 0) yield chunk
          if (chunk.length < 65_536) return
        }
      },
    })),
  },
  {
    breaks: 'P27',
    name: 'a write that needs its parent directory',
    make: broken(storage => ({
      async write(path, content, options) {
        if ((await storage.stat(parentPath(path))) === undefined) throw new StorageError('NOT_FOUND', 'no such directory', { path })
        return await storage.write(path, content, options)
      },
    })),
  },
  {
    breaks: 'P27',
    name: 'a write that leaves the end of longer old content',
    make: broken(storage => ({
      async write(path, content, options = {}) {
        const fresh = await collect(content)
        const entry = await storage.stat(path)
        if (entry?.kind !== 'file' || options.size !== undefined || entry.size <= fresh.length)
          return await storage.write(path, toBytes(fresh), options)
        const old = await collect(storage.read(path))
        old.set(fresh)
        return { ...(await storage.write(path, toBytes(old), options)), size: fresh.length }
      },
    })),
  },
  { breaks: 'P28', name: 'writes that lose the last byte and say that all is well', make: () => truncating(memory(), { at: 'write' }) },
  {
    breaks: 'P28',
    name: 'a view whose whole buffer is written',
    make: broken(storage => ({
      async write(path, content, options) {
        const whole = async function* (): AsyncGenerator<Uint8Array> {
          for await (const chunk of content) yield new Uint8Array(chunk.buffer as ArrayBuffer)
        }
        const { size: _, ...rest } = options ?? {}
        return await storage.write(path, whole(), rest)
      },
    })),
  },
  {
    breaks: 'P29',
    name: 'a size that is not checked',
    make: broken(storage => ({ write: async (path, content, { size: _, ...options } = {}) => await storage.write(path, content, options) })),
  },
  {
    breaks: 'P30',
    name: 'writing in place',
    make: broken(storage => ({ capabilities: { ...storage.capabilities, atomicWrite: true } }), { capabilities: { atomicWrite: false } }),
  },
  {
    breaks: 'P30',
    name: 'a temporary file that a failed write leaves',
    make: broken(storage => ({
      async write(path, content, options) {
        const temporary = `${path}.tmp`
        const bytes: Uint8Array[] = []
        for await (const chunk of content) {
          bytes.push(chunk)
          await storage.write(temporary, toBytes(chunk))
        }
        await storage.remove(temporary)
        return await storage.write(path, toBytes(await collect(toIterable(bytes))), options)
      },
    })),
  },
  {
    breaks: 'P30',
    name: 'an error of the content that becomes an end of the content',
    make: broken(storage => ({
      async write(path, content, options) {
        const swallowing = async function* (): AsyncGenerator<Uint8Array> {
          try {
            yield* content
          } catch {
            return
          }
        }
        return await storage.write(path, swallowing(), options)
      },
    })),
  },
  {
    breaks: 'P31',
    name: 'content that is visible while it comes',
    make: broken(storage => ({ capabilities: { ...storage.capabilities, atomicWrite: true } }), { capabilities: { atomicWrite: false } }),
  },
  {
    breaks: 'P32',
    name: 'ifNoneMatch that is ignored',
    make: broken(storage => ({ write: async (path, content, { ifNoneMatch: _, ...options } = {}) => await storage.write(path, content, options) })),
  },
  {
    breaks: 'P33',
    name: 'stat, then write',
    make: broken(storage => ({
      async write(path, content, { ifNoneMatch, ...options } = {}) {
        if (ifNoneMatch !== undefined && (await storage.stat(path)) !== undefined)
          throw new StorageError('PRECONDITION_FAILED', 'it exists', { path })
        return await storage.write(path, content, options)
      },
    })),
  },
  {
    breaks: 'P34',
    name: 'ifMatch that is checked before the content has come',
    make: broken(storage => ({
      async write(path, content, { ifMatch, ...options } = {}) {
        const entry = await storage.stat(path)
        if (ifMatch !== undefined && (entry?.kind !== 'file' || entry.etag !== ifMatch))
          throw new StorageError('PRECONDITION_FAILED', 'it changed', { path })
        return await storage.write(path, content, options)
      },
    })),
  },
  {
    breaks: 'P35',
    name: 'an etag of size and time',
    make: broken(storage => {
      const weak = <E extends Entry>(entry: E): E => (entry.kind === 'file' ? { ...entry, etag: `${entry.size}-${entry.modified}` } : entry)
      return {
        write: async (path, content, options) => weak(await storage.write(path, content, options)),
        stat: async (path, options) => {
          const entry = await storage.stat(path, options)
          return entry && weak(entry)
        },
      }
    }),
  },
  {
    breaks: 'P36',
    name: 'times that are cut to seconds',
    make: broken(storage => ({
      write: async (path, content, options = {}) =>
        await storage.write(
          path,
          content,
          options.modified === undefined ? options : { ...options, modified: Math.floor(options.modified / 1000) * 1000 },
        ),
    })),
  },
  {
    breaks: 'P37',
    name: 'a mode that only new files get',
    make: broken(storage => ({
      async write(path, content, options = {}) {
        const old = await storage.stat(path)
        return await storage.write(path, content, old?.mode === undefined ? options : { ...options, mode: old.mode })
      },
    })),
  },
  {
    breaks: 'P38',
    name: 'a write that replaces an empty directory',
    make: broken(storage => ({
      async write(path, content, options) {
        if ((await storage.stat(path).catch(() => undefined))?.kind === 'directory' && path !== '') await storage.remove(path).catch(() => undefined)
        return await storage.write(path, content, options)
      },
    })),
  },
  {
    breaks: 'P39',
    name: 'a write that turns a file into a directory',
    make: broken(storage => ({
      async write(path, content, options) {
        const parent = parentPath(path)
        if ((await storage.stat(parent).catch(() => undefined))?.kind === 'file') await storage.remove(parent)
        return await storage.write(path, content, options)
      },
    })),
  },
  {
    breaks: 'P40',
    name: 'a write through a link',
    make: broken(storage => ({
      async write(path, content, options) {
        const entry = await storage.stat(path).catch(() => undefined)
        return await storage.write(entry?.kind === 'symlink' ? entry.target : path, content, options)
      },
    })),
  },
  {
    breaks: 'P41',
    name: 'chunks that are kept without a copy',
    make: broken(storage => ({
      async write(path, content, options) {
        const chunks: Uint8Array[] = []
        for await (const chunk of content) chunks.push(chunk)
        return await storage.write(path, toIterable(chunks), options)
      },
    })),
  },
  {
    breaks: 'P42',
    name: 'content that is left open',
    make: broken(storage => ({
      async write(path, content, options) {
        const iterator = content[Symbol.asyncIterator]()
        return await storage.write(path, { [Symbol.asyncIterator]: () => ({ next: () => iterator.next() }) }, options)
      },
    })),
  },
  {
    breaks: 'P43',
    name: 'remove that needs something to be there',
    make: broken(storage => ({
      async remove(path, options) {
        if ((await storage.stat(path)) === undefined) throw new StorageError('NOT_FOUND', 'nothing there', { path })
        await storage.remove(path, options)
      },
    })),
  },
  {
    breaks: 'P44',
    name: 'remove that takes everything below',
    make: broken(storage => ({
      async remove(path, options) {
        if ((await storage.stat(path))?.kind === 'directory')
          for (const entry of [...(await listAll(storage, path))].reverse()) await storage.remove(entry.path)
        await storage.remove(path, options)
      },
    })),
  },
  {
    breaks: 'P44',
    name: 'remove that tidies empty parents away',
    make: broken(storage => ({
      async remove(path, options) {
        await storage.remove(path, options)
        const parent = parentPath(path)
        if (parent !== '' && (await listAll(storage, parent).catch(() => ['kept'])).length === 0) await storage.remove(parent)
      },
    })),
  },
  {
    breaks: 'P45',
    name: 'remove that ignores ifMatch',
    make: broken(storage => ({ remove: async (path, { ifMatch: _, ...options } = {}) => await storage.remove(path, options) })),
  },
  {
    breaks: 'P46',
    name: 'an empty root that can be removed',
    make: broken(storage => ({ remove: async (path, options) => (path === '' ? undefined : await storage.remove(path, options)) })),
  },
  {
    breaks: 'P47',
    name: 'makeDirectory that rejects if it exists',
    make: broken(storage => ({
      async makeDirectory(path, options) {
        if ((await storage.stat(path)) !== undefined) throw new StorageError('ALREADY_EXISTS', 'it exists', { path })
        await storage.makeDirectory?.(path, options)
      },
    })),
  },
  {
    breaks: 'P48',
    name: 'makeDirectory that replaces a file',
    make: broken(storage => ({
      async makeDirectory(path, options) {
        if ((await storage.stat(path))?.kind === 'file') await storage.remove(path)
        await storage.makeDirectory?.(path, options)
      },
    })),
  },
  {
    breaks: 'P49',
    name: 'a target that is made absolute',
    make: broken(storage => ({ makeSymlink: async (path, target, options) => await storage.makeSymlink(path, `/${target}`, options) })),
  },
  {
    breaks: 'P50',
    name: 'remove that follows a link',
    make: broken(storage => ({
      async remove(path, options) {
        const entry = await storage.stat(path)
        if (entry?.kind === 'symlink' && (await storage.stat(entry.target))?.kind === 'file') await storage.remove(entry.target)
        await storage.remove(path, options)
      },
    })),
  },
  {
    breaks: 'P51',
    name: 'names that are decoded like URLs',
    make: broken(storage => ({
      write: async (path, content, options) => await storage.write(path.replaceAll('%20', ' '), content, options),
    })),
  },
  {
    breaks: 'P51',
    name: 'names that lose the space at their end',
    make: broken(storage => ({ write: async (path, content, options) => await storage.write(path.replace(/ $/, ''), content, options) })),
  },
  {
    breaks: 'P51',
    name: 'a name that is refused with another code',
    make: broken(storage => ({
      async write(path, content, options) {
        if (path.includes('\n')) throw new StorageError('UNKNOWN', 'strange name', { path })
        return await storage.write(path, content, options)
      },
    })),
  },
  {
    breaks: 'P52',
    name: 'names that ignore case',
    make: broken(storage => ({ capabilities: { ...storage.capabilities, exactNames: true } }), { capabilities: { exactNames: false } }),
  },
  {
    breaks: 'P52',
    name: 'names that are composed',
    make: broken(storage => ({
      write: async (path, content, options) => ({ ...(await storage.write(path.normalize('NFC'), content, options)), path }),
    })),
  },
  {
    breaks: 'P53',
    name: 'setModified that writes the file again, empty',
    make: broken(storage => ({
      async setModified(path, modified) {
        const entry = await storage.stat(path)
        if (entry === undefined) throw new StorageError('NOT_FOUND', 'nothing there', { path })
        await storage.write(path, toBytes(''), { modified })
      },
    })),
  },
  { breaks: 'P54', name: 'setMode that does nothing', make: broken(() => ({ setMode: async () => undefined })) },
  {
    breaks: 'P55',
    name: 'copy that ignores conditions',
    make: broken(storage => ({ copy: async (from, to, { ifMatch: _, ifNoneMatch: __, ...options } = {}) => await storage.copy(from, to, options) })),
  },
  {
    breaks: 'P55',
    name: 'copy that moves',
    make: broken(storage => ({
      async copy(from, to, options) {
        const entry = await storage.copy(from, to, options)
        await storage.remove(from)
        return entry
      },
    })),
  },
  {
    breaks: 'P56',
    name: 'move by copy and remove, with a new time',
    make: broken(storage => ({
      async move(from, to) {
        if ((await storage.stat(to)) !== undefined) throw new StorageError('ALREADY_EXISTS', 'it exists', { path: to })
        await storage.copy(from, to, { modified: 1 })
        await storage.remove(from)
      },
    })),
  },
  {
    breaks: 'P57',
    name: 'move that replaces',
    make: broken(storage => ({
      async move(from, to, options) {
        if ((await storage.stat(from))?.kind === 'file' && (await storage.stat(to))?.kind === 'file') await storage.remove(to)
        await storage.move(from, to, options?.signal === undefined ? {} : { signal: options.signal })
      },
    })),
  },
  {
    breaks: 'P58',
    name: 'a move of a directory that leaves empty directories',
    make: broken(storage => ({
      async move(from, to) {
        for (const entry of await listAll(storage, from))
          if (entry.kind === 'file') await storage.move(entry.path, `${to}${entry.path.slice(from.length)}`)
      },
    })),
  },
  {
    breaks: 'P59',
    name: 'capital hex',
    make: broken(storage => ({ hash: async (path, name, options) => ((await storage.hash?.(path, name, options)) as string).toUpperCase() })),
  },
  {
    breaks: 'P59',
    name: 'a hash of another function',
    make: broken(storage => ({ hash: async (path, _, options) => (await storage.hash?.(path, 'sha256', options)) as string })),
  },
  {
    breaks: 'P59',
    name: 'a wrong hash in listings',
    make: broken(storage =>
      mapping(storage, entries => entries.map(entry => (entry.kind === 'file' ? { ...entry, hashes: { sha256: '00' } } : entry))),
    ),
  },
  {
    breaks: 'P60',
    name: 'an unknown function that is answered with another',
    make: broken(storage => ({
      hash: async (path, name, options) => (await storage.hash?.(path, name === 'rot13' ? 'sha256' : name, options)) as string,
    })),
  },
  {
    breaks: 'P61',
    name: 'parts that are put together as they came',
    make: broken(storage => ({
      async upload(path, options) {
        const upload = await storage.upload(path, options)
        let next = 0
        return { ...upload, put: async (_, part, o) => await upload.put(next++, part, o) }
      },
    })),
  },
  {
    breaks: 'P62',
    name: 'a token that starts from nothing',
    make: broken(storage => ({ upload: async (path, { resume: _, ...options } = {}) => await storage.upload(path, options) })),
  },
  {
    breaks: 'P63',
    name: 'an aborted upload that stays',
    make: broken(storage => ({ upload: async (path, options) => ({ ...(await storage.upload(path, options)), abort: async () => undefined }) })),
  },
  {
    breaks: 'P64',
    name: 'an upload that checks its conditions at the start only',
    make: broken(storage => ({
      upload: async (path, { ifNoneMatch: _, ...options } = {}) => await storage.upload(path, options),
    })),
  },
  {
    breaks: 'P65',
    name: 'a snapshot that is the tree itself',
    make: broken(storage => ({ snapshot: async () => decorate(storage, { write: undefined as never, remove: undefined as never }) })),
  },
  { breaks: 'P66', name: 'flush that throws the last change away', make: broken(storage => ({ flush: async () => await storage.remove('d/file') })) },
  { breaks: 'P67', name: 'watch that tells nothing', make: broken(() => ({ watch: ({ signal } = {}) => silent(signal) })) },
]

async function* toIterable(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks
}

async function* silent(signal: AbortSignal | undefined): AsyncGenerator<string> {
  await new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason), { once: true }))
}

/** The promises that the tests which cite `number` find broken. */
async function findBroken(make: () => WritableStorage, number: PromiseNumber): Promise<readonly ConformanceError[]> {
  const found: ConformanceError[] = []
  const tests: (() => Promise<void>)[] = []
  const runner = {
    describe: (_: string, define: () => void) => define(),
    test: (name: string, run: () => Promise<void>) => {
      if (name.split(' ').includes(number)) tests.push(run)
    },
  }
  conformance(runner, () => ({ storage: make() }), { largeListing: 1500, patienceMs: 200 })
  for (const run of tests) {
    try {
      await run()
    } catch (error) {
      if (!(error instanceof ConformanceError)) throw error
      found.push(error)
    }
  }
  return found
}

describe('conformance', () => {
  test.each(faults)('$breaks finds $name', async ({ breaks, make }) => {
    const found = await findBroken(make, breaks)
    expect(found.map(error => error.promise)).toContain(breaks)
    const message = found.find(error => error.promise === breaks)?.message
    expect(message).toContain(`${breaks} asks: ${promises[breaks]}`)
  })

  test('every promise has a planted fault', () => {
    expect(new Set(faults.map(({ breaks }) => breaks))).toEqual(new Set(Object.keys(promises)))
  })

  test('finds nothing in the storage that the faults are planted in', async () => {
    for (const number of Object.keys(promises) as PromiseNumber[]) expect(await findBroken(memory, number)).toEqual([])
  })
})
