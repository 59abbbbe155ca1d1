import { randomBytes } from 'node:crypto'
import { joinPath, parentPath, type Path, temporaryPrefix } from '@syncline/core'

/** How the names start under which this storage writes before a file gets its name. Other temporary files are the engine's, and listed. */
const ownPrefix = `${temporaryPrefix}ftp-`
const uploadPrefix = `${ownPrefix}part-`
const session = randomBytes(6).toString('hex')
let counter = 0

/** Age in milliseconds at which a file that nobody finished is removed: what is being written, and what may still be resumed. */
const staleMs = 24 * 60 * 60 * 1000
const staleUploadMs = 7 * staleMs

/** A path in the same directory that no other process uses, so that a rename does not leave the directory. */
export function temporaryFor(path: Path): Path {
  return joinPath(parentPath(path), `${ownPrefix}${session}-${(counter++).toString(36)}`)
}

/** The path under which an upload is kept that another process may complete. */
export function uploadFor(path: Path): Path {
  return joinPath(parentPath(path), `${uploadPrefix}${randomBytes(12).toString('hex')}`)
}

/** Whether a text that claims to be the name of such an upload is one. */
export function isUploadName(name: string): boolean {
  return name.startsWith(uploadPrefix) && /^[0-9a-f]{24}$/.test(name.slice(uploadPrefix.length))
}

/** What pure-ftpd calls a file that somebody is sending; it is gone, or has its name, when that is over. */
const serverTemporary = /^\.pureftpd-upload\.[0-9a-f.]+$/

/** Whether a file is the server's own, for the time of a transfer. */
export function isOfServer(name: string): boolean {
  return name.charCodeAt(0) === 0x2e && serverTemporary.test(name)
}

/** Whether a name, without its directory, is one of this storage's temporary files. */
export function isTemporary(name: string): boolean {
  return name.charCodeAt(0) === 0x2e && name.startsWith(ownPrefix)
}

/** Whether a temporary file was given up: no writer needs so long. Those of this process are known to it. */
export function isStale(name: string, ageMs: number): boolean {
  if (!isTemporary(name) || name.startsWith(`${ownPrefix}${session}-`)) return false
  return ageMs > (name.startsWith(uploadPrefix) ? staleUploadMs : staleMs)
}
