import { join } from 'node:path'
import { run } from '../commands.mjs'
import { unpacked } from '../debian.mjs'
import { host, makeFolder } from '../place.mjs'
import { provideServer } from '../ports.mjs'
import { configure, lifeOf, makeFolderOf, provideLink, provideLogins, rootFolder } from './common.mjs'
import { fullDiskOf } from './full-disk.mjs'

/**
 * @typedef {import('../types.d.mts').Place} Place
 * @typedef {import('../account.mjs').Account} Account
 * @typedef {import('../secrets.mjs').Secrets} Secrets
 */

/** Debian's packages of the server and of its modules for TLS and SFTP. */
export const proftpdPackages = ['proftpd-core', 'proftpd-mod-crypto']

/** @type {import('../types.d.mts').Component<'proftpd'>} */
export const proftpd = {
  name: 'proftpd',
  packages: [],
  unpacked: proftpdPackages,
  after: ['full-disk'],
  ...lifeOf(['proftpd'], ['proftpd']),
  start: async place => {
    const { secrets, account } = await provideLogins(place)
    const [port, implicitPort] = [place.base + 221, place.base + 290]
    const passivePorts = /** @type {const} */ ([place.base + 500, place.base + 599])
    const root = makeFolderOf(account, rootFolder(place, 'proftpd'))
    const tls = [
      `TLSRSACertificateFile ${secrets.certificateFile}`,
      `TLSRSACertificateKeyFile ${secrets.certificateKeyFile}`,
      `TLSLog ${place.data}/log/proftpd-tls.log`,
    ]
    await provideProftpd(place, 'proftpd', port, [
      'LoadModule mod_tls.c',
      'LoadModule mod_site_misc.c',
      'LoadModule mod_copy.c',
      'LoadModule mod_digest.c',
      ...(await accounts(place, 'proftpd', root, account, secrets)),
      'DefaultRoot ~',
      'AllowOverwrite on',
      'AllowStoreRestart on',
      'AllowRetrieveRestart on',
      `PassivePorts ${passivePorts.join(' ')}`,
      ...tls,
      'CopyEngine on',
      '</Global>',
      'TLSEngine on',
      'TLSRequired off',
      `<VirtualHost ${host}>`,
      `Port ${implicitPort}`,
      'TLSEngine on',
      'TLSOptions UseImplicitSSL',
      '</VirtualHost>',
    ])
    return {
      host,
      port,
      implicitPort,
      user: userName,
      password: secrets.password,
      caFile: secrets.caFile,
      fingerprint: secrets.fingerprint,
      root,
      uid: account.uid,
      gid: account.gid,
      passivePorts,
      implicitPassivePorts: passivePorts,
      version: await proftpdVersion(),
      fullDisk: fullDiskOf(place, 'proftpd'),
    }
  },
}

/** A user that only ProFTPD knows, and to the system is the throw-away user. */
export const userName = 'syncline'

/**
 * The users of a server, inside a `<Global>` that the caller closes.
 *
 * @param {Place} place
 * @param {string} name
 * @param {string} home
 * @param {Account} account
 * @param {Secrets} secrets
 */
export async function accounts(place, name, home, { uid, gid }, { passwordHash }) {
  return [
    '<Global>',
    'AuthPAM off',
    'AuthOrder mod_auth_file.c',
    `AuthUserFile ${configure(place, `${name}.passwd`, `${userName}:${passwordHash}:${uid}:${gid}::${home}:/bin/sh\n`)}`,
    `AuthGroupFile ${configure(place, `${name}.group`, `${userName}:x:${gid}:\n`)}`,
    'RequireValidShell off',
  ]
}

/**
 * Starts a ProFTPD unless it runs.
 *
 * @param {Place} place
 * @param {string} name
 * @param {number} port
 * @param {readonly string[]} lines
 */
export async function provideProftpd(place, name, port, lines) {
  const log = join(makeFolder(join(place.data, 'log')), `${name}-system.log`)
  const file = configure(
    place,
    `${name}.conf`,
    [
      `ModulePath ${await modules()}`,
      'ServerName syncline',
      'ServerType standalone',
      `DefaultAddress ${host}`,
      'SocketBindTight on',
      'UseIPv6 off',
      'UseReverseDNS off',
      'User root',
      'Group root',
      'Umask 022',
      `PidFile ${place.data}/run/${name}.pid`,
      `ScoreboardFile ${place.data}/run/${name}.scoreboard`,
      `SystemLog ${log}`,
      'TransferLog none',
      'WtmpLog off',
      'DelayEngine off',
      'ControlsEngine off',
      'MaxInstances none',
      `Port ${port}`,
      ...lines,
      place.options.config ?? '',
      '',
    ].join('\n'),
  )
  const program = await unpacked('proftpd-core', 'usr/sbin/proftpd')
  await provideServer(place, name, port, program, ['--nodaemon', '--config', file])
}

export async function proftpdVersion() {
  const said = await run(await unpacked('proftpd-core', 'usr/sbin/proftpd'), ['--version'])
  return said.match(/Version ([\w.]+)/)?.[1] ?? 'unknown'
}

/** ProFTPD looks for modules in one folder, and the two packages are unpacked into two. */
async function modules() {
  const folder = await unpacked('proftpd-core', 'usr/lib/proftpd')
  const crypto = await unpacked('proftpd-mod-crypto', 'usr/lib/proftpd')
  for (const name of ['mod_tls.so', 'mod_sftp.so']) {
    provideLink(join(crypto, name), join(folder, name))
  }
  return folder
}
