import { chownSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { provideAccount } from '../account.mjs'
import { removeFolder } from '../mounts.mjs'
import { makeFolder } from '../place.mjs'
import { daemonPid, killDaemon } from '../processes.mjs'
import { provideSecrets } from '../secrets.mjs'

/**
 * @typedef {import('../types.d.mts').Place} Place
 * @typedef {import('../types.d.mts').FullDisk} FullDisk
 */

/**
 * The user, the keys and the passwords that servers of a place share.
 *
 * @param {Place} place
 */
export async function provideLogins(place) {
  const secrets = await provideSecrets(place.secrets)
  makeFolder(place.data)
  const account = await provideAccount(place, secrets.password)
  // Even servers that lead elsewhere go there first.
  makeFolderOf(account, account.home)
  return { secrets, account }
}

/**
 * Makes a directory that belongs to the user of a place.
 *
 * @param {{ readonly uid: number, readonly gid: number }} owner
 * @param {string} path
 */
export function makeFolderOf({ uid, gid }, path) {
  // It may be there as the place of a mount, and belong to root.
  chownSync(makeFolder(path), uid, gid)
  return path
}

/**
 * Where a server stores.
 *
 * @param {Place} place
 * @param {string} name
 */
export function rootFolder(place, name) {
  return join(place.data, 'roots', name)
}

/**
 * Writes a configuration file and returns its name.
 *
 * @param {Place} place
 * @param {string} name
 * @param {string} content
 */
export function configure(place, name, content) {
  const file = join(makeFolder(join(place.data, 'config')), name)
  writeFileSync(file, content, { mode: 0o600 })
  return file
}

/**
 * Makes a symbolic link, in place of what it was: its target may have moved, and another start may be making the same.
 *
 * @param {string} target
 * @param {string} link
 */
export function provideLink(target, link) {
  const making = `${link}.${process.pid}.${++links}`
  symlinkSync(target, making)
  renameSync(making, link)
  return link
}

let links = 0

/**
 * What all servers have in common that are processes and store in directories below `roots`.
 *
 * @param {readonly string[]} daemons in the order in which they are started
 * @param {readonly string[]} roots
 */
export function lifeOf(daemons, roots) {
  const kill = async (/** @type {Place} */ place) => {
    for (const daemon of [...daemons].reverse()) await killDaemon(place, daemon)
  }
  return {
    daemons,
    kill,
    isRunning: async (/** @type {Place} */ place) => daemons.every(daemon => daemonPid(place, daemon) !== undefined),
    stop: async (/** @type {Place} */ place) => {
      await kill(place)
      for (const root of roots) await removeFolder(rootFolder(place, root))
    },
  }
}
