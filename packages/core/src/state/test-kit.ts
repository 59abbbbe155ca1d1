import type { Ancestor } from '../ancestor.ts'
import type { Path } from '../protocol.ts'
import { ChangeLog } from './change-log.ts'
import type { TreeEdit } from './tree-edits.ts'

/** Edits of one tree that say what a map says. @param empty nothing is there to be removed */
export function toEdits(changes: ReadonlyMap<Path, Ancestor | undefined>, empty: boolean): TreeEdit[] {
  return [...new ChangeLog(Array.from(changes, ([path, put]) => ({ path, source: undefined, destination: put }))).edits('destination', empty)]
}
