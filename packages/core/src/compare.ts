import type { ComparisonMode } from './modes.ts'
import type { SyncableEntry } from './plan.ts'

/** What a comparison says; `ask-hash`: sizes are equal, and the hashes have to decide. */
export type Equality = { readonly verdict: 'equal' | 'different'; readonly reason: string } | { readonly verdict: 'ask-hash' }

/**
 * Whether the two sides have the same at a path, as far as listings tell.
 *
 * @param toleranceMs - two sides' times are the same within it; two clocks, or two file systems, never agree exactly
 */
export function compareSides(source: SyncableEntry, destination: SyncableEntry, comparison: ComparisonMode, toleranceMs: number): Equality {
  if (source.kind !== destination.kind)
    return { verdict: 'different', reason: `a ${source.kind} at the source, a ${destination.kind} at the destination` }
  if (source.kind === 'directory') return { verdict: 'equal', reason: 'both are directories' }
  if (source.kind === 'symlink') {
    const same = source.target === (destination as typeof source).target
    return { verdict: same ? 'equal' : 'different', reason: same ? 'same link target' : 'different link targets' }
  }
  const other = destination as typeof source
  const sizes = `${source.size} and ${other.size} bytes`
  const sameSize = source.size === other.size
  switch (comparison) {
    case 'size-only':
      return { verdict: sameSize ? 'equal' : 'different', reason: sameSize ? 'same size' : `different sizes (${sizes})` }
    case 'hash-then-mtime':
    case 'hash-only':
      if (sameSize && source.size === 0) return { verdict: 'equal', reason: 'both are empty' }
      return sameSize ? { verdict: 'ask-hash' } : { verdict: 'different', reason: `different sizes (${sizes})` }
    case 'mtime-only':
      return compareTimes(source, other, toleranceMs)
    case 'size-and-mtime':
      return sameSize ? compareTimes(source, other, toleranceMs) : { verdict: 'different', reason: `different sizes (${sizes})` }
  }
}

/** Compares modification times; an unknown one proves nothing, so it counts as different. */
export function compareTimes(source: SyncableEntry, destination: SyncableEntry, toleranceMs: number): Exclude<Equality, { verdict: 'ask-hash' }> {
  if (source.modified === undefined || destination.modified === undefined) {
    return { verdict: 'different', reason: `no modification time at the ${source.modified === undefined ? 'source' : 'destination'}` }
  }
  const apart = Math.abs(source.modified - destination.modified)
  if (apart <= toleranceMs)
    return { verdict: 'equal', reason: apart === 0 ? 'same modification time' : `modification times within ${toleranceMs} ms` }
  return { verdict: 'different', reason: `${source.modified > destination.modified ? 'source' : 'destination'} is ${duration(apart)} newer` }
}

/** Milliseconds in words a person takes in: "3 s", "2 h". */
export function duration(ms: number): string {
  const units: readonly (readonly [number, string])[] = [
    [86_400_000, 'd'],
    [3_600_000, 'h'],
    [60_000, 'min'],
    [1000, 's'],
  ]
  for (const [length, unit] of units) if (ms >= length) return `${Math.round((ms / length) * 10) / 10} ${unit}`
  return `${Math.round(ms)} ms`
}
