import { createHash } from 'node:crypto'
import { lstatSync, unlinkSync } from 'node:fs'
import { threadId } from 'node:worker_threads'
import { temporaryPrefix } from '@syncline/core'
import { currentProcess, isAlive, type ProcessIdentity } from './owner.ts'

const foreignAgeMs = 24 * 60 * 60 * 1000
const grammar = /^\.syncline-tmp-([0-9a-f]{8})-([0-9a-f]{8})-(\d+)-(\d*)-[0-9a-z]+-[0-9a-z]+(?:-probe.*)?$/su

let counter = 0
let own: string | undefined

/**
 * A name no other process, thread or call uses: the prefix, digests of host and boot, PID, start time, thread, a number.
 * So whoever finds it after a crash can tell whether its writer still lives.
 */
export function temporaryName(): string {
  own ??= `${temporaryPrefix}${identityPart(currentProcess())}-${threadId.toString(36)}-`
  return own + (counter++).toString(36)
}

/** Whether a name, without its directory, is reserved: listings never show such a file, and nothing else may be written under such a name. */
export function isTemporary(name: string): boolean {
  // Nearly no name starts with a dot: the first unit decides.
  return name.charCodeAt(0) === 0x2e && name.startsWith(temporaryPrefix)
}

/**
 * Removes what a dead process left: of this host as soon as its writer has ended, of another host when it is a day old.
 *
 * @param file - absolute
 * @returns whether it was removed
 */
export function removeStaleTemporary(file: string, now: number): boolean {
  const parts = grammar.exec(file.slice(file.lastIndexOf('/') + 1))
  if (parts === null) return false
  const stats = lstatSync(file, { throwIfNoEntry: false })
  if (stats === undefined || stats.isDirectory()) return false
  const [, host, boot, pid, start] = parts as unknown as [string, string, string, string, string]
  const self = currentProcess()
  const alive =
    host !== digest(self.host)
      ? undefined
      : isAlive({ host: self.host, boot: boot === digest(self.boot) ? self.boot : boot, pid: Number(pid), start })
  // ctime, not mtime: a temporary carries the modification time of the file it will become.
  if (alive === true || (alive === undefined && now - stats.ctimeMs < foreignAgeMs)) return false
  unlinkSync(file)
  return true
}

function identityPart(identity: ProcessIdentity): string {
  return `${digest(identity.host)}-${digest(identity.boot)}-${identity.pid}-${identity.start}`
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8)
}
