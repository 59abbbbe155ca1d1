import { collect, ExitCode, messageOf, type Entry, type FamilyCall, type FamilyCommand, type FileEntry, type ReadableStorage } from '@syncline/core'
import { storedPathProblem } from '../format/header.ts'
import { compareMemberPaths, writeSnarf, type SnarfInput, type SnarfLayout } from '../format/index.ts'
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
  const source = await call.open(from)
  try {
    const { entries, leftOut } = await listTree(call, source)
    const totals: Totals = { files: 0, directories: 0, bytes: 0 }
    const layout: SnarfLayout = call.options.has('padded') ? 'padded' : 'unpadded'
    const content = writeSnarf(inputs(call, source, entries, totals), { layout, signal: call.signal })
    if (location === '-') for await (const chunk of content) await call.write(chunk)
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

async function replace(call: FamilyCall, place: ReturnType<typeof writable>, path: string, content: AsyncIterable<Uint8Array>): Promise<void> {
  const { signal } = call
  const force = call.options.has('force')
  if (!force && (await place.stat(path, { signal })) !== undefined)
    throw call.usageError(`${path} exists on ${place.name} already`, 'Replace it with --force.')
  await place.write(path, content, { signal, ...(!force && { ifNoneMatch: '*' }) })
  await place.flush?.({ signal })
}

/** Everything of a tree that an archive can hold, in the order in which it holds it. */
async function listTree(call: FamilyCall, source: ReadableStorage): Promise<{ readonly entries: readonly Entry[]; readonly leftOut: number }> {
  const entries: Entry[] = [{ kind: 'directory', path: '' }]
  let leftOut = 0
  for await (const item of source.list('', { signal: call.signal })) {
    for (const entry of Array.isArray(item) ? (item as readonly Entry[]) : [item as Entry]) {
      const reason = entry.kind === 'symlink' ? 'it is a symbolic link' : entry.kind === 'problem' ? entry.reason : storedPathProblem(entry.path)
      if (reason === undefined) entries.push(entry)
      else {
        call.warn(`${entry.path} was left out: ${reason}`)
        leftOut++
      }
    }
  }
  return { entries: entries.sort((a, b) => compareMemberPaths(a.path, b.path)), leftOut }
}

async function* inputs(call: FamilyCall, source: ReadableStorage, entries: readonly Entry[], totals: Totals): AsyncGenerator<SnarfInput> {
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
      if (entry.path !== '') totals.directories++
      yield { kind: 'directory', path: entry.path }
      continue
    }
    const content = await ahead.get(index)
    ahead.delete(index)
    yield { kind: 'file', path: entry.path, size: entry.size, content: content ?? readFile(call, source, entry) }
    totals.files++
    totals.bytes += entry.size
    if (totals.files % 256 === 0) call.progress(summaryOf(call, totals))
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
