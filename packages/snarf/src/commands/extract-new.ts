import { isStorageError, messageOf, type FamilyCall, type FileEntry } from '@syncline/core'
import { readSnarf, type SnarfRecord } from '../format/index.ts'
import { readAll, readingOf, summaryOf, type ArchiveFile, type Totals } from './archive-file.ts'
import { localDirectory } from './local-tree.ts'
import { Staging } from './staging.ts'

/** What was written, and how many files were not. */
export interface Extracted {
  readonly totals: Totals
  readonly failures: number
}

/**
 * Extracts into a directory of this computer that is new or empty, and shows the tree when all of it is there.
 *
 * @returns undefined for any other place
 * @throws as {@link readSnarf}; the place is then as it was
 */
export async function extractNew(call: FamilyCall, archive: ArchiveFile, version: FileEntry, to: string): Promise<Extracted | undefined> {
  const root = localDirectory(to)
  const reading = readingOf(call)
  // Of files that come twice the later one would have to take the place of the earlier.
  const staging = root === undefined || reading.duplicates === 'last' ? undefined : Staging.begin(root)
  if (staging === undefined) return undefined
  const totals: Totals = { files: 0, directories: 0, bytes: 0 }
  let failures = 0
  const notWritten = (path: string, reason: string): void => {
    call.warn(`${path} was not written: ${reason}`)
    failures++
  }
  try {
    for await (const record of readSnarf(readAll(archive, version, call.signal), reading)) {
      await take(record, staging, totals, notWritten)
      if ((totals.files + totals.directories) % 256 === 0) call.progress(summaryOf(call, totals))
    }
    call.signal.throwIfAborted()
    for (const name of await staging.publish()) notWritten(name, 'it is there already, and was not a moment ago')
  } catch (error) {
    staging.discard()
    throw error
  }
  return { totals, failures }
}

async function take(
  { kind, path, size, content }: SnarfRecord,
  staging: Staging,
  totals: Totals,
  notWritten: (path: string, reason: string) => void,
): Promise<void> {
  try {
    if (kind === 'directory') {
      staging.makeDirectory(path)
      if (path !== '') totals.directories++
    } else {
      await staging.writeFile(path, content)
      totals.files++
      totals.bytes += size
    }
  } catch (error) {
    // What is wrong with this name only: it is too long for the disk, or another one to its eyes.
    const { syscall } = error as NodeJS.ErrnoException
    if (!isStorageError(error, 'INVALID_PATH') && syscall !== 'open' && syscall !== 'mkdir') throw error
    notWritten(path, messageOf(error))
  }
}
