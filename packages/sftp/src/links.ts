import type { Tree } from './tree.ts'
import type { SftpChannel } from './wire/channel.ts'
import { readlink, symlink } from './wire/client.ts'

/** Which argument of `symlink` a server takes for the new link: OpenSSH the second, the specification the first. */
export type LinkOrder = 'target-first' | 'link-first'

/**
 * Whether a server tells and keeps the targets of links as they are. mod_sftp makes every target absolute, when it reads a link and when it makes
 * one: such a link, carried over, would point to a place on another machine.
 */
export function keepsLinks(software: string): boolean {
  return !software.startsWith('mod_sftp')
}

/** Makes a link, whichever way round the server takes the arguments. */
export async function symlinkAt(tree: Tree, channel: SftpChannel, target: string, link: string): Promise<void> {
  tree.linkOrder ??= tree.connection.server.software.startsWith('OpenSSH_') ? 'target-first' : await probe(tree, channel)
  return tree.linkOrder === 'target-first' ? symlink(channel, target, link) : symlink(channel, link, target)
}

/** Tries with two names of our own: the wrong way round with a real target would make a link where that points to. */
async function probe(tree: Tree, channel: SftpChannel): Promise<LinkOrder> {
  const [target, link] = [tree.temporary('probe'), tree.temporary('probe')]
  try {
    await symlink(channel, target, link)
    return await readlink(channel, link).then(
      () => 'target-first',
      () => 'link-first',
    )
  } finally {
    await tree.removeTemporary(link)
    await tree.removeTemporary(target)
  }
}
