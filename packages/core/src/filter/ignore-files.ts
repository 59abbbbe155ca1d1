import type { Ancestor } from '../ancestor.ts'
import { collect } from '../bytes.ts'
import { StorageError, type StorageErrorCode, isStorageError, messageOf } from '../errors.ts'
import { type Side, otherSide } from '../modes.ts'
import { compareUtf8 } from '../path.ts'
import type { AbortOptions, FileEntry, Path, ReadableStorage } from '../protocol.ts'
import { parseRules } from './rule-set.ts'

/** An ignore file as both sides have it. */
export interface IgnoreFile {
  readonly path: Path
  /** The text that counts; two where the sides differ and neither can be preferred: then a path is ignored if either ignores it. */
  readonly texts: readonly string[]
}

export interface ReadIgnoreFilesOptions extends AbortOptions {
  /** What a side had at a path after the last sync. With it, a text that one side changed counts against the other side's old one. */
  readonly ancestors?: (side: Side, path: Path) => Ancestor | undefined | Promise<Ancestor | undefined>
  /**
   * The side whose content both have after the run, in modes that go one way. Where the texts differ, this side's counts; a file that only the
   * other side has still counts.
   */
  readonly authority?: Side
}

/** Bytes. A larger file holds something else than rules. */
const largestFile = 4 * 1024 * 1024

/** Files read at once. */
const parallel = 8

interface ReadFile {
  readonly entry: FileEntry
  readonly text: string
}

/**
 * Reads ignore files of both sides. Those that no side has are left out.
 *
 * Where the sides differ: a text that only one side has counts; if one side still has what it had after the last sync, the other side's text counts;
 * else a path is ignored if either text ignores it.
 *
 * @param files - their paths
 * @returns in the order of their paths
 * @throws StorageError naming the file if one cannot be read, is not UTF-8 or holds no rules. Rules that cannot be read never count as no rules.
 */
export async function readIgnoreFiles(
  source: ReadableStorage,
  destination: ReadableStorage,
  files: readonly Path[],
  options: ReadIgnoreFilesOptions = {},
): Promise<readonly IgnoreFile[]> {
  const paths = [...new Set(files)].sort(compareUtf8)
  const found: (IgnoreFile | undefined)[] = new Array(paths.length)
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < paths.length) {
      const index = next++
      found[index] = await readBoth(source, destination, paths[index] as Path, options)
    }
  }
  await Promise.all(Array.from({ length: Math.min(parallel, paths.length) }, worker))
  return found.filter(file => file !== undefined)
}

async function readBoth(
  source: ReadableStorage,
  destination: ReadableStorage,
  path: Path,
  options: ReadIgnoreFilesOptions,
): Promise<IgnoreFile | undefined> {
  const [atSource, atDestination] = await Promise.all([readRulesFile(source, path, options), readRulesFile(destination, path, options)])
  if (atSource === undefined || atDestination === undefined) {
    const only = atSource ?? atDestination
    return only === undefined ? undefined : { path, texts: [only.text] }
  }
  if (atSource.text === atDestination.text) return { path, texts: [atSource.text] }
  const files = { source: atSource, destination: atDestination }
  const { ancestors, authority } = options
  if (authority !== undefined) return { path, texts: [files[authority].text] }
  const unchanged: Side[] = []
  for (const side of ['source', 'destination'] as const) if (isUnchanged(files[side].entry, await ancestors?.(side, path))) unchanged.push(side)
  const [settled] = unchanged
  // Both as they were, and yet different: the last sync left them so, and nothing says which is right.
  if (settled === undefined || unchanged.length === 2) return { path, texts: [atSource.text, atDestination.text] }
  return { path, texts: [files[otherSide(settled)].text] }
}

function isUnchanged(entry: FileEntry, ancestor: Ancestor | undefined): boolean {
  if (ancestor === undefined || ancestor.kind !== 'file' || ancestor.size !== entry.size) return false
  if (entry.etag !== undefined && ancestor.etag !== undefined) return entry.etag === ancestor.etag
  return entry.modified !== undefined && entry.modified === ancestor.modified
}

/**
 * The text of an ignore file; `undefined` if there is none.
 *
 * @throws StorageError as {@link readIgnoreFiles}
 */
export async function readRulesText(storage: ReadableStorage, path: Path, options: AbortOptions = {}): Promise<string | undefined> {
  return (await readRulesFile(storage, path, options))?.text
}

async function readRulesFile(storage: ReadableStorage, path: Path, { signal }: AbortOptions): Promise<ReadFile | undefined> {
  const abort = signal === undefined ? {} : { signal }
  const entry = await passing(signal, storage.stat(path, abort), error => {
    if (isStorageError(error, 'NOT_FOUND') || isStorageError(error, 'NOT_A_DIRECTORY')) return undefined
    throw unreadable(storage, path, error)
  })
  // A directory of that name holds no rules.
  if (entry === undefined || entry.kind === 'directory') return undefined
  if (entry.kind === 'symlink')
    throw refusal(storage, path, 'NOT_SUPPORTED', 'is a symbolic link, which is not followed; put a file with the rules in its place')
  if (entry.kind === 'problem') throw unreadable(storage, path, entry.error ?? entry.reason)
  const content = await passing(signal, collect(storage.read(path, { ...abort, length: largestFile + 1 })), error => {
    throw unreadable(storage, path, error)
  })
  if (content.length > largestFile) throw refusal(storage, path, 'NOT_SUPPORTED', `has more than ${largestFile} bytes; is it a list of rules?`)
  const text = decode(content)
  if (text === undefined) throw refusal(storage, path, 'CORRUPT', 'is not UTF-8 text; save it as UTF-8')
  try {
    parseRules(text)
  } catch (error) {
    throw refusal(storage, path, 'CORRUPT', `cannot be used: ${messageOf(error)}`, error)
  }
  return { entry, text }
}

/** The promise's value, or what `failed` makes of its failure; an abort passes as it is. */
async function passing<T, F>(signal: AbortSignal | undefined, promise: Promise<T>, failed: (error: unknown) => F): Promise<T | F> {
  try {
    return await promise
  } catch (error) {
    signal?.throwIfAborted()
    return failed(error)
  }
}

/** The text without a byte order mark; `undefined` if it is not UTF-8. */
function decode(content: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content)
  } catch {
    return undefined
  }
}

function unreadable(storage: ReadableStorage, path: Path, error: unknown): StorageError {
  const code = isStorageError(error) ? error.code : 'UNKNOWN'
  return refusal(storage, path, code, `cannot be read: ${messageOf(error)}. Make it readable, remove it, or turn ignore files off`, error)
}

function refusal(storage: ReadableStorage, path: Path, code: StorageErrorCode, why: string, cause?: unknown): StorageError {
  const consequence = 'Nothing was changed: without its rules, files could be synced that it hides'
  const message = `the ignore file ${JSON.stringify(path)} of ${storage.name} ${why}. ${consequence}`
  return new StorageError(code, message, {
    path,
    cause,
    ...(isStorageError(cause) && { retryable: cause.retryable, retryAfterMs: cause.retryAfterMs }),
  })
}
