import type { StateChange } from '../ancestor.ts'
import { StorageError } from '../errors.ts'
import type { AbortOptions, Path, WritableStorage } from '../protocol.ts'
import { listFolder, readFileIfAny, stateFiles } from './files.ts'
import { LineParser } from './tree-line.ts'
import { concat, damaged, decode } from './tree-reader.ts'
import { Xxh32 } from './xxh32.ts'

/** The format of the whole state. A higher number in a file means that a newer program wrote it. */
export const stateFormat = 1

/** Changes per segment: small enough to be held, large enough that a long run writes few. */
export const segmentLength = 10_000

/** The first line of a segment. */
export interface SegmentHeader {
  readonly format: number
  /** Identity of the pair; empty while nobody has named one. */
  readonly pair: string
  /** Of the tree files that the changes are on top of. */
  readonly generation: number
  readonly segment: number
  readonly changes: number
  /** When the run that wrote it began to look at both sides; see {@link SyncMetadata.asOf}. */
  readonly asOf?: number | undefined
  /** Of the bytes after this line. */
  readonly xxh32: string
}

/** What a journal holds. */
export interface Journal {
  readonly pair: string | undefined
  /** In the order in which they were recorded; the last one of a path counts. */
  readonly changes: readonly StateChange[]
  /** Complete segments of this generation, numbered from 1. */
  readonly segments: number
  /** The earliest time that a segment has; undefined if none has one. */
  readonly asOf: number | undefined
  /** Segments of earlier generations: their changes are in the trees already. */
  readonly stale: readonly Path[]
  readonly problem: string | undefined
}

/** `journal/000001.jsonl` */
export function segmentPath(segment: number): Path {
  return `${stateFiles.journal}/${String(segment).padStart(6, '0')}.jsonl`
}

/** A segment as bytes: a header line, then one line per change with both sides' absolute values, so that replaying twice changes nothing. */
export function formatSegment(about: Omit<SegmentHeader, 'format' | 'xxh32'>, lines: Uint8Array): Uint8Array {
  const header: SegmentHeader = { format: stateFormat, ...about, xxh32: new Xxh32().update(lines).digest() }
  return concat(new TextEncoder().encode(`${JSON.stringify(header)}\n`), lines)
}

/**
 * Reads the journal on top of the trees of `generation`.
 *
 * A last segment that was cut short counts as never written: whoever wrote it was never told that it is there.
 *
 * @throws StorageError `NOT_SUPPORTED` for a newer format
 */
export async function readJournal(storage: WritableStorage, generation: number, options: AbortOptions): Promise<Journal> {
  const stale: Path[] = []
  const changes: StateChange[] = []
  let segments = 0
  let pair: string | undefined
  let asOf: number | undefined
  const problem = (path: Path, reason: string): Journal => ({
    pair,
    changes: [],
    segments: 0,
    asOf: undefined,
    stale,
    problem: damaged(storage, path, reason).message,
  })
  const files = (await listFolder(storage, stateFiles.journal, options)).filter(({ kind, path }) => kind === 'file' && path.endsWith('.jsonl'))
  for (const [index, { path }] of files.entries()) {
    const bytes = await readFileIfAny(storage, path, options)
    if (bytes === undefined) continue
    const isLast = index === files.length - 1
    const end = bytes.indexOf(0x0a) + 1
    const header = end === 0 ? undefined : parseHeader(bytes.subarray(0, end))
    if (header === undefined) {
      if (isLast && end === 0) break
      return problem(path, 'its first line is broken')
    }
    if (header.format > stateFormat) throw newerFormat(storage, path, header.format)
    if (header.generation < generation) {
      stale.push(path)
      continue
    }
    if (header.generation > generation) {
      const trees = generation === 0 ? `and ${stateFiles.metadata} is missing` : `and the trees are of ${generation}`
      return problem(path, `it is of generation ${header.generation}, ${trees}`)
    }
    if (header.segment !== segments + 1 || path !== segmentPath(header.segment)) return problem(path, `segment ${segments + 1} is missing before it`)
    const body = bytes.subarray(end)
    const lines = countLines(body)
    if (isLast && (lines < header.changes || body[body.length - 1] !== 0x0a) && header.changes > 0) break
    if (lines !== header.changes || new Xxh32().update(body).digest() !== header.xxh32) return problem(path, 'its checksum does not fit its content')
    if (pair !== undefined && pair !== '' && pair !== header.pair) return problem(path, 'it belongs to another pair than the segment before it')
    pair = header.pair
    segments++
    if (typeof header.asOf === 'number') asOf = Math.min(header.asOf, asOf ?? header.asOf)
    for (const change of parseChanges(body)) changes.push(change)
  }
  return { pair, changes, segments, asOf, stale, problem: undefined }
}

/** The refusal of what a newer program wrote. */
export function newerFormat(storage: WritableStorage, file: Path, format: number): StorageError {
  const message = `${file} of the state at ${storage.name} has format ${format}, this version reads format ${stateFormat}; use the newer version, or another state`
  return new StorageError('NOT_SUPPORTED', message, { path: file })
}

function countLines(bytes: Uint8Array): number {
  let count = 0
  for (let at = bytes.indexOf(0x0a); at !== -1; at = bytes.indexOf(0x0a, at + 1)) count++
  return count
}

function parseHeader(line: Uint8Array): SegmentHeader | undefined {
  try {
    const header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(line)) as SegmentHeader
    const numbers = [header.format, header.generation, header.segment, header.changes]
    return numbers.every(Number.isSafeInteger) && typeof header.pair === 'string' && typeof header.xxh32 === 'string' ? header : undefined
  } catch {
    return undefined
  }
}

/** The checksum was right, so a line that does not parse is a mistake of this program, and throws. */
function* parseChanges(body: Uint8Array): Generator<StateChange, void, undefined> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  const parser = new LineParser()
  for (let from = 0; from < body.length;) {
    const end = body.indexOf(0x0a, from) + 1
    parser.reset(decode(decoder, body.subarray(from, end)))
    from = end
    parser.expect('{"path":')
    const path = parser.string()
    parser.expect(',"source":')
    const source = parser.take('null') ? undefined : parser.record(path)
    parser.expect(',"destination":')
    const destination = parser.take('null') ? undefined : parser.record(path)
    parser.expect('}\n')
    yield { path, source, destination }
  }
}
