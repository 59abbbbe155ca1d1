import { isStorageError, StorageError } from '../errors.ts'
import type { Bytes, Entry, FileEntry, Path, WriteOptions } from '../protocol.ts'
import { asStale, difference, isRefusal, StaleError, staleAt } from './check.ts'
import { gone } from './changes.ts'
import { readPlanned, sameBytes, type Reading } from './content.ts'
import { takeBack, takeBackVersion } from './effects.ts'
import type { RunSide } from './run-side.ts'
import { ForgetError, type Run } from './run.ts'
import { canStage, writeStaged } from './temporary.ts'
import { goesInParts, sendInParts } from './upload.ts'

/** A file's way from one place to another. */
export interface SendRequest {
  readonly from: RunSide
  /** As it must be; its path is where it is read. */
  readonly file: FileEntry
  readonly to: RunSide
  readonly path: Path
  /** What must be at the target: a file, or null for nothing. */
  readonly expected: FileEntry | null
  /** Fingerprint of the content, if one is known. */
  readonly hash?: string | undefined
  /** An earlier try may have had its effect without our knowing. */
  readonly uncertain?: boolean
  /** Called at the start of each try, and with the bytes so far. */
  readonly onProgress?: (bytes: number) => void
}

/** What arrived. */
export interface Sent {
  readonly entry: FileEntry
  readonly hash: string | undefined
}

/**
 * Sends one file the ordinary way: read, write, verify.
 *
 * The fingerprint of what arrived is, in this order: what the target's store computed over it, what the plan knew of the unchanged source, or
 * none: then the comparator computes it when it first needs it. Core itself hashes nothing here: WebCrypto cannot hash in passing.
 *
 * @throws StaleError if either side is not what was expected; nothing was changed
 * @throws ForgetError if the target lost what the state knew of it
 */
export async function sendFile(run: Run, request: SendRequest): Promise<Sent> {
  const { to, path } = request
  let current = request
  let lost = false
  try {
    return await run.retry(path, async attempt => {
      try {
        return await sendOnce(run, current)
      } catch (error) {
        // The answer to an earlier try was lost, and what is there now may be what it wrote: only its content can tell.
        const mayBeOurs = (isRefusal(error) || error instanceof StaleError) && (attempt > 1 || request.uncertain === true)
        const ours = mayBeOurs ? await arrivedBefore(run, current) : undefined
        if (ours !== undefined) return { entry: ours, hash: request.hash }
        if (isRefusal(error)) throw asStale(error)
        const how = isStorageError(error) && saysOtherKind.has(error.code) ? await sourceDifference(request) : undefined
        if (how !== undefined) throw staleAt(request.file.path, request.from.storage.name, how)
        if (
          to.storage.capabilities.atomicWrite !== true &&
          !canStage(to) &&
          !(error instanceof StaleError) &&
          (await removePartial(run, current)) &&
          current.expected !== null
        ) {
          lost = true
          current = { ...current, expected: null }
        }
        throw error
      }
    })
  } catch (error) {
    // What was there before went with the failed write, which the plan allowed; it must not look like a deletion.
    throw lost ? new ForgetError(error, [gone(path)]) : error
  }
}

async function sendOnce(run: Run, request: SendRequest): Promise<Sent> {
  const { from, file, to, path, expected, onProgress } = request
  const storage = to.writable()
  const { capabilities } = storage
  const looksItself = capabilities.conditional === true || capabilities.checksConditions === true
  const decidesItself = looksItself && (expected === null || expected.etag !== undefined)
  const recheck = (): Promise<Entry | undefined> => run.check(to, path, expected)
  if (!decidesItself) await recheck()
  onProgress?.(0)
  const options: WriteOptions = {
    size: file.size,
    signal: run.signal,
    ...(file.modified !== undefined && { modified: file.modified }),
    ...(file.mode !== undefined && { mode: file.mode }),
    ...(expected === null ? { ifNoneMatch: '*' as const } : expected.etag !== undefined && { ifMatch: expected.etag }),
  }
  const reading: Reading = {}
  const read = (start?: number): Bytes => readPlanned(run, from, file, reading, bytes => onProgress?.(bytes), start)
  let entry: FileEntry
  try {
    if (goesInParts(run, to, file)) {
      return await verify(run, request, await sendInParts(run, { file, to, path, options, read, recheck: decidesItself ? undefined : recheck }))
    }
    const content = read()
    entry =
      capabilities.atomicWrite === true || !canStage(to)
        ? await storage.write(path, content, options)
        : await writeStaged(run, to, path, content, options, recheck)
  } catch (error) {
    throw reading.error ?? error
  }
  return verify(run, request, entry)
}

/** What a store says it stored must be what was sent. Else it is removed, and the state forgets the path: nothing good is known to be there. */
async function verify(run: Run, request: SendRequest, entry: FileEntry): Promise<Sent> {
  const { file, to, path, hash } = request
  let wrong = entry.size !== file.size ? `${entry.size} of ${file.size} bytes` : contradiction(file, entry, hash)
  if (wrong === undefined && to.doubtsNextWrite()) {
    const seen = await run.stat(to, path)
    // Another version is somebody else's, or what an eventually consistent store still shows.
    const lie = seen?.kind === 'file' && seen.etag === entry.etag && seen.size !== file.size
    if (lie) {
      to.distrust()
      wrong = `it said ${entry.size} bytes and has ${seen.size}`
    }
  }
  if (wrong === undefined) return { entry, hash: reportedHash(entry, hash) ?? hash }
  await takeBackVersion(run, to, path, entry)
  const error = new StorageError('CORRUPT', `${to.storage.name} did not store ${path} as it was sent: ${wrong}`, { path })
  throw new ForgetError(error, [gone(path)])
}

/** Says where hashes of one function disagree. */
export function contradiction(file: FileEntry, entry: FileEntry, hash: string | undefined): string | undefined {
  for (const name in entry.hashes) {
    const theirs = entry.hashes[name]
    const known = file.hashes?.[name] ?? (hash?.startsWith(`${name}:`) === true ? hash.slice(name.length + 1) : undefined)
    if (known !== undefined && known !== theirs) return `its ${name} is ${theirs}, not ${known}`
  }
  return undefined
}

/** The fingerprint that the target computed, of the function the plan uses if it has that. */
export function reportedHash(entry: FileEntry, hash: string | undefined): string | undefined {
  const preferred = hash?.slice(0, hash.indexOf(':'))
  const name =
    preferred !== undefined && entry.hashes?.[preferred] !== undefined
      ? preferred
      : hash === undefined
        ? Object.keys(entry.hashes ?? {})[0]
        : undefined
  return name === undefined ? undefined : `${name}:${entry.hashes?.[name]}`
}

/** The target, if it has exactly the content that was to be sent. */
async function arrivedBefore(run: Run, { from, file, to, path }: SendRequest): Promise<FileEntry | undefined> {
  try {
    const entry = await run.stat(to, path)
    if (entry?.kind !== 'file' || entry.size !== file.size) return undefined
    const theirs = to.storage.read(path, { signal: run.signal, ...(entry.etag !== undefined && { ifMatch: entry.etag }) })
    return (await sameBytes(
      readPlanned(run, from, file, {}, () => {}),
      theirs,
    ))
      ? entry
      : undefined
  } catch {
    return undefined
  }
}

/** What reading says of a path that is no file any more; a target may say the same for reasons of its own. */
const saysOtherKind: ReadonlySet<string> = new Set(['NOT_FOUND', 'NOT_SUPPORTED', 'IS_A_DIRECTORY', 'NOT_A_DIRECTORY'])

async function sourceDifference({ from, file }: SendRequest): Promise<string | undefined> {
  try {
    return difference(file, await from.storage.stat(file.path), from.precisionMs)
  } catch {
    return undefined
  }
}

/**
 * A store that neither writes atomically nor moves nor copies shows the start of a file when a write fails. It is removed when it is
 * no more than that: left there, it would look newer than the file it is a part of.
 */
async function removePartial(run: Run, { from, file, to, path, expected }: SendRequest): Promise<boolean> {
  try {
    const there = await to.storage.stat(path)
    if (there?.kind !== 'file' || there.size > file.size) return false
    if (expected !== null && there.etag !== undefined && there.etag === expected.etag) return false
    if (!(await sameBytes(to.storage.read(path), from.storage.read(file.path), true))) return false
    return await takeBack(run, to, path, there)
  } catch {
    return false
  }
}
