import { diffArrays } from 'diff'

/** A part of a merge: what both sides agree on or one of them changed, or what they changed differently. */
export type Region = { readonly merged: readonly string[] } | { readonly local: readonly string[]; readonly remote: readonly string[] }

/** Insertions and deletions at most between two versions: comparing takes time that grows with the square of it. */
const maximumEdits = 5000

/**
 * Merges two lists that come from a third, item by item. What both changed alike is no conflict.
 *
 * @returns undefined if the lists differ so much that nobody would wait for the comparison
 * @see Khanna, Kunal, Pierce: A Formal Investigation of Diff3 (2007)
 */
export function diff3(local: readonly string[], original: readonly string[], remote: readonly string[]): readonly Region[] | undefined {
  const [toLocal, toRemote] = [matchesOf(original, local), matchesOf(original, remote)]
  if (toLocal === undefined || toRemote === undefined) return undefined
  const regions: Region[] = []
  let [o, l, r] = [0, 0, 0]
  while (o < original.length || l < local.length || r < remote.length) {
    const start = o
    while (o < original.length && toLocal[o] === l && toRemote[o] === r) [o, l, r] = [o + 1, l + 1, r + 1]
    if (o > start) regions.push({ merged: original.slice(start, o) })
    // Up to the next item that all three have.
    let next = o
    while (next < original.length && (toLocal[next] === -1 || toRemote[next] === -1)) next++
    const isEnd = next >= original.length
    const [nextLocal, nextRemote] = isEnd ? [local.length, remote.length] : [toLocal[next] as number, toRemote[next] as number]
    const [mine, base, theirs] = [local.slice(l, nextLocal), original.slice(o, next), remote.slice(r, nextRemote)]
    if (mine.length > 0 || base.length > 0 || theirs.length > 0) regions.push(decide(mine, base, theirs))
    ;[o, l, r] = [next, nextLocal, nextRemote]
  }
  return regions
}

function decide(local: readonly string[], original: readonly string[], remote: readonly string[]): Region {
  if (isSame(local, remote) || isSame(remote, original)) return { merged: local }
  return isSame(local, original) ? { merged: remote } : { local, remote }
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, i) => item === b[i])
}

/** For each item of `from` the index of the same one in `to`, rising; -1 where it is gone. */
function matchesOf(from: readonly string[], to: readonly string[]): Int32Array | undefined {
  const matches = new Int32Array(from.length).fill(-1)
  const shortest = Math.min(from.length, to.length)
  let before = 0
  while (before < shortest && from[before] === to[before]) matches[before] = before++
  let after = 0
  while (after < shortest - before && from[from.length - 1 - after] === to[to.length - 1 - after]) {
    matches[from.length - 1 - after] = to.length - 1 - after
    after++
  }
  // What the other list does not have at all need not be compared.
  const a = common(from, to, before, after)
  const b = common(to, from, before, after)
  const changes = diffArrays(
    a.map(index => from[index] as string),
    b.map(index => to[index] as string),
    { maxEditLength: maximumEdits },
  )
  if (changes === undefined) return undefined
  let [i, j] = [0, 0]
  for (const { added, removed, count = 0 } of changes) {
    if (!added && !removed) for (let k = 0; k < count; k++) matches[a[i + k] as number] = b[j + k] as number
    if (!added) i += count
    if (!removed) j += count
  }
  return matches
}

function common(list: readonly string[], other: readonly string[], before: number, after: number): readonly number[] {
  const known = new Set(other.slice(before, other.length - after))
  const indices: number[] = []
  for (let i = before; i < list.length - after; i++) if (known.has(list[i] as string)) indices.push(i)
  return indices
}
