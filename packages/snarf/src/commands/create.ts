import { collect, ExitCode, messageOf, type Entry, type FamilyCall, type FamilyCommand, type FileEntry, type ReadableStorage } from '@syncline/core'
import { storedPathProblem } from '../format/header.ts'
import { compareMemberPaths, writeSnarf, type SnarfInput, type SnarfLayout } from '../format/index.ts'
import { localDirectory, localTree } from './local-tree.ts'
import { operandsOf, summaryOf, withArchive, writable, type Totals } from './archive-file.ts'

/** Files up to this size are read ahead, several at a time: over a network each would otherwise cost a round trip. */
const aheadBytes = 256 * 1024

/** `syncline snarf create`. */
export const create: FamilyCommand = {
  summary: 'Write a tree into an archive',
  usage: ['ARCHIVE SOURCE', '- SOURCE'],
  details: [
    'ARCHIVE is the path of a file, or a URL that ends in one: site.snarf, s3://bucket/site.snarf. With "-" it goes to standard output. SOURCE is any place that can be synced.',
    'Directories come before what they hold, names in the order of their bytes, so one tree always gives one archive. It appears when it is complete. The format keeps no times, permissions and symbolic links; links and what could not be read are reported and left out, and the exit code is 3.',
  ],
  examples: ['syncline snarf create site.snarf ./site', 'syncline snarf create - ./site | ssh backup "cat > site.snarf"'],
  options: {
    force: { short: 'f', text: 'Replace an archive that is there' },
    padded: { text: 'Write sizes with eight digits and leave directories out, as a SnarfRepository does' },
  },
  completes: 'file',
  run,
}

async function run(call: FamilyCall): Promise<number> {
  const [location = '', from = ''] = operandsOf(call, 2, 2, 'create takes an archive and the tree to put in it')
  const totals: Totals = { files: 0, directories: 0, bytes: 0 }
  let leftOut = 0
  const leaveOut = (path: string, reason: string): void => {
    call.warn(`${path} was left out: ${reason}`)
    leftOut++
  }
  const source = await call.open(from)
  try {
    const local = localDirectory(from)
    const members = (local === undefined ? undefined : localTree(local, leaveOut)) ?? storedTree(call, source, leaveOut)
    const layout: SnarfLayout = call.options.has('padded') ? 'padded' : 'unpadded'
    const content = writeSnarf(counted(call, members, leaveOut, totals), { layout, signal: call.signal })
    // A copy, because standard output may keep what it has no room for yet.
    if (location === '-') for await (const chunk of content) await call.write(chunk.slice())
    else await withArchive(call, location, ({ place, path }) => replace(call, writable(place), path, content))
    call.progress()
    if (location !== '-') {
      call.print(`${location}: ${summaryOf(call, totals)}`)
      call.json({ type: 'created', archive: location, ...totals, leftOut })
    }
    return leftOut === 0 ? ExitCode.OK : ExitCode.PARTIAL
  } finally {
    await source.close?.()
  }
}

type LeaveOut = (path: string, reason: string) => void

async function* counted(
  call: FamilyCall,
  members: Iterable<SnarfInput> | AsyncIterable<SnarfInput>,
  leaveOut: LeaveOut,
  totals: Totals,
): AsyncGenerator<SnarfInput> {
  for await (const member of members) {
    const problem = storedPathProblem(member.path)
    if (problem !== undefined) {
      leaveOut(member.path, problem)
      continue
    }
    yield member
    if (member.kind === 'file') {
      totals.files++
      totals.bytes += member.size ?? 0
    } else if (member.path !== '') totals.directories++
    if ((totals.files + totals.directories) % 256 === 0) call.progress(summaryOf(call, totals))
  }
}

async function replace(call: FamilyCall, place: ReturnType<typeof writable>, path: string, content: AsyncIterable<Uint8Array>): Promise<void> {
  const { signal } = call
  const force = call.options.has('force')
  if (!force && (await place.stat(path, { signal })) !== undefined)
    throw call.usageError(`${path} exists on ${place.name} already`, 'Replace it with --force.')
  await place.write(path, content, { signal, ...(!force && { ifNoneMatch: '*' }) })
  await place.flush?.({ signal })
}

/** The members of any storage, in the order in which an archive has them. */
async function* storedTree(call: FamilyCall, source: ReadableStorage, leaveOut: LeaveOut): AsyncGenerator<SnarfInput> {
  const entries: Entry[] = [{ kind: 'directory', path: '' }]
  for await (const item of source.list('', { signal: call.signal })) {
    for (const entry of Array.isArray(item) ? (item as readonly Entry[]) : [item as Entry]) {
      if (entry.kind === 'symlink') leaveOut(entry.path, 'it is a symbolic link')
      else if (entry.kind === 'problem') leaveOut(entry.path, entry.reason)
      else entries.push(entry)
    }
  }
  entries.sort((a, b) => compareMemberPaths(a.path, b.path))
  const ahead = new Map<number, Promise<Uint8Array>>()
  const most = source.capabilities.concurrency ?? 1
  let next = 0
  for (const [index, entry] of entries.entries()) {
    for (next = Math.max(next, index); ahead.size < most && next < entries.length && next < index + 4 * most; next++) {
      const later = entries[next] as Entry
      if (later.kind !== 'file' || later.size > aheadBytes) continue
      const reading = collect(readFile(call, source, later))
      reading.catch(() => undefined)
      ahead.set(next, reading)
    }
    if (entry.kind !== 'file') {
      yield { kind: 'directory', path: entry.path }
      continue
    }
    const content = await ahead.get(index)
    ahead.delete(index)
    yield { kind: 'file', path: entry.path, size: entry.size, content: content ?? readFile(call, source, entry) }
  }
}

/** One version of a file. @throws an error that names it: the archive is not written then */
async function* readFile(call: FamilyCall, source: ReadableStorage, { path, etag }: FileEntry): AsyncGenerator<Uint8Array> {
  try {
    yield* source.read(path, { signal: call.signal, ...(etag !== undefined && { ifMatch: etag }) })
  } catch (error) {
    if (call.signal.aborted) throw call.signal.reason
    throw new Error(`no archive was written, because ${path} could not be read: ${messageOf(error)}`, { cause: error })
  }
}
