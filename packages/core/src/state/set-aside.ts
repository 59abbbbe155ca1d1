import type { AbortOptions, Path, WritableStorage } from '../protocol.ts'
import { listFolder, stateFiles } from './files.ts'
import { nextFolder } from './replace-file.ts'

/**
 * Moves what there is of a damaged state into `damaged-<time>/`, where nothing reads it again.
 *
 * Copies are complete before anything is removed. Then the metadata goes first and the trees last: what is left after a stop in between is
 * never taken for a good state, because trees without metadata are not, and the journal is gone before them.
 */
export async function setAside(storage: WritableStorage, now: number, options: AbortOptions): Promise<void> {
  const folder = await freeFolder(storage, now, options)
  const files = await stateFilesThere(storage, options)
  for (const file of files) await storage.write(`${folder}/${file}`, storage.read(file, options), options)
  await storage.flush?.(options)
  for (const file of files) await storage.remove(file, options)
  await storage.flush?.(options)
}

/** The files of a state that exist, in the order in which they can be removed. */
export async function stateFilesThere(storage: WritableStorage, options: AbortOptions): Promise<readonly Path[]> {
  const copies = (await listFolder(storage, nextFolder, options)).map(({ path }) => path)
  const journal = (await listFolder(storage, stateFiles.journal, options)).map(({ path }) => path).reverse()
  const files: Path[] = []
  for (const file of [...copies, stateFiles.metadata, ...journal, stateFiles.source, stateFiles.destination, stateFiles.uploads]) {
    if ((await storage.stat(file, options))?.kind === 'file') files.push(file)
  }
  return files
}

/** `damaged-2026-11-20T10-31-05-000Z`, with a number if that is taken. */
async function freeFolder(storage: WritableStorage, now: number, options: AbortOptions): Promise<Path> {
  const name = `damaged-${new Date(now).toISOString().replace(/[:.]/g, '-')}`
  for (let n = 1; ; n++) {
    const folder = n === 1 ? name : `${name}-${n}`
    if ((await listFolder(storage, folder, options)).length === 0) return folder
  }
}
