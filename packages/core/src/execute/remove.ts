import { isStorageError } from '../errors.ts'
import { otherSide, type Side } from '../modes.ts'
import type { PlanItem } from '../plan.ts'
import { gone } from './changes.ts'
import { asStale, staleAt, StaleError } from './check.ts'
import { removeEntry } from './effects.ts'
import type { Done, Run } from './run.ts'
import { targetSide } from './target.ts'
import { moveToTrash, notKept } from './trash.ts'

/** Removes one path, into the trash where the item says so. Both sides must still be what the plan saw. */
export async function remove(run: Run, item: PlanItem): Promise<Done> {
  const { path } = item
  const side = targetSide(item) as Side
  const [at, other] = [run.sides[side], run.sides[otherSide(side)]]
  const entry = at.expected(path, item[side])
  if (entry === null || entry.kind === 'problem') throw staleAt(path, at.storage.name, entry === null ? 'it is gone' : 'it could not be read')
  at.checkNotBlocked(path)
  if (entry.kind === 'directory') return removeDirectory(run, item, side)
  await run.check(at, path, entry)
  // `clear` makes room for what the other side has; otherwise the other side must still lack it, for what was deleted may be back.
  if (item.phase !== 'clear') await run.check(other, path, item[other.side])
  at.writable()
  try {
    if (item.trash === true && run.context.config.trash) await moveToTrash(run, at, path, entry)
    else await removeEntry(run, at, path, entry)
  } catch (error) {
    throw item.trash === true ? notKept(path, asStale(error)) : asStale(error)
  }
  at.expect(path, null)
  return { changes: [gone(path)] }
}

async function removeDirectory(run: Run, item: PlanItem, side: Side): Promise<Done> {
  const { path } = item
  const [at, other] = [run.sides[side], run.sides[otherSide(side)]]
  if (at.keeps(path)) throw new StaleError(`${path} stays on ${at.storage.name}: something in it could not be removed`, 'NOT_EMPTY')
  if (item.phase !== 'clear') await run.check(other, path, item[other.side])
  // Where directories are only implied, this one went with the last file in it.
  if (at.storage.capabilities.directories === true) {
    await run.check(at, path, item[side])
    try {
      await removeEntry(run, at, path, undefined)
    } catch (error) {
      if (!isStorageError(error, 'NOT_EMPTY')) throw error
      throw new StaleError(`${path} stays on ${at.storage.name}: it holds something that is new or ignored`, 'NOT_EMPTY', { cause: error })
    }
  }
  at.expect(path, null)
  return { changes: [gone(path)] }
}
