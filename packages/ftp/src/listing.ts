import { StringDecoder } from 'node:string_decoder'
import { joinPath, type Path, pathProblem, type ProblemEntry, StorageError } from '@syncline/core'
import { parseList } from 'basic-ftp'
import { oneLine } from './reply.ts'
import { clockTime, type ListTime, monthNumber, parseListTime, parseTime, yearTime } from './time.ts'

/** What a line of a listing says, whatever its format. */
export interface Listed {
  readonly name: string
  readonly kind: 'file' | 'directory' | 'symlink' | 'other'
  readonly size: number
  /** Exact, UTC. */
  readonly modified?: number | undefined
  /** Of a LIST line, in the server's zone. */
  readonly shown?: ListTime | undefined
  readonly mode?: number | undefined
  readonly id?: string | undefined
  /** Of a symbolic link, where the server tells. */
  readonly target?: string | undefined
}

/**
 * A line of MLSD, or the middle line of MLST; `undefined` for the directory itself and its parent.
 *
 * @throws StorageError `CORRUPT` if it cannot be understood: a line that is left out would look like a deleted file
 */
export function parseFacts(line: string, directory: Path): Listed | undefined {
  const at = line.indexOf(' ')
  if (at === -1) throw unclear(line, directory)
  const name = line.slice(at + 1)
  const facts = new Map<string, string>()
  for (const fact of line.slice(0, at).split(';')) {
    const is = fact.indexOf('=')
    if (is > 0) facts.set(fact.slice(0, is).toLowerCase(), fact.slice(is + 1))
  }
  const type = facts.get('type') ?? ''
  const kind = kindOf(type)
  if (kind === undefined) return undefined
  const size = Number(facts.get('size') ?? 0)
  if (type === '' || !Number.isSafeInteger(size) || size < 0) throw unclear(line, directory)
  const mode = facts.get('unix.mode')
  const modify = facts.get('modify')
  const target = /^os\.unix=slink:(.+)$/i.exec(type)?.[1]
  return {
    name,
    kind,
    size,
    modified: modify === undefined ? undefined : parseTime(modify),
    mode: mode !== undefined && /^[0-7]{3,7}$/.test(mode) ? Number.parseInt(mode, 8) & 0o7777 : undefined,
    // Some servers give a link the identity of what it points to.
    id: kind === 'symlink' ? undefined : facts.get('unique'),
    target,
  }
}

function kindOf(type: string): Listed['kind'] | undefined {
  const lower = type.toLowerCase()
  if (lower === 'file' || lower === '') return 'file'
  if (lower === 'dir') return 'directory'
  if (lower === 'cdir' || lower === 'pdir') return undefined
  return /^os\.unix=s(?:ym)?link/.test(lower) ? 'symlink' : 'other'
}

/**
 * "-rw-r--r--    1 ana      users        4096 Nov 21 14:24 name", and "Nov 21  2025": what nearly every server sends. The fields stand where they
 * stand, so a name may look like anything.
 */
const commonLine =
  /^([-dl])([r-])([w-])([xsStT-])([r-])([w-])([xsStT-])([r-])([w-])([xsStT-]) +\d+ +[^ ]+ +[^ ]+ +(\d+) (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) ([ 0-3]\d) (?:(\d\d):(\d\d)| (\d{4})) ([^]+)$/

function parseCommonLine(line: string, directory: Path, nowLocal: number): Listed | undefined {
  const match = commonLine.exec(line)
  if (match === null) return undefined
  const [, type, r1, w1, x1, r2, w2, x2, r3, w3, x3, digits, monthName, days, hours, minutes, years, rest] = match as unknown as readonly string[]
  const size = Number(digits)
  if (!Number.isSafeInteger(size)) throw unclear(line, directory)
  const [month, day] = [monthNumber(monthName as string), Number(days)]
  const shown = years === undefined ? clockTime(month, day, Number(hours), Number(minutes), nowLocal) : yearTime(Number(years), month, day)
  const arrow = type === 'l' ? (rest as string).indexOf(' -> ') : -1
  return {
    name: arrow === -1 ? (rest as string) : (rest as string).slice(0, arrow),
    kind: type === '-' ? 'file' : type === 'd' ? 'directory' : 'symlink',
    size,
    shown,
    mode: (bitsOf(r1, w1, x1) << 6) | (bitsOf(r2, w2, x2) << 3) | bitsOf(r3, w3, x3),
    target: arrow === -1 ? undefined : (rest as string).slice(arrow + 4),
  }
}

function bitsOf(read: string | undefined, write: string | undefined, execute: string | undefined): number {
  return (read === 'r' ? 4 : 0) | (write === 'w' ? 2 : 0) | (execute === 'x' || execute === 's' || execute === 't' ? 1 : 0)
}

/**
 * A line of LIST; `undefined` for "total 12" and the directory itself and its parent.
 *
 * basic-ftp knows the other formats. It leaves out what it does not understand, so it is given one line at a time.
 *
 * @throws StorageError `CORRUPT` if it cannot be understood
 */
export function parseLine(line: string, directory: Path, nowLocal: number): Listed | undefined {
  const common = parseCommonLine(line, directory, nowLocal)
  if (common !== undefined) return common.name === '.' || common.name === '..' ? undefined : common
  if (/^total(?: \d+)?\s*$/.test(line)) return undefined
  const info = parseOrUndefined(line)
  if (info === undefined) {
    if (/\s\.\.?$/.test(line)) return undefined
    throw unclear(line, directory)
  }
  if (!Number.isSafeInteger(info.size) || info.size < 0) throw unclear(line, directory)
  const letter = /^[\s\d]*([a-zA-Z-])/.exec(line)?.[1] ?? '-'
  const { permissions } = info
  return {
    name: info.name,
    kind: info.isDirectory ? 'directory' : info.isSymbolicLink ? 'symlink' : info.isFile && letter !== 'b' && letter !== 'c' ? 'file' : 'other',
    size: info.size,
    shown: parseListTime(info.rawModifiedAt, nowLocal),
    mode: permissions === undefined ? undefined : (permissions.user << 6) | (permissions.group << 3) | permissions.world,
    target: info.link,
  }
}

function parseOrUndefined(line: string): ReturnType<typeof parseList>[number] | undefined {
  // Names of MLSD format would be accepted as a listing of names only.
  if (line.startsWith(' ') && !/^\s+\d/.test(line)) return undefined
  try {
    return parseList(line)[0]
  } catch {
    return undefined
  }
}

/** @throws StorageError `CORRUPT` for a name that leads elsewhere */
export function checkName(name: string, directory: Path): string {
  if (name === '' || name.includes('/') || name.includes('\0') || name === '.' || name === '..') {
    throw new StorageError('CORRUPT', `the server listed ${JSON.stringify(name)} in ${JSON.stringify(directory)}, which is no name`, {
      path: directory,
    })
  }
  return name
}

/** A name that could not be asked for, in place of an entry; `undefined` if it can. */
export function nameProblem(directory: Path, name: string): ProblemEntry | undefined {
  const path = joinPath(directory, name)
  if (name.includes('\ufffd')) return { kind: 'problem', path, reason: 'its name is not valid UTF-8' }
  if (/[\r\n]/.test(name)) return { kind: 'problem', path, reason: 'FTP has no way to send a name with a line break' }
  const problem = pathProblem(path)
  return problem === undefined ? undefined : { kind: 'problem', path, reason: problem }
}

/** Lines of a listing, as many at a time as have come. @throws StorageError `CORRUPT` for a listing or a line without end */
export async function* linesOf(
  chunks: AsyncIterable<Uint8Array>,
  directory: Path,
  maxBytes: number,
): AsyncGenerator<readonly string[], void, undefined> {
  const decoder = new StringDecoder('utf8')
  let rest = ''
  let bytes = 0
  for await (const chunk of chunks) {
    bytes += chunk.length
    if (bytes > maxBytes) {
      throw new StorageError('CORRUPT', `the listing of ${JSON.stringify(directory)} did not end within ${maxBytes} bytes; raise maxListingBytes`, {
        path: directory,
      })
    }
    const lines = (rest + decoder.write(chunk)).split('\n')
    rest = lines.pop() as string
    if (rest.length > longestLine) throw unclear(rest, directory)
    yield lines.map(withoutReturn).filter(line => line !== '')
  }
  rest += decoder.end()
  // The server said that it has sent everything, so what follows the last line break is a line.
  if (rest.trim() !== '') yield [withoutReturn(rest)]
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line
}

const longestLine = 64 * 1024

function unclear(line: string, directory: Path): StorageError {
  return new StorageError('CORRUPT', `the listing of ${JSON.stringify(directory)} has a line that cannot be understood: ${oneLine(line)}`, {
    path: directory,
  })
}
