import { baseName, joinPath, parentPath } from '../path.ts'
import type { Path } from '../protocol.ts'

/** The directory at a root that keeps what syncs removed. */
export const trashName = '.syncline-trash'

/** How the names of files start that are being written. */
export const temporaryPrefix = '.syncline-tmp-'

/** Whether a path is the engine's own: the trash, a temporary file, or below one. Such paths never take part in a sync, whatever the rules. */
export function isOwnPath(path: Path): boolean {
  // Most paths have neither name anywhere.
  if (!path.includes('.syncline-t')) return false
  if (path.startsWith(trashName) && (path.length === trashName.length || path[trashName.length] === '/')) return true
  return path.startsWith(temporaryPrefix) || path.includes(`/${temporaryPrefix}`)
}

/** Whether the last segment is the name of a temporary file. */
export function isTemporaryName(path: Path): boolean {
  return baseName(path).startsWith(temporaryPrefix)
}

/** The path whose old content an interrupted replacement has put aside under this name; `undefined` for other temporary files. */
export function putAsidePath(path: Path): Path | undefined {
  const prefix = `${temporaryPrefix}old-`
  return baseName(path).startsWith(prefix) ? joinPath(parentPath(path), baseName(path).slice(prefix.length)) : undefined
}
