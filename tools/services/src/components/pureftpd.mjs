import { join } from 'node:path'
import { run } from '../commands.mjs'
import { unpacked } from '../debian.mjs'
import { host } from '../place.mjs'
import { provideServer } from '../ports.mjs'
import { configure, lifeOf, makeFolderOf, provideLogins, rootFolder } from './common.mjs'
import { fullDiskOf } from './full-disk.mjs'

/**
 * Pure-FTPd: truncates at a restarted upload, and changes some names.
 *
 * @type {import('../types.d.mts').Component<'pureftpd'>}
 */
export const pureftpd = {
  name: 'pureftpd',
  packages: [],
  unpacked: ['pure-ftpd'],
  after: ['full-disk'],
  ...lifeOf(['pureftpd'], ['pureftpd']),
  start: async place => {
    const { secrets, account } = await provideLogins(place)
    const port = place.base + 321
    // Half as many users as ports may be logged in.
    const passivePorts = /** @type {const} */ ([place.base + 600, place.base + 699])
    const root = makeFolderOf(account, rootFolder(place, 'pureftpd'))
    const program = await unpacked('pure-ftpd', 'usr/sbin/pure-ftpd')
    // A hash of ours: the argon2 of pure-pw takes seconds of CPU time at every login.
    const passwd = configure(place, 'pureftpd.passwd', `${user}:${secrets.passwordHash}:${account.uid}:${account.gid}::${root}/./::::::::::::\n`)
    const database = join(place.data, 'config', 'pureftpd.pdb')
    await run(await unpacked('pure-ftpd', 'usr/bin/pure-pw'), ['mkdb', database, '-f', passwd])
    await provideServer(place, 'pureftpd', port, program, [
      ...['-S', `${host},${port}`, '-4', '-Y', '1', '-2', secrets.combinedFile, '-l', `puredb:${database}`],
      ...['-p', passivePorts.join(':'), '-g', join(place.data, 'run', 'pureftpd.pid'), '-E', '-H', '-u', '1', '-c', '200', '-C', '200', '-D', '-z'],
      ...['-L', '1000000:64', ...(place.options.config?.split(/\s+/).filter(word => word !== '') ?? [])],
    ])
    return {
      host,
      port,
      user,
      password: secrets.password,
      caFile: secrets.caFile,
      fingerprint: secrets.fingerprint,
      root,
      uid: account.uid,
      gid: account.gid,
      passivePorts,
      version: (await run(program, ['--help'])).match(/pure-ftpd v([\w.]+)/)?.[1] ?? 'unknown',
      fullDisk: fullDiskOf(place, 'pureftpd'),
    }
  },
}

const user = 'syncline'
