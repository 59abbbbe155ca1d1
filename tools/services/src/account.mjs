import { join } from 'node:path'
import { run } from './commands.mjs'
import { removeFolder } from './mounts.mjs'

/**
 * @typedef {import('./types.d.mts').Place} Place
 * @typedef {{ readonly name: string, readonly uid: number, readonly gid: number, readonly home: string }} Account
 */

/**
 * Makes the throw-away user of a place unless it is there. Without PAM's help sshd and vsftpd only know users of the system.
 *
 * @param {Place} place
 * @param {string} password
 * @returns {Promise<Account>}
 */
export async function provideAccount(place, password) {
  const name = accountName(place)
  const home = homeOf(place)
  const known = await find(name)
  if (known === undefined) await run('useradd', ['--system', '--user-group', '--no-create-home', '--home-dir', home, '--shell', '/bin/bash', name])
  else if (known.home !== home) await run('usermod', ['--home', home, name])
  await run('chpasswd', [], { input: `${name}:${password}\n` })
  const account = known ?? (await find(name))
  if (account === undefined) throw new Error(`the user ${name} was made and is not there`)
  return { name, uid: account.uid, gid: account.gid, home }
}

/**
 * Removes the user of a place and the home. Nothing happens if there is none, or if the user belongs to another checkout, which took the ports when
 * they were free.
 *
 * @param {Place} place
 */
export async function removeAccount(place) {
  if ((await find(accountName(place)))?.home === homeOf(place)) await run('userdel', ['--force', accountName(place)])
  await removeFolder(homeOf(place))
}

/** @param {Place} place */
function homeOf(place) {
  return join(place.data, 'roots', 'home')
}

/** @param {Place} place */
function accountName(place) {
  return `syncline-${place.base}`
}

/** @param {string} name */
async function find(name) {
  const line = await run('getent', ['passwd', name]).catch(() => '')
  const [, , uid, gid, , home] = line.trim().split(':')
  return home === undefined ? undefined : { name, uid: Number(uid), gid: Number(gid), home }
}
