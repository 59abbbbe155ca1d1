import { StorageError, type Path, type WriteOptions } from '@syncline/core'
import { place } from './errors.ts'
import type { Tree } from './tree.ts'
import { formatOf, type Attributes } from './wire/attributes.ts'
import { hardlink, lstat, posixRename, remove, rename } from './wire/client.ts'
import { extension, status } from './wire/constants.ts'
import { hasStatus } from './wire/packets.ts'

type Conditions = Pick<WriteOptions, 'ifMatch' | 'ifNoneMatch'>

/**
 * Checks what is about to be replaced.
 *
 * @throws StorageError `PRECONDITION_FAILED`, or `IS_A_DIRECTORY`
 */
export function checkTarget(tree: Tree, path: Path, found: Attributes | undefined, { ifMatch, ifNoneMatch }: Conditions): void {
  if (ifNoneMatch !== undefined && found !== undefined) throw existsAlready(tree, path)
  // No file here has an etag, so no version of this storage can be meant.
  if (ifMatch !== undefined)
    throw new StorageError('PRECONDITION_FAILED', `${place(path, tree.name)} is not the version ${JSON.stringify(ifMatch)}: the server keeps none`, {
      path,
    })
  if (found !== undefined && formatOf(found) === 'directory')
    throw new StorageError('IS_A_DIRECTORY', `${place(path, tree.name)} is a directory; a file cannot replace it`, { path })
}

/**
 * Gives a finished file its name.
 *
 * Replacing is one step with `posix-rename@openssh.com`. Without it a server refuses to rename over a file: then the old one is put aside, and comes
 * back if the new one cannot take its place; between the two steps nothing is there, so `atomicWrite` is not promised.
 */
export async function publish(tree: Tree, temporary: string, path: Path, isCreateOnly: boolean): Promise<void> {
  const file = tree.file(path)
  if (isCreateOnly) return create(tree, temporary, path, file)
  const channel = await tree.connection.channel()
  if (tree.connection.has(extension.posixRename)) return posixRename(channel, temporary, file)
  try {
    return await rename(channel, temporary, file)
  } catch (error) {
    const found = await lstat(channel, file)
    if (found === undefined || formatOf(found) === 'directory') throw error
  }
  const aside = tree.temporary(path)
  await rename(channel, file, aside)
  try {
    await rename(channel, temporary, file)
  } catch (error) {
    await rename(channel, aside, file)
    throw error
  }
  await remove(channel, aside).catch(() => tree.leave(aside))
}

/** Whether RENAME leaves what is there alone. Known of these; of others it is not: rclone replaces. */
export function renameRefuses(software: string): boolean {
  return /^(OpenSSH_|mod_sftp)/.test(software)
}

/** Gives a file a name that nothing may have yet. */
async function create(tree: Tree, temporary: string, path: Path, file: string): Promise<void> {
  const channel = await tree.connection.channel()
  const { server } = tree.connection
  try {
    if (renameRefuses(server.software)) {
      await rename(channel, temporary, file)
      return
    }
    if (tree.connection.has(extension.hardlink)) {
      await hardlink(channel, temporary, file)
      // A server that says it made a link and did not (rclone) is found out by looking.
      if ((await lstat(channel, file)) !== undefined) {
        await remove(channel, temporary).catch(() => tree.leave(temporary))
        return
      }
    }
  } catch (error) {
    if (!hasStatus(error, status.unsupported)) {
      if ((await lstat(channel, file)) !== undefined) throw existsAlready(tree, path, error)
      throw error
    }
  }
  if ((await lstat(channel, file)) !== undefined) throw existsAlready(tree, path)
  await rename(channel, temporary, file)
}

function existsAlready(tree: Tree, path: Path, cause?: unknown): StorageError {
  return new StorageError('PRECONDITION_FAILED', `${place(path, tree.name)} already exists; it was to be created`, { path, cause })
}
