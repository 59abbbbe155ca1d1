import {
  collect,
  ExitCode,
  isStorageError,
  messageOf,
  type Bytes,
  type Entry,
  type FamilyCall,
  type FamilyCommand,
  type FileEntry,
  type WritableStorage,
  type WriteOptions,
} from '@syncline/core'
import { extractNew, type Extracted } from './extract-new.ts'
import { indexSnarf, readSnarf, windowsPathProblem, type SnarfRecord } from '../format/index.ts'
import {
  lookAt,
  operandsOf,
  readAll,
  readFrom,
  readingOf,
  readingOptions,
  summaryOf,
  withArchive,
  writable,
  type ArchiveFile,
  type Totals,
} from './archive-file.ts'

/** Files up to this size are written several at a time. */
const besideBytes = 256 * 1024

/** `syncline snarf extract`. */
export const extract: FamilyCommand = {
  summary: 'Write what an archive holds into a tree',
  usage: ['ARCHIVE DESTINATION'],
  details: [
    'DESTINATION is any place that can be written to. An archive with a path that leaves the root, or that ends early, writes nothing: a new or empty directory gets its tree at once when all of it is there, and for any other place the archive is looked through first.',
    'A file that is there already is left as it is, and the exit code is 3, unless --force is given. Nothing is written through symbolic links. On Windows, names that mean something else there are refused.',
  ],
  examples: ['syncline snarf extract site.snarf ./site', 'syncline snarf extract s3://bucket/site.snarf ./site --force'],
  options: { force: { short: 'f', text: 'Replace files that are there' }, ...readingOptions },
  completes: 'file',
  run,
}

async function run(call: FamilyCall): Promise<number> {
  const [location = '', to = ''] = operandsOf(call, 2, 2, 'extract takes an archive and where its files go')
  return withArchive(call, location, async archive => {
    const version = await lookAt(archive, call.signal)
    const { totals, failures } = (await extractNew(call, archive, version, to)) ?? (await extractInto(call, archive, version, to))
    call.progress()
    call.print(`${to}: ${summaryOf(call, totals)}${failures === 0 ? '' : `, ${failures} not written`}`)
    call.json({ type: 'extracted', archive: location, destination: to, ...totals, failures })
    return failures === 0 ? ExitCode.OK : ExitCode.PARTIAL
  })
}

/** Writes through the storage, which minds what is there already. */
async function extractInto(call: FamilyCall, archive: ArchiveFile, version: FileEntry, to: string): Promise<Extracted> {
  const latest = await lookThrough(call, archive, version)
  const opened = await call.open(to)
  try {
    const destination = writable(opened)
    const extracted = await writeAll(call, destination, readAll(archive, version, call.signal), latest)
    await destination.flush?.({ signal: call.signal })
    return extracted
  } finally {
    await opened.close?.()
  }
}

/** @returns where the later one begins of files that come twice. @throws StorageError before anything is written */
async function lookThrough(call: FamilyCall, archive: ArchiveFile, version: FileEntry): Promise<ReadonlyMap<string, number> | undefined> {
  const reading = readingOf(call)
  const latest = reading.duplicates === 'last' ? new Map<string, number>() : undefined
  const open = (offset: number): Bytes => readFrom(archive, version, call.signal, offset)
  for await (const { path, offset } of indexSnarf(open, version.size, reading)) {
    const problem = process.platform === 'win32' ? windowsPathProblem(path) : undefined
    if (problem !== undefined) throw call.usageError(`${JSON.stringify(path)} cannot be extracted on Windows: ${problem}`)
    latest?.set(path, offset)
  }
  return latest
}

async function writeAll(
  call: FamilyCall,
  destination: WritableStorage,
  content: Bytes,
  latest: ReadonlyMap<string, number> | undefined,
): Promise<Extracted> {
  const totals: Totals = { files: 0, directories: 0, bytes: 0 }
  const running = new Set<Promise<void>>()
  const most = destination.capabilities.concurrency ?? 1
  const there = call.options.has('force') ? new Set<string>() : await pathsOf(destination, call.signal)
  let failures = 0
  let fatal: { readonly error: unknown } | undefined

  async function write(path: string, size: number, body: Bytes): Promise<void> {
    try {
      const options: WriteOptions = { size, signal: call.signal, ...(!call.options.has('force') && { ifNoneMatch: '*' }) }
      // Not every storage minds the condition.
      if (options.ifNoneMatch !== undefined && there.has(path)) throw new Error('it is there already; replace it with --force')
      await destination.write(path, body, options)
      totals.files++
      totals.bytes += size
    } catch (error) {
      if (call.signal.aborted || (isStorageError(error) && ['NO_SPACE', 'UNAVAILABLE', 'UNAUTHENTICATED', 'TIMEOUT'].includes(error.code))) {
        fatal ??= { error }
        return
      }
      failures++
      const exists = isStorageError(error, 'PRECONDITION_FAILED') || isStorageError(error, 'ALREADY_EXISTS')
      call.warn(`${path} was not written: ${exists ? 'it is there already; replace it with --force' : messageOf(error)}`)
    }
  }

  async function take({ kind, path, size, offset, content: body }: SnarfRecord): Promise<void> {
    if (kind === 'directory') {
      if (path !== '') totals.directories++
      return destination.makeDirectory?.(path, { signal: call.signal })
    }
    if (latest !== undefined && latest.get(path) !== offset) return
    if (size > besideBytes) return write(path, size, body)
    const bytes = await collect(copied(body))
    const work: Promise<void> = write(path, size, once(bytes)).finally(() => running.delete(work))
    running.add(work)
    if (running.size >= most) await Promise.race(running)
  }

  try {
    for await (const record of readSnarf(content, readingOf(call))) {
      await take(record)
      if (fatal !== undefined) throw fatal.error
      if ((totals.files + totals.directories) % 256 === 0) call.progress(summaryOf(call, totals))
    }
  } finally {
    await Promise.allSettled(running)
  }
  if (fatal !== undefined) throw (fatal as { readonly error: unknown }).error
  return { totals, failures }
}

async function pathsOf(destination: WritableStorage, signal: AbortSignal): Promise<ReadonlySet<string>> {
  const paths = new Set<string>()
  try {
    for await (const item of destination.list('', { signal })) {
      for (const { path, kind } of Array.isArray(item) ? (item as readonly Entry[]) : [item as Entry]) if (kind !== 'directory') paths.add(path)
    }
  } catch (error) {
    if (!isStorageError(error, 'NOT_FOUND')) throw error
  }
  return paths
}

/** Chunks of an archive are valid until the next one only. */
async function* copied(content: Bytes): AsyncGenerator<Uint8Array> {
  for await (const chunk of content) yield chunk.slice()
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.length > 0) yield bytes
}
