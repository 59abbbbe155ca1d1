import { readFileSync, rmSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { run } from './commands.mjs'

/** @param {string} path */
export function isMounted(path) {
  return mountPoints().includes(path)
}

/** Every mount point of this process, as it is named in the file system. */
export function mountPoints() {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').split('\n')
  // Blanks and backslashes are written as octal numbers.
  return lines.flatMap(line => line.split(' ')[4]?.replace(/\\(\d{3})/g, (_, digits) => String.fromCharCode(parseInt(digits, 8))) ?? [])
}

/**
 * Unmounts a directory and removes it. Nothing happens if nothing is mounted there.
 *
 * @param {string} path
 */
export async function unmount(path) {
  if (!isMounted(path)) return
  // A process that still has a file open in it only delays the end of the file system.
  await run('umount', [path]).catch(() => run('umount', ['--lazy', path]))
  rmSync(path, { recursive: true, force: true })
}

/**
 * Removes a directory with all that is in it. What is mounted below it is unmounted first, and never emptied.
 *
 * @param {string} path
 */
export async function removeFolder(path) {
  const inside = mountPoints().filter(mount => mount === path || mount.startsWith(`${path}/`))
  // The innermost first.
  for (const mount of inside.sort().reverse()) await unmount(mount)
  const left = mountPoints().find(mount => mount.startsWith(`${path}/`))
  if (left !== undefined) throw new Error(`${left} cannot be unmounted, so ${path} stays`)
  await rm(path, { recursive: true, force: true })
}
