import { createTwoFilesPatch } from 'diff'
import type { AbortOptions, Path } from '@syncline/core'
import { textOf } from './merge-file.ts'
import { statusOf, type WorkState } from './status.ts'
import { originalPath, type WorkTree } from './work-tree.ts'

/** Options of `WorkingCopy.diff`. */
export interface DiffOptions extends AbortOptions {
  /** Lines around a change; default 3. */
  readonly context?: number
  /** Shows also what was added and removed, as a whole. Default false. */
  readonly wholeFiles?: boolean
}

/** What was changed in one file. */
export interface FileDiff {
  readonly path: Path
  readonly state: WorkState
  /** As a unified diff between the original copy and the file; `undefined` if one of them is no text, or they differ too much to be compared. */
  readonly patch: string | undefined
}

/** Patches of everything that was changed at or below some paths. */
export async function diffOf(tree: WorkTree, paths: readonly Path[] | undefined, options: DiffOptions): Promise<readonly FileDiff[]> {
  const { context = 3, wholeFiles = false } = options
  const states: readonly WorkState[] = wholeFiles ? ['modified', 'conflict', 'reborn', 'added', 'removed'] : ['modified', 'conflict', 'reborn']
  const diffs: FileDiff[] = []
  for (const { path, state, kind } of await statusOf(tree, paths, options)) {
    if (kind === 'directory' || !states.includes(state)) continue
    const original = await tree.readIfThere(originalPath(path))
    const local = await tree.readIfThere(path)
    const [before, after] = [original, local].map(content => (content === undefined ? '' : textOf(content)))
    const name = (content: Uint8Array | undefined, side: string): string => (content === undefined ? '/dev/null' : `${side}/${path}`)
    if (before === undefined || after === undefined) diffs.push({ path, state, patch: undefined })
    else if (before !== after) {
      const patch = createTwoFilesPatch(name(original, 'a'), name(local, 'b'), before, after, '', '', { context, maxEditLength: 5000 })
      diffs.push({ path, state, patch: patch === undefined ? undefined : `Index: ${path}\n${patch}` })
    }
  }
  return diffs
}
