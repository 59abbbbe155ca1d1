import type { StateChange } from '../ancestor.ts'
import { StorageError } from '../errors.ts'
import type { PlanItem } from '../plan.ts'
import { arrived } from './changes.ts'
import { staleAt } from './check.ts'
import type { Done, Run } from './run.ts'
import { carryMetadata, endsOf } from './transfer.ts'

/** Owner may write and enter: without that, nothing could be put in a directory that this run makes. */
const usable = 0o300

/** Whether the permissions of a directory item can only be set when everything in it is done. */
export function isDeferred(item: PlanItem): boolean {
  const mode = item.action.startsWith('UPLOAD') ? item.source?.mode : item.destination?.mode
  return item.phase === 'directory' && mode !== undefined && (mode & usable) !== usable
}

/** Makes a directory, or carries over its permissions. */
export async function makeDirectory(run: Run, item: PlanItem): Promise<Done> {
  const { path } = item
  const ends = endsOf(run, item)
  const { from, to, entry, occupant } = ends
  if (item.metadata === true) return carryMetadata(run, item, ends)
  if (occupant !== null && occupant.kind !== 'directory')
    throw new StorageError('NOT_A_DIRECTORY', `a ${occupant.kind} is in the way of ${path} on ${to.storage.name}`, { path })
  await run.check(from, path, item[from.side])
  const storage = to.writable()
  // A store without directories has this one as soon as something is in it.
  if (storage.makeDirectory === undefined) return { changes: [arrived(path, to.side, entry, { kind: 'directory', path }, undefined)], nothing: true }
  await run.retry(path, () => storage.makeDirectory?.(path) ?? Promise.resolve())
  let now = await run.stat(to, path)
  // An eventually consistent store may not show it yet. Then it is not recorded, and the next run finds it on both sides.
  if (now === undefined) return { changes: [] }
  if (now.kind !== 'directory') throw staleAt(path, storage.name, `it is a ${now.kind} now`)
  const { mode } = entry
  if (mode !== undefined && mode !== now.mode && storage.setMode !== undefined) {
    await run.retry(path, () => storage.setMode?.(path, mode) ?? Promise.resolve())
    now = { ...now, mode }
  }
  return { changes: [arrived(path, to.side, entry, now, undefined)] }
}

/**
 * Makes a directory whose permissions are set later, by {@link makeDirectory} when everything in it is done.
 *
 * @returns what a run after a kill has to know: that the permissions here are not the ones to keep, so those across count as changed
 */
export async function makeUsableDirectory(run: Run, item: PlanItem): Promise<readonly StateChange[]> {
  const { from, to, entry } = endsOf(run, item)
  const { path } = item
  await run.check(from, path, item[from.side])
  const storage = to.writable()
  await run.retry(path, () => storage.makeDirectory?.(path) ?? Promise.resolve())
  const now = await run.stat(to, path)
  if (now?.kind !== 'directory' || now.mode === undefined) return []
  return [arrived(path, to.side, { ...entry, mode: now.mode }, now, undefined)]
}
