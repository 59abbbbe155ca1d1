import type { Ancestor } from '../ancestor.ts'
import { compareKeys } from '../path.ts'
import type { Path } from '../protocol.ts'

/** What happens at one key of a tree: what is there goes, and `put`, if any, comes. */
export interface TreeEdit {
  readonly path: Path
  readonly directory: boolean
  readonly put: Ancestor | undefined
}

/**
 * Turns changes of paths into edits of keys, in key order.
 *
 * A path has two keys, as a leaf and as a directory, and other keys may lie between them; a change of one path removes at both.
 *
 * @param empty - nothing is there to be removed
 */
export function toEdits(changes: ReadonlyMap<Path, Ancestor | undefined>, empty: boolean): readonly TreeEdit[] {
  const edits: TreeEdit[] = []
  for (const [path, put] of changes) {
    if (put !== undefined) edits.push({ path, directory: put.kind === 'directory', put })
  }
  // Removals come as a second and a third ordered run: sorting runs is cheap, sorting a mixture is not.
  if (!empty) {
    for (const [path, put] of changes) if (put?.kind !== 'directory') edits.push({ path, directory: true, put: undefined })
    for (const [path, put] of changes) if (put === undefined || put.kind === 'directory') edits.push({ path, directory: false, put: undefined })
  }
  return edits.sort((a, b) => compareKeys(a.path, a.directory, b.path, b.directory))
}

/** A stored tree with edits on top, in key order. Pages without edits pass through as they are. */
export async function* overlay(
  pages: AsyncIterable<readonly Ancestor[]>,
  edits: readonly TreeEdit[],
): AsyncGenerator<readonly Ancestor[], void, undefined> {
  let next = 0
  for await (const page of pages) {
    const last = page[page.length - 1]
    const first = edits[next]
    if (last === undefined) continue
    if (first === undefined || compareEdit(last, first) < 0) {
      yield page
      continue
    }
    const merged: Ancestor[] = []
    for (const entry of page) {
      let replaced = false
      for (let edit = edits[next]; edit !== undefined; edit = edits[++next]) {
        const order = compareEdit(entry, edit)
        if (order < 0) break
        if (edit.put !== undefined) merged.push(edit.put)
        if (order === 0) replaced = true
      }
      if (!replaced) merged.push(entry)
    }
    if (merged.length > 0) yield merged
  }
  let rest: Ancestor[] = []
  for (; next < edits.length; next++) {
    const put = edits[next]?.put
    if (put !== undefined) rest.push(put)
    if (rest.length >= 2048) {
      yield rest
      rest = []
    }
  }
  if (rest.length > 0) yield rest
}

function compareEdit(entry: Ancestor, edit: TreeEdit): number {
  return compareKeys(entry.path, entry.kind === 'directory', edit.path, edit.directory)
}
