import { createHash } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { temporaryPrefix } from '@syncline/core'

const foreignAgeMs = 24 * 60 * 60 * 1000
/** Uploads are gone on with by a later process, so they may lie longer. */
const uploadAgeMs = 7 * foreignAgeMs
const grammar = /^\.syncline-tmp-(sftp|part)-([0-9a-f]{12})-(\d+)-([0-9a-z]+)-[0-9a-z]+(?:-.*)?$/su

let counter = 0
let machine: string | undefined
let writer: string | undefined

/**
 * A name that no other process or call uses: the prefix, a digest of this machine, PID, time, a number.
 * So whoever finds it after a crash can tell whether its writer may still live.
 *
 * @param kind - `part`: an upload that a later process may go on with
 */
export function temporaryName(kind: 'sftp' | 'part' = 'sftp'): string {
  writer ??= `${(machine ??= digestOfMachine())}-${process.pid}`
  const random = Math.floor(Math.random() * 36 ** 4).toString(36)
  return `${temporaryPrefix}${kind}-${writer}-${Date.now().toString(36)}-${(counter++).toString(36)}${random}`
}

/** Whether nobody writes to a temporary file any more: its writer was of this machine and has ended, or it is old. */
export function isStaleTemporary(name: string, now: number): boolean {
  const [, kind, host, pid, time] = grammar.exec(name) ?? []
  if (time === undefined) return false
  const ageMs = now - Number.parseInt(time, 36)
  if (kind === 'part') return ageMs > uploadAgeMs
  return ageMs > foreignAgeMs || (host === (machine ??= digestOfMachine()) && !isAlive(Number(pid)))
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

/** Differs for containers too: PIDs of one mean nothing in another. */
function digestOfMachine(): string {
  const read = (look: () => string): string => {
    try {
      return look()
    } catch {
      return ''
    }
  }
  const boot = read(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8'))
  const namespace = read(() => readlinkSync('/proc/self/ns/pid'))
  return createHash('sha256').update(`${hostname()}\0${boot}\0${namespace}`).digest('hex').slice(0, 12)
}
