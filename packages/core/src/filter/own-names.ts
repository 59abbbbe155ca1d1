import { baseName, joinPath, parentPath } from '../path.ts'
import type { Path } from '../protocol.ts'

/** The directory at a root that keeps what syncs removed. */
export const trashName = '.syncline-trash'

/** How the names of files start that are being written. */
export const temporaryPrefix = '.syncline-tmp-'

/** How the names of probe files start, by which a store's clock is learned. */
export const clockPrefix = '.syncline-clock-'

/** How the name of the directory starts in which a store is examined. */
export const examinationPrefix = '.syncline-doctor-'

/** The directory in which a store keeps snapshots of the tree that it is in. */
const snapshotsName = '.syncline-snapshots'

const prefixes: readonly string[] = [temporaryPrefix, clockPrefix, examinationPrefix, snapshotsName]

/** Whether a path is the engine's own: the trash, snapshots, a temporary file, or below one. Such paths never take part in a sync, whatever the rules. */
export function isOwnPath(path: Path): boolean {
  // Most paths have none of the names anywhere.
  if (!path.includes('.syncline-')) return false
  if (path.startsWith(trashName) && (path.length === trashName.length || path[trashName.length] === '/')) return true
  return prefixes.some(prefix => path.startsWith(prefix) || path.includes(`/${prefix}`))
}

/** Whether the last segment is the name of a temporary file. */
export function isTemporaryName(path: Path): boolean {
  const name = baseName(path)
  return name.startsWith(temporaryPrefix) || name.startsWith(clockPrefix)
}

/** The path whose old content an interrupted replacement has put aside under this name; `undefined` for other temporary files. */
export function putAsidePath(path: Path): Path | undefined {
  const prefix = `${temporaryPrefix}old-`
  return baseName(path).startsWith(prefix) ? joinPath(parentPath(path), baseName(path).slice(prefix.length)) : undefined
}
