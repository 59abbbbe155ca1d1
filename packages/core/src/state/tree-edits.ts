import type { Ancestor } from '../ancestor.ts'
import { compareKeys } from '../path.ts'
import type { Path } from '../protocol.ts'
import { LineParser } from './tree-line.ts'

/** What happens at one key of a tree: what is there goes, and `put`, if any, comes. */
export interface TreeEdit {
  readonly path: Path
  readonly directory: boolean
  /** The line of the entry that comes. */
  readonly put: Uint8Array | undefined
}

/** Edits in key order, of which the next one is in sight. */
export class EditCursor {
  readonly #edits: Iterator<TreeEdit>
  /** Undefined at the end. */
  head: TreeEdit | undefined

  constructor(edits: Iterable<TreeEdit>) {
    this.#edits = edits[Symbol.iterator]()
    this.step()
  }

  step(): TreeEdit | undefined {
    const { done, value } = this.#edits.next()
    return (this.head = done === true ? undefined : (value as TreeEdit))
  }
}

/** A stored tree with edits on top, in key order. Pages without edits pass through as they are. */
export async function* overlay(
  pages: AsyncIterable<readonly Ancestor[]>,
  edits: Iterable<TreeEdit>,
): AsyncGenerator<readonly Ancestor[], void, undefined> {
  const next = new EditCursor(edits)
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  const parser = new LineParser()
  const read = (line: Uint8Array): Ancestor => parser.reset(decoder.decode(line)).line()
  for await (const page of pages) {
    const last = page[page.length - 1]
    if (last === undefined) continue
    if (next.head === undefined || compareEdit(last, next.head) < 0) {
      yield page
      continue
    }
    const merged: Ancestor[] = []
    for (const entry of page) {
      let replaced = false
      for (let edit: TreeEdit | undefined = next.head; edit !== undefined; edit = next.step()) {
        const order = compareEdit(entry, edit)
        if (order < 0) break
        if (edit.put !== undefined) merged.push(read(edit.put))
        if (order === 0) replaced = true
      }
      if (!replaced) merged.push(entry)
    }
    if (merged.length > 0) yield merged
  }
  let rest: Ancestor[] = []
  for (let edit: TreeEdit | undefined = next.head; edit !== undefined; edit = next.step()) {
    if (edit.put !== undefined) rest.push(read(edit.put))
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
