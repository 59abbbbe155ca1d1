import { parentPath, type Path } from '@syncline/core'
import type { Slots } from './slots.ts'
import type { Tree } from './tree.ts'
import { close, fsync, open } from './wire/client.ts'
import { openFlag, status } from './wire/constants.ts'
import { hasStatus } from './wire/packets.ts'

/** Makes files durable, and then the directories that name them. What is gone by now needs nothing. */
export async function flush(tree: Tree, slots: Slots, paths: readonly Path[], signal: AbortSignal | undefined): Promise<void> {
  await slots.map(paths, path => syncOne(tree, path, signal))
  const directories = [...new Set(paths.map(parentPath))]
  await slots.map(directories, path => syncOne(tree, path, signal, true))
}

async function syncOne(tree: Tree, path: Path, signal: AbortSignal | undefined, isDirectory = false): Promise<void> {
  signal?.throwIfAborted()
  try {
    const handle = await open(await tree.connection.channel(signal), tree.file(path), openFlag.read)
    try {
      await fsync(handle)
    } finally {
      close(handle).catch(() => undefined)
    }
  } catch (error) {
    if (hasStatus(error, status.noSuchFile, status.noSuchPath)) return
    // Some servers open no directories; then their names are as durable as the server makes them.
    if (isDirectory && hasStatus(error, status.failure, status.permissionDenied, status.unsupported, status.invalidHandle)) return
    // A file that may not be read cannot be opened for this; it was written all the same.
    if (hasStatus(error, status.permissionDenied)) return
    throw error
  }
}
