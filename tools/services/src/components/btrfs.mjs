import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../commands.mjs'
import { isMounted, unmount } from '../mounts.mjs'
import { makeFolder } from '../place.mjs'

/** @typedef {import('../types.d.mts').Place} Place */

const names = /** @type {const} */ (['a', 'b'])

/** @type {import('../types.d.mts').Component<'btrfs'>} */
export const btrfs = {
  name: 'btrfs',
  packages: ['btrfs-progs'],
  unpacked: [],
  after: [],
  daemons: [],
  start: async place => {
    for (const name of names) {
      const mount = mountOf(place, name)
      if (isMounted(mount)) continue
      makeFolder(mount)
      const image = imageOf(place, name)
      rmSync(image, { force: true })
      await run('truncate', ['--size=1G', image])
      await run('mkfs.btrfs', ['-q', '-f', '-L', `syncline-${name}`, image])
      await run('mount', ['-o', 'loop,user_subvol_rm_allowed', image, mount])
    }
    const version = (await run('btrfs', ['--version'])).match(/v([\d.]+)/)?.[1] ?? 'unknown'
    return { mounts: [mountOf(place, 'a'), mountOf(place, 'b')], version }
  },
  isRunning: async place => names.every(name => isMounted(mountOf(place, name))),
  kill: async () => {},
  stop: async place => {
    for (const name of names) {
      await unmount(mountOf(place, name))
      rmSync(imageOf(place, name), { force: true })
    }
  },
}

/**
 * @param {Place} place
 * @param {string} name
 */
function mountOf(place, name) {
  return join(place.data, 'mnt', `btrfs-${name}`)
}

/**
 * @param {Place} place
 * @param {string} name
 */
function imageOf(place, name) {
  return join(place.data, `btrfs-${name}.img`)
}
