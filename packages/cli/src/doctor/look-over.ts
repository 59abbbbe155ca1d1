import { collect, compareEntries, type Entry, type FileEntry, isStorageError, messageOf, type ReadableStorage } from '@syncline/core'
import type { TestFinding } from './findings.ts'

/** Entries looked at, and bytes of the file that is read whole. */
const manyEntries = 10_000
const smallFile = 1024 * 1024

/** What a look at a tree gave. */
export interface Overview {
  readonly tests: readonly TestFinding[]
  /** A file to measure the speed with: the largest of those that were seen. */
  readonly file?: FileEntry
}

interface Check {
  readonly promise: string
  readonly sentence: string
  /** Resolves to what is wrong, or to `undefined`. */
  run(): Promise<string | undefined>
}

/** Tests what can be tested of a tree that cannot be written: what is there is listed, looked up and read, and what is not there is asked for. */
export async function lookOver(storage: ReadableStorage, signal: AbortSignal): Promise<Overview> {
  const entries: Entry[] = []
  const readListing = async (): Promise<string | undefined> => {
    const seen = new Set<string>()
    for await (const item of storage.list('', { signal })) {
      for (const entry of (Array.isArray(item) ? item : [item]) as readonly Entry[]) {
        if (seen.has(entry.path)) return `${JSON.stringify(entry.path)} was listed twice`
        seen.add(entry.path)
        entries.push(entry)
      }
      if (entries.length >= manyEntries) break
    }
    return undefined
  }
  const isFile = (entry: Entry): entry is FileEntry => entry.kind === 'file'
  const small = (): FileEntry | undefined => entries.filter(isFile).find(({ size }) => size > 1 && size <= smallFile)
  const nothing = `.syncline-doctor-${crypto.randomUUID()}`

  const checks: readonly Check[] = [
    { promise: 'P11', sentence: 'lists everything exactly once', run: readListing },
    {
      promise: 'P12',
      sentence: 'lists in key order, by bytes',
      run: async () => {
        if (storage.capabilities.ordered !== true) return undefined
        const at = entries.findIndex((entry, index) => index > 0 && compareEntries(entries[index - 1] as Entry, entry) >= 0)
        return at === -1 ? undefined : `${JSON.stringify(entries[at]?.path)} was listed after ${JSON.stringify(entries[at - 1]?.path)}`
      },
    },
    {
      promise: 'P17',
      sentence: 'list and stat say the same',
      run: async () => {
        const step = Math.max(1, Math.floor(entries.length / 20))
        for (const listed of entries.filter((_, index) => index % step === 0)) {
          const found = await storage.stat(listed.path, { signal })
          const difference = found === undefined ? 'stat finds nothing' : differenceOf(listed, found)
          if (difference !== undefined) return `${JSON.stringify(listed.path)}: ${difference}`
        }
        return undefined
      },
    },
    {
      promise: 'P19',
      sentence: 'stat resolves to undefined if nothing is there',
      run: async () =>
        (await storage.stat(nothing, { signal })) === undefined ? undefined : 'stat found something at a name that was just invented',
    },
    {
      promise: 'P22',
      sentence: 'reads a file whole and in ranges alike',
      run: async () => {
        const file = small()
        if (file === undefined) return undefined
        const whole = await collect(storage.read(file.path, { signal }))
        if (whole.length !== file.size)
          return `${JSON.stringify(file.path)} has ${file.size} bytes in the listing and ${whole.length} when it is read`
        const offset = file.size >> 1
        const half = await collect(storage.read(file.path, { offset, signal }))
        const same = half.length === whole.length - offset && half.every((byte, index) => byte === whole[offset + index])
        return same ? undefined : `the second half of ${JSON.stringify(file.path)} differs from what the whole file has there`
      },
    },
    {
      promise: 'P23',
      sentence: 'read rejects with NOT_FOUND if nothing is there',
      run: async () => {
        try {
          await collect(storage.read(nothing, { signal }))
          return 'a file that does not exist was read'
        } catch (error) {
          return isStorageError(error, 'NOT_FOUND') ? undefined : `read rejected with ${messageOf(error)}`
        }
      },
    },
  ]
  const tests: TestFinding[] = []
  for (const { promise, sentence, run } of checks) {
    const message = await run().catch(messageOf)
    signal.throwIfAborted()
    tests.push({
      type: 'test',
      promises: [promise],
      sentence,
      outcome: message === undefined ? 'passed' : 'failed',
      ...(message !== undefined && { message }),
    })
  }
  const largest = entries.filter(isFile).sort((a, b) => b.size - a.size)[0]
  return { tests, ...(largest !== undefined && { file: largest }) }
}

/** A field that is dear to get may be missing in a listing, but not differ. */
function differenceOf(listed: Entry, found: Entry): string | undefined {
  if (listed.kind !== found.kind) return `a ${listed.kind} in the listing, a ${found.kind} for stat`
  if (listed.kind !== 'file' || found.kind !== 'file') return undefined
  if (listed.size !== found.size) return `${listed.size} bytes in the listing, ${found.size} for stat`
  if (listed.etag !== undefined && found.etag !== undefined && listed.etag !== found.etag) return 'the etag in the listing is not the one of stat'
  return undefined
}
