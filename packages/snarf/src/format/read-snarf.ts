import { abortable, StorageError, type AbortOptions, type Bytes } from '@syncline/core'
import { Cursor } from './cursor.ts'
import { corrupt, parseHeader, type SnarfHeader } from './header.ts'
import { limitsOf, type SnarfLimits } from './limits.ts'
import { MemberNames, type Duplicates } from './member-names.ts'

/** How an archive is read. */
export interface ReadSnarfOptions extends AbortOptions {
  readonly limits?: SnarfLimits
  /**
   * A file that comes twice: `error` (default), or `last`, as the original reads archives that something was appended to. A reader that goes from
   * front to back is then given both.
   */
  readonly duplicates?: Duplicates
}

/** A member of an archive. */
export interface SnarfMember extends SnarfHeader {
  /** Bytes of the archive before the body. */
  readonly offset: number
}

/** A member that is being read. */
export interface SnarfRecord extends SnarfMember {
  /** The body, once, and before the next member is asked for; what is not read is skipped. A chunk is valid until the next one is asked for. */
  readonly content: Bytes
}

/** The size field of the largest file has 16 digits; more zeros are no harm. */
const sizeBytes = 32

/**
 * Reads an archive from front to back, in constant memory but for the names.
 *
 * Nothing is written anywhere, and every path is relative and inside the root: what is no such path ends the reading.
 *
 * @throws StorageError `CORRUPT` for what is no archive or ends too early, `INVALID_PATH` for a path outside of the root, `NOT_SUPPORTED` beyond the limits
 * @example
 * for await (const { kind, path, content } of readSnarf(storage.read('site.snarf')))
 *   if (kind === 'file') console.log(path, (await collect(content)).length)
 */
export async function* readSnarf(content: Bytes, options: ReadSnarfOptions = {}): AsyncGenerator<SnarfRecord, void, undefined> {
  const cursor = new Cursor(abortable(content, options.signal))
  try {
    for await (const member of headersOf(cursor, options)) {
      const end = member.offset + member.size
      yield { ...member, content: bodyOf(cursor, member) }
      const left = end - cursor.position
      if (left > 0 && (await cursor.skip(left)) < left) throw truncated(member, cursor.position)
    }
  } finally {
    await cursor.close()
  }
}

/**
 * Reads only the headers of an archive, jumping over large bodies: an index for reading any member later.
 *
 * @param open - content of the archive from a byte on
 * @param size - bytes of the archive
 * @throws as {@link readSnarf}
 */
export async function* indexSnarf(
  open: (offset: number) => Bytes,
  size: number,
  options: ReadSnarfOptions = {},
): AsyncGenerator<SnarfMember, void, undefined> {
  const from = (offset: number): Bytes => abortable(open(offset), options.signal)
  const cursor = new Cursor(from(0), from)
  try {
    for await (const member of headersOf(cursor, options)) {
      if (member.offset + member.size > size) throw truncated(member, size)
      if (member.size > 0 && (await cursor.skip(member.size)) < member.size) throw truncated(member, cursor.position)
      yield member
    }
  } finally {
    await cursor.close()
  }
}

/** Whoever iterates passes each body before asking for the next header. */
async function* headersOf(cursor: Cursor, { limits, duplicates = 'error', signal }: ReadSnarfOptions): AsyncGenerator<SnarfMember, void, undefined> {
  const { entries, bytes, pathBytes } = limitsOf(limits)
  const names = new MemberNames(duplicates, entries)
  let [count, total] = [0, 0]
  for (;;) {
    signal?.throwIfAborted()
    const where = `record ${++count} at byte ${cursor.position}`
    // Directory records are never more than names, but one and the same may come again and again.
    if (count > 2 * entries) throw tooMuch(where, `more than ${2 * entries} records`, 'entries')
    const line = await cursor.line(pathBytes + sizeBytes)
    if (line === undefined) return
    if (line.end === 'end of archive') throw corrupt(where, `the archive ends within the header ${JSON.stringify(preview(line.bytes))}`)
    if (line.end === 'too long')
      throw corrupt(where, `the header ${JSON.stringify(preview(line.bytes))}… is longer than ${pathBytes} bytes of path; is it a snarf archive?`)
    const header = parseHeader(line.bytes, where)
    const slash = header.kind === 'directory' && header.path !== '' ? 1 : 0
    if (line.bytes.length - line.bytes.indexOf(0x20) - 1 - slash > pathBytes) throw corrupt(where, `the path is longer than ${pathBytes} bytes`)
    total += header.size
    if (total > bytes) throw tooMuch(where, `more than ${bytes} bytes of content`, 'bytes')
    names.add(header, where)
    yield { ...header, offset: cursor.position }
  }
}

async function* bodyOf(cursor: Cursor, member: SnarfMember): AsyncGenerator<Uint8Array, void, undefined> {
  const end = member.offset + member.size
  for (;;) {
    const left = end - cursor.position
    if (left <= 0) return
    const chunk = cursor.take(left) ?? (await cursor.next(left))
    if (chunk === undefined) throw truncated(member, cursor.position)
    yield chunk
  }
}

function truncated({ path, offset, size }: SnarfMember, at: number): StorageError {
  const there = Math.max(0, at - offset)
  return new StorageError('CORRUPT', `the snarf archive ends within ${path}: ${there} of ${size} bytes are there`, { path })
}

function tooMuch(where: string, what: string, limit: keyof SnarfLimits): StorageError {
  return new StorageError('NOT_SUPPORTED', `snarf ${where}: the archive has ${what}; raise limits.${limit} if you trust it`)
}

function preview(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes.subarray(0, 80))
}
