import { pathProblem, type Path } from '@syncline/core'

const reservedNames = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:\.|$)/i

/**
 * Says why a snarf archive cannot hold a path, or `undefined` if it can.
 *
 * A header is one line of UTF-8: a path with a line feed, or with half of a surrogate pair, has no place in it.
 */
export function memberPathProblem(path: Path): string | undefined {
  const problem = pathProblem(path)
  if (problem !== undefined) return problem
  if (path.includes('\n')) return 'it has a line feed, which ends the header of a member'
  if (/\p{Surrogate}/u.test(path)) return 'it has half of a surrogate pair, which has no UTF-8'
  return undefined
}

/**
 * Says why a path would mean something else, or nothing, on Windows, or `undefined` if it is an ordinary path there.
 *
 * On other systems such names are ordinary. Whoever extracts on Windows must refuse them: `C:x` and `a\..\..\b` leave the root.
 */
export function windowsPathProblem(path: Path): string | undefined {
  for (const name of path.split('/')) {
    if (name.includes('\\')) return 'it has a "\\", which separates names on Windows'
    if (name.includes(':')) return 'it has a ":", which names a drive or a stream on Windows'
    const odd = [...name].find(character => character < ' ' || '<>"|?*'.includes(character))
    if (odd !== undefined) return `it has the character ${JSON.stringify(odd)}, which no name on Windows has`
    if (/[. ]$/.test(name)) return `the name ${JSON.stringify(name)} ends in a dot or a space, which Windows drops`
    if (reservedNames.test(name)) return `${JSON.stringify(name)} is the name of a device on Windows`
  }
  return undefined
}
