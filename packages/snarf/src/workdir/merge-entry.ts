import { attributesOf, type EntryAttributes } from '../metadata/index.ts'
import { ownAttributes } from './work-tree.ts'

/** Attributes after a merge. */
export interface MergedEntry {
  /** Without what only the working copy knows. */
  readonly entry: EntryAttributes
  /** Attributes that both sides changed differently. */
  readonly conflicts: readonly string[]
}

/** Merges the attributes of an entry one by one. @param original - absent, as with an absent entry: what the repository says counts */
export function mergeEntry(local: EntryAttributes | undefined, original: EntryAttributes | undefined, remote: EntryAttributes): MergedEntry {
  const mine = local ?? {}
  // An entry that is gone was lost, not emptied.
  const base = local === undefined ? {} : (original ?? mine)
  const pairs: [string, string][] = []
  const conflicts: string[] = []
  for (const name of new Set([...Object.keys(remote), ...Object.keys(mine)])) {
    if (ownAttributes.includes(name)) continue
    const [l, o, r] = [mine[name], base[name], remote[name]]
    const value = l === o ? r : l
    if (l !== o && r !== o && l !== r) conflicts.push(name)
    if (value !== undefined) pairs.push([name, value])
  }
  return { entry: attributesOf(pairs), conflicts }
}
