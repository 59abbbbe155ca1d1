import { run } from '../commands.mjs'
import { unpacked } from '../debian.mjs'
import { host, makeFolder } from '../place.mjs'
import { provideServer } from '../ports.mjs'
import { configure, lifeOf, makeFolderOf, provideLogins, rootFolder } from './common.mjs'
import { fullDiskOf } from './full-disk.mjs'

/**
 * @typedef {import('../types.d.mts').Place} Place
 * @typedef {import('../secrets.mjs').Secrets} Secrets
 */

/**
 * vsftpd: LIST only, times by MDTM. One process cannot speak plain and implicit TLS, so there are two over the same root.
 *
 * @type {import('../types.d.mts').Component<'vsftpd'>}
 */
export const vsftpd = {
  name: 'vsftpd',
  packages: [],
  unpacked: ['vsftpd'],
  after: ['full-disk'],
  ...lifeOf(['vsftpd', 'vsftpd-implicit'], ['vsftpd']),
  start: async place => {
    const { secrets, account } = await provideLogins(place)
    const root = makeFolderOf(account, rootFolder(place, 'vsftpd'))
    const explicit = { name: 'vsftpd', port: place.base + 121, passivePorts: /** @type {const} */ ([place.base + 400, place.base + 449]) }
    const implicit = { name: 'vsftpd-implicit', port: place.base + 190, passivePorts: /** @type {const} */ ([place.base + 450, place.base + 499]) }
    await provide(place, root, secrets, explicit, 'NO')
    await provide(place, root, secrets, implicit, 'YES')
    return {
      host,
      port: explicit.port,
      implicitPort: implicit.port,
      user: account.name,
      password: secrets.password,
      caFile: secrets.caFile,
      fingerprint: secrets.fingerprint,
      root,
      uid: account.uid,
      gid: account.gid,
      passivePorts: explicit.passivePorts,
      implicitPassivePorts: implicit.passivePorts,
      version: await versionOf(),
      fullDisk: fullDiskOf(place, 'vsftpd'),
    }
  },
}

/**
 * @param {Place} place
 * @param {string} root
 * @param {Secrets} secrets
 * @param {{ readonly name: string, readonly port: number, readonly passivePorts: readonly [number, number] }} server
 * @param {'YES' | 'NO'} implicit
 */
async function provide(place, root, secrets, { name, port, passivePorts }, implicit) {
  const file = configure(
    place,
    `${name}.conf`,
    `listen=YES
listen_ipv6=NO
listen_address=${host}
listen_port=${port}
background=NO
pam_service_name=syncline-no-file-of-its-own
local_enable=YES
anonymous_enable=NO
write_enable=YES
local_umask=022
local_root=${root}
chroot_local_user=YES
allow_writeable_chroot=YES
secure_chroot_dir=${makeFolder(`${place.data}/empty`)}
pasv_min_port=${passivePorts[0]}
pasv_max_port=${passivePorts[1]}
utf8_filesystem=YES
mdtm_write=YES
use_localtime=NO
force_dot_files=YES
seccomp_sandbox=NO
ssl_enable=YES
implicit_ssl=${implicit}
force_local_data_ssl=NO
force_local_logins_ssl=NO
require_ssl_reuse=YES
rsa_cert_file=${secrets.certificateFile}
rsa_private_key_file=${secrets.certificateKeyFile}
ssl_ciphers=HIGH
xferlog_enable=YES
vsftpd_log_file=${place.data}/log/${name}-protocol.log
log_ftp_protocol=YES
max_clients=0
max_per_ip=0
${place.options.config ?? ''}
`,
  )
  await provideServer(place, name, port, await unpacked('vsftpd', 'usr/sbin/vsftpd'), [file])
}

async function versionOf() {
  // It prints its version to where its input comes from.
  const said = await run('sh', ['-c', '"$0" -v 0>&1', await unpacked('vsftpd', 'usr/sbin/vsftpd')])
  return said.match(/version ([\d.]+)/)?.[1] ?? 'unknown'
}
