import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync } from 'node:fs'
import { open, readdir, rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { runProgram } from './run-program.ts'

const prefix = '.syncline-part-'

/**
 * Makes a directory beside the volumes, in which they are put together. Only its owner can enter it, so nobody else changes a path that was just looked at.
 *
 * @param directory - its bytes, a character each
 * @returns the same for the new one
 */
export async function makeStaging(directory: string): Promise<string> {
  await removeStale(directory)
  const staging = `${directory}/${prefix}${here()}-${process.pid}-${randomBytes(6).toString('hex')}`
  mkdirSync(Buffer.from(staging, 'latin1'), { mode: 0o700 })
  return staging
}

/** Removes what dead processes of this machine left. Another machine may share the directory, and its processes cannot be seen from here. */
async function removeStale(directory: string): Promise<void> {
  for (const name of readdirSync(Buffer.from(directory, 'latin1'), 'latin1')) {
    const [host, pid] = name.startsWith(prefix) ? name.slice(prefix.length).split('-') : []
    if (host === here() && /^\d+$/.test(pid ?? '') && !isAlive(Number(pid))) await removeStaging(`${directory}/${name}`)
  }
}

/** Removes it with what is in it, as far as that is possible. */
export async function removeStaging(staging: string): Promise<void> {
  await rm(Buffer.from(staging, 'latin1'), { recursive: true, force: true, maxRetries: 2 }).catch(() => undefined)
}

/** Everything below is on the disk when this resolves: a rename may reach it before the data that it makes visible. */
export async function makeDurable(staging: string): Promise<void> {
  const root = Buffer.from(staging, 'latin1')
  await runProgram('sync', ['-f', root]).catch(() => syncEach(root))
}

async function syncEach(directory: Buffer): Promise<void> {
  for (const entry of await readdir(directory, { withFileTypes: true, encoding: 'buffer' })) {
    const path = Buffer.concat([directory, Buffer.from('/'), entry.name])
    if (entry.isDirectory()) await syncEach(path)
    else if (entry.isFile()) await syncOne(path)
  }
  await syncOne(directory)
}

/** @param path - a file or directory */
export async function syncOne(path: Buffer): Promise<void> {
  const handle = await open(path)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function here(): string {
  return createHash('sha256').update(hostname()).digest('hex').slice(0, 8)
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
