import { execFile } from 'node:child_process'
import { closeSync, fsyncSync, openSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** Makes a tree of this computer durable: as a whole file system where the system can, else file by file. */
export async function makeDurable(directory: string): Promise<void> {
  try {
    // The `syncfs` call, which Node lacks. As a child, so that the process can be interrupted meanwhile.
    if (process.platform === 'linux') return void (await promisify(execFile)('sync', ['-f', '--', directory]))
  } catch {
    // No such program or option, or the disk failed: one by one it works, or says what failed and where.
  }
  syncEach(directory)
}

function syncEach(directory: string): void {
  for (const item of readdirSync(directory, { withFileTypes: true })) {
    if (item.isDirectory()) syncEach(join(directory, item.name))
    else sync(join(directory, item.name))
  }
  sync(directory)
}

function sync(file: string): void {
  const fd = openSync(file, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
