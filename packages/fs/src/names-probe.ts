import { closeSync, openSync, readdirSync, statfsSync, unlinkSync } from 'node:fs'
import { dirname } from 'node:path'
import { temporaryName } from './temporary.ts'
import { lstat } from './tree.ts'

const zfs = 0x2fc12fc1
/** Milliseconds to which file systems keep times, where that is not fine enough to ignore; by `statfs` type. */
const coarseTimes: Readonly<Record<number, number>> = { 0x4d44: 2000, 0x2011bab0: 10, 0x482b: 1000, 0x4244: 1000 }
const composed = '\u00e9'
const decomposed = 'e\u0301'

/**
 * Whether names that differ in case or Unicode form are different files below `root`.
 *
 * Found by trying, not by platform: Linux mounts vfat and case-folding ext4, macOS has case-sensitive volumes. First by a look at names that exist;
 * if that does not tell, by a probe file that is removed again. `undefined` if nothing can be found out yet.
 */
export function probeNames(root: string): boolean | undefined {
  try {
    const isSensitive = lookAtNames(root)
    // On Linux case and Unicode form go together, but for ZFS, which has a property for the latter alone.
    if (isSensitive === false || (isSensitive === true && process.platform === 'linux' && fileSystemType(root) !== zfs)) return isSensitive
    return probeWithFile(root) ?? isSensitive
  } catch {
    return undefined
  }
}

/** Milliseconds to which times are kept below `root`. */
export function probePrecision(root: string): number {
  return coarseTimes[fileSystemType(nearestExisting(root)) ?? 0] ?? 0.001
}

/** The closest directory at or above `root` that exists. */
export function nearestExisting(root: string): string {
  let directory = root
  while (lstat(directory) === undefined && dirname(directory) !== directory) directory = dirname(directory)
  return directory
}

/** Looks for an existing name under another spelling. `undefined` if no name has letters. */
function lookAtNames(root: string): boolean | undefined {
  const names = readdirSync(root)
  const all = new Set(names)
  for (const name of names) {
    const other = swapCase(name)
    if (other === name || all.has(other)) continue
    const [stats, found] = [lstat(`${root}/${name}`), lstat(`${root}/${other}`)]
    if (stats === undefined) continue
    return found === undefined || found.ino !== stats.ino
  }
  return undefined
}

function probeWithFile(root: string): boolean | undefined {
  const prefix = `${root}/${temporaryName()}-probe`
  const file = `${prefix}a${composed}`
  try {
    closeSync(openSync(file, 'wx', 0o600))
  } catch (error) {
    // vfat with a narrow character set refuses the name itself: it does not keep every name.
    return ['EINVAL', 'EILSEQ'].includes((error as NodeJS.ErrnoException).code ?? '') ? false : undefined
  }
  try {
    const isKept = readdirSync(root).includes(file.slice(root.length + 1))
    return isKept && lstat(`${prefix}A${composed}`) === undefined && lstat(`${prefix}a${decomposed}`) === undefined
  } finally {
    unlinkSync(file)
  }
}

function swapCase(name: string): string {
  // ASCII only: every file system that folds case folds these.
  return name.replace(/[a-zA-Z]/g, letter => (letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase()))
}

function fileSystemType(directory: string): number | undefined {
  try {
    return statfsSync(directory).type
  } catch {
    return undefined
  }
}
