import { createHash } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

/** A process as others can recognise it, also after it has ended. */
export interface ProcessIdentity {
  /** Machine and PID namespace: only there the PID means something. */
  readonly host: string
  /** Differs after every boot; empty where the system does not tell. */
  readonly boot: string
  readonly pid: number
  /** When the process started, in the system's own unit; empty where the system does not tell. */
  readonly start: string
}

/** What a lock needs to know about its holder. */
export interface ProcessOwner {
  /** Names this process: JSON of host, boot, PID and start time. */
  readonly id: string
  /**
   * Whether the process that `id` names still runs: `undefined` if it is one of another host (or not one of our ids), where nobody here can know.
   * A PID that now belongs to another process counts as ended.
   */
  isAlive(id: string): boolean | undefined
}

/**
 * Identifies this process, and tells whether another one still runs.
 *
 * @example
 * const owner = processOwner()
 * owner.isAlive(owner.id) // true
 */
export function processOwner(): ProcessOwner {
  return { id: JSON.stringify(currentProcess()), isAlive: id => isAlive(parseIdentity(id)) }
}

let current: ProcessIdentity | undefined

/** This process. Read once: it does not change. */
export function currentProcess(): ProcessIdentity {
  current ??= { host: hostIdentity(), boot: bootIdentity(), pid: process.pid, start: startOf(process.pid)?.start ?? '' }
  return current
}

/** As {@link ProcessOwner.isAlive}. */
export function isAlive(identity: ProcessIdentity | undefined): boolean | undefined {
  if (identity === undefined) return undefined
  const self = currentProcess()
  if (identity.host !== self.host) return undefined
  if (identity.boot !== self.boot) return false
  try {
    process.kill(identity.pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
    // EPERM: it runs, as another user.
  }
  const found = startOf(identity.pid)
  // Without /proc, or with a /proc that hides other users, a reused PID cannot be told apart: alive is the safe answer.
  if (found === undefined || identity.start === '') return true
  return found.start === identity.start && !found.ended
}

function parseIdentity(id: string): ProcessIdentity | undefined {
  try {
    const { host, boot, pid, start } = JSON.parse(id) as Partial<ProcessIdentity>
    if (typeof host !== 'string' || typeof boot !== 'string' || typeof start !== 'string' || !Number.isSafeInteger(pid) || (pid as number) <= 0)
      return undefined
    return { host, boot, pid: pid as number, start }
  } catch {
    return undefined
  }
}

/** Hostname, machine id and PID namespace: two containers of one machine do not see each other's processes. */
function hostIdentity(): string {
  const machine = readText('/etc/machine-id') ?? readText('/var/lib/dbus/machine-id') ?? ''
  let namespace = ''
  try {
    namespace = readlinkSync('/proc/self/ns/pid')
  } catch {
    // Not Linux: there is one namespace.
  }
  return `${hostname()}-${createHash('sha256').update(`${machine}\n${namespace}`).digest('hex').slice(0, 12)}`
}

function bootIdentity(): string {
  return readText('/proc/sys/kernel/random/boot_id') ?? ''
}

/** Field 22 of /proc/PID/stat, clock ticks since boot, and whether the process is a zombie: ended, but not yet collected. */
function startOf(pid: number): { readonly start: string; readonly ended: boolean } | undefined {
  const line = readText(`/proc/${pid}/stat`)
  if (line === undefined) return undefined
  // The second field is the program's name in parentheses, which may hold spaces and parentheses itself.
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ')
  const [state, start] = [fields[0], fields[19]]
  return start === undefined ? undefined : { start, ended: state === 'Z' || state === 'X' }
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    return undefined
  }
}
