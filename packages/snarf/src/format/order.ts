import type { Path } from '@syncline/core'

/**
 * The order of a tree in an archive: names of one directory by their UTF-8 bytes, each directory right before what it holds.
 *
 * Not the key order of listings, in which "a-b" comes before "a/": there a directory is compared as if it ended in "/".
 *
 * @returns negative, zero or positive
 */
export function compareMemberPaths(a: Path, b: Path): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)]
    if (x !== y) return rank(x) - rank(y)
  }
  return a.length - b.length
}

/** "/" ends a name, so it comes before every character. Surrogates come after U+E000 to U+FFFF, as their UTF-8 bytes do. */
function rank(unit: number): number {
  if (unit === 0x2f) return -1
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit
}
