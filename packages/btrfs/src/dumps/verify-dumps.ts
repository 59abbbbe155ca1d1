import { isStorageError, messageOf, type AbortOptions, type ReadableStorage } from '@syncline/core'
import { Chains } from './chains.ts'
import { dumpContent, type DumpContentOptions, type DumpDecoder } from './dump-content.ts'
import type { DumpRecord } from './dump-record.ts'
import { PartHasher } from './part-hasher.ts'
import { readDumps, type Dump, type DumpIndex, type DumpProblem } from './read-dumps.ts'
import { StreamCheck } from './stream-check.ts'

/** Options of {@link verifyDumps}. */
export interface VerifyDumpsOptions extends AbortOptions {
  /** Only these; default all. Their parents are looked for among all. */
  readonly select?: ((dump: Dump) => boolean) | undefined
  /** Volumes that are elsewhere, by the UUID in their stream, so that what starts from them is not called incomplete. */
  readonly present?: ReadonlySet<string> | undefined
  /** Without it, what went through a pipeline is compared with its hash only. */
  readonly decode?: DumpDecoder | undefined
  /** Called as bytes were read, with all so far. */
  readonly onProgress?: ((bytes: number) => void) | undefined
}

/** What was found of one dump. */
export interface DumpCheck {
  readonly dump: Dump
  /** Sentences for people; none: it can be restored. */
  readonly problems: readonly string[]
}

/** What was found in a directory of dumps. */
export interface DumpReport {
  readonly checks: readonly DumpCheck[]
  /** What is there and is no dump that could be checked. */
  readonly problems: readonly DumpProblem[]
  readonly unfinished: DumpIndex['unfinished']
  /** Whether nothing is wrong with anything. An upload that broke off is nothing wrong. */
  readonly isSound: boolean
}

/**
 * Reads dumps to the last byte and tells what is wrong with them: a file that is not what was written, and where; a stream that is damaged, or not of the
 * volume that it should be of; a parent that nothing has, or whose dump is damaged itself.
 */
export async function verifyDumps(storage: ReadableStorage, options: VerifyDumpsOptions = {}): Promise<DumpReport> {
  const { select = () => true, present, signal, onProgress } = options
  const { dumps, unfinished, problems } = await readDumps(storage, { signal })
  const selected = dumps.filter(select)
  const chains = new Chains(dumps, present)
  const found = new Map<Dump, string[]>()
  let before = 0
  for (const dump of selected) {
    found.set(dump, await contentProblems(storage, dump, options, bytes => onProgress?.(before + bytes)))
    before += dump.bytes
  }
  const checks = selected.map(dump => {
    const own = found.get(dump) ?? []
    return { dump, problems: [...own, ...chainProblems(chains, dump, other => (found.get(other)?.length ?? 0) > 0)] }
  })
  return { checks, problems, unfinished, isSound: problems.length === 0 && checks.every(check => check.problems.length === 0) }
}

function chainProblems(chains: Chains, dump: Dump, isDamaged: (dump: Dump) => boolean): string[] {
  const chain = chains.to(dump)
  if ('missing' in chain) return [`it starts from volume ${chain.missing}, which nothing here leads to`]
  const damaged = chain.dumps.find(other => other !== dump && isDamaged(other))
  return damaged === undefined ? [] : [`it starts from ${damaged.path}, which is damaged`]
}

async function contentProblems(
  storage: ReadableStorage,
  dump: Dump,
  { signal, decode }: VerifyDumpsOptions,
  onProgress: (bytes: number) => void,
): Promise<string[]> {
  const { path, record } = dump
  const problems = record === undefined ? ['it has no record that says that it is whole'] : []
  const hasher = new PartHasher(record?.parts[0]?.bytes ?? Infinity)
  const stream = record?.pipeline === undefined ? new StreamCheck(dump) : undefined
  try {
    for await (const chunk of storage.read(path, { signal })) {
      hasher.update(chunk)
      stream?.push(chunk)
      onProgress(hasher.bytes)
    }
  } catch (error) {
    // Of one file: others may be readable.
    if (!isStorageError(error, 'CORRUPT') && !isStorageError(error, 'NOT_FOUND')) throw error
    return [...problems, messageOf(error)]
  }
  if (record !== undefined) problems.push(...differences(hasher.digest(), record))
  const problem = stream?.finish()
  if (problem !== undefined) problems.push(problem)
  if (stream === undefined && decode !== undefined && problems.length === 0)
    problems.push(...(await decodedProblems(storage, dump, { signal, decode })))
  return problems
}

async function decodedProblems(storage: ReadableStorage, dump: Dump, options: DumpContentOptions): Promise<string[]> {
  try {
    for await (const _chunk of dumpContent(storage, dump, options));
    return []
  } catch (error) {
    if (isStorageError(error) && error.code !== 'CORRUPT') throw error
    options.signal?.throwIfAborted()
    return [messageOf(error)]
  }
}

/** Where a file is not what was written. */
function differences(found: Pick<DumpRecord, 'bytes' | 'sha256' | 'parts'>, { bytes, sha256, parts }: DumpRecord): string[] {
  if (found.sha256 === sha256 && found.bytes === bytes) return []
  if (found.bytes !== bytes) return [`it has ${found.bytes} instead of ${bytes} bytes`]
  const places: string[] = []
  let start = 0
  for (const [index, part] of parts.entries()) {
    if (found.parts[index]?.sha256 !== part.sha256) places.push(`${start} to ${start + part.bytes - 1}`)
    start += part.bytes
  }
  return [`it is not what was written${places.length > 0 ? `, somewhere in bytes ${places.join(', ')}` : ': its SHA-256 is another one'}`]
}
