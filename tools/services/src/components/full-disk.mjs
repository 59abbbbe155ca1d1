import { chownSync } from 'node:fs'
import { join } from 'node:path'
import { provideAccount } from '../account.mjs'
import { run } from '../commands.mjs'
import { isMounted, unmount } from '../mounts.mjs'
import { makeFolder } from '../place.mjs'
import { provideSecrets } from '../secrets.mjs'
import { rootFolder } from './common.mjs'

/** @typedef {import('../types.d.mts').Place} Place */

/** Servers that do not lock their user in, and those that do: these see the mount below their root only. */
const free = /** @type {const} */ (['sshd', 'sftp-basic'])
const locked = /** @type {const} */ (['vsftpd', 'proftpd', 'pureftpd'])

/**
 * Small file systems for servers to fill up.
 *
 * @type {import('../types.d.mts').Component<'full-disk'>}
 */
export const fullDisk = {
  name: 'full-disk',
  packages: [],
  unpacked: [],
  after: [],
  daemons: [],
  start: async place => {
    const { password } = await provideSecrets(place.secrets)
    makeFolder(place.data)
    const { uid, gid } = await provideAccount(place, password)
    const mounts = mountsOf(place)
    for (const mount of Object.values(mounts)) {
      if (isMounted(mount)) continue
      makeFolder(mount)
      await run('mount', ['-t', 'tmpfs', '-o', 'size=8m,nr_inodes=200,mode=755', 'syncline-full-disk', mount])
      chownSync(mount, uid, gid)
    }
    return { mounts, version: 'tmpfs of 8 MB' }
  },
  isRunning: async place => Object.values(mountsOf(place)).every(isMounted),
  kill: async () => {},
  stop: async place => {
    for (const mount of Object.values(mountsOf(place))) await unmount(mount)
  },
}

/**
 * What a server offers of its small file system.
 *
 * @param {Place} place
 * @param {keyof import('../types.d.mts').FullDiskDetails['mounts']} server
 * @returns {import('../types.d.mts').FullDisk}
 */
export function fullDiskOf(place, server) {
  const local = mountsOf(place)[server]
  return { local, path: locked.includes(/** @type {any} */ (server)) ? '/full-disk' : local }
}

/** @param {Place} place */
function mountsOf(place) {
  const beside = free.map(server => [server, join(place.data, 'mnt', `full-disk-${server}`)])
  const inside = locked.map(server => [server, join(rootFolder(place, server), 'full-disk')])
  return /** @type {import('../types.d.mts').FullDiskDetails['mounts']} */ (Object.fromEntries([...beside, ...inside]))
}
