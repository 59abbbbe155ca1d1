import { closeSync, constants, fchmodSync, fchownSync, fstatSync, fsyncSync, futimesSync, openSync, unlinkSync, writeSync, type Stats } from 'node:fs'
import { errnoOf } from './errno.ts'
import { temporaryName } from './temporary.ts'
import { directoryOf } from './tree.ts'

const defaultMode = 0o666

/** What a finished file shall have. */
export interface DraftOptions {
  readonly modified?: number | undefined
  readonly mode?: number | undefined
  /** What it replaces: gives owner and, unless `mode` is set, mode. */
  readonly existing?: Stats | undefined
  readonly fsync?: boolean | undefined
}

/** A file being written, under a temporary name beside the one it will get. */
export class Draft {
  /** Absolute. */
  readonly file: string
  readonly #options: DraftOptions
  #fd: number | undefined

  /** @param target - absolute; its directory exists */
  constructor(target: string, options: DraftOptions) {
    this.#options = options
    this.file = directoryOf(target) + temporaryName()
    // Never more readable than the file it becomes, not even while it is written.
    this.#fd = openSync(this.file, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, (wantedMode(options) ?? defaultMode) & 0o777)
  }

  /** @throws TypeError after it was finished or discarded */
  get fd(): number {
    if (this.#fd === undefined) throw new TypeError('the draft is closed')
    return this.#fd
  }

  /** Writes all of `bytes` at the current position: a full disk makes the system write less first, and fail next. */
  write(bytes: Uint8Array, length: number = bytes.length): void {
    for (let at = 0; at < length;) at += writeSync(this.fd, bytes, at, length - at)
  }

  /**
   * Sets times, owner and mode, closes the file, and returns what it is.
   *
   * Closed before it gets its name: network file systems report some failed writes only then.
   */
  finish(): Stats {
    const { modified, existing, fsync } = this.#options
    const fd = this.fd
    if (existing !== undefined) keepOwner(fd, existing)
    if (modified !== undefined) {
      const seconds = toSeconds(modified)
      futimesSync(fd, seconds, seconds)
    }
    let stats = fstatSync(fd)
    const mode = wantedMode(this.#options)
    if (mode !== undefined && (stats.mode & 0o7777) !== mode && setModeIfPossible(fd, mode)) stats = fstatSync(fd)
    if (fsync === true) fsyncSync(fd)
    this.#fd = undefined
    closeSync(fd)
    return stats
  }

  /** Removes it. Never throws: it is called on the way out of another failure. */
  discard(): void {
    try {
      if (this.#fd !== undefined) closeSync(this.#fd)
    } catch {
      // The failure that led here is the one to report.
    }
    this.#fd = undefined
    try {
      unlinkSync(this.file)
    } catch {
      // Gone already, or removed by a later flush.
    }
  }
}

/**
 * A time as `utimes` takes it: seconds as a double, which it cuts to microseconds. Half of one more makes it round.
 *
 * Times before 1970 go as text: as a negative number Node takes them for "now".
 */
export function toSeconds(modified: number): number | string {
  const microseconds = Math.round(modified * 1000)
  return microseconds < 0 ? `${(microseconds - 0.5) / 1e6}` : (microseconds + 0.5) / 1e6
}

/** A file without a mode of its own, e.g. from a bucket, must not make a private file public by replacing it. */
function wantedMode({ mode, existing }: DraftOptions): number | undefined {
  return mode ?? (existing?.isFile() === true ? existing.mode & 0o7777 : undefined)
}

/** Replaced by an administrator's process, a user's file stays the user's. */
function keepOwner(fd: number, existing: Stats): void {
  if (process.getuid?.() !== 0 || (existing.uid === 0 && existing.gid === 0)) return
  try {
    fchownSync(fd, existing.uid, existing.gid)
  } catch (error) {
    if (!cannot(error)) throw error
  }
}

/** vfat and some network file systems refuse modes they cannot store. The file is ours, so this is no lack of rights. */
function setModeIfPossible(fd: number, mode: number): boolean {
  try {
    fchmodSync(fd, mode)
    return true
  } catch (error) {
    if (cannot(error)) return false
    throw error
  }
}

function cannot(error: unknown): boolean {
  return ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL'].includes(errnoOf(error) ?? '')
}
