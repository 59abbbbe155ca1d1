import type { Place } from '../environment.ts'
import { UsageError } from '../usage-error.ts'

/**
 * Refuses places that are the same or lie in each other: a sync of them would copy into itself.
 *
 * Local paths are compared as they are on disk, everything else by its URL.
 *
 * @throws UsageError naming both
 */
export function checkApart(source: Place, destination: Place): void {
  const relation = relationOf(source, destination)
  if (relation === 'apart') return
  const text = {
    same: `source and destination are the same place: ${source.location}`,
    inside: `the source ${source.location} lies inside the destination ${destination.location}`,
    around: `the destination ${destination.location} lies inside the source ${source.location}`,
  }[relation]
  throw new UsageError(text, 'Name two places of which neither holds the other. Nothing was changed.')
}

/** Whether `inner` is `outer` or lies in it. */
export function isWithin(inner: Place, outer: Place): boolean {
  const relation = relationOf(inner, outer)
  return relation === 'same' || relation === 'inside'
}

/** The path of `inner` below `outer`, where it lies inside. */
export function pathWithin(inner: Place, outer: Place): string | undefined {
  if (relationOf(inner, outer) !== 'inside') return undefined
  return key(inner).slice(key(outer).length)
}

function relationOf(a: Place, b: Place): 'same' | 'inside' | 'around' | 'apart' {
  if ((a.realPath === undefined) !== (b.realPath === undefined)) return 'apart'
  const [left, right] = [key(a), key(b)]
  if (left === right) return 'same'
  return left.startsWith(right) ? 'inside' : right.startsWith(left) ? 'around' : 'apart'
}

/** With a "/" at the end, so that "/a/b" does not seem to lie in "/a/bc". */
function key(place: Place): string {
  const text = (place.realPath ?? place.location.replace(/[?#].*$/, '')).replaceAll('\\', '/')
  return text.endsWith('/') ? text : `${text}/`
}
