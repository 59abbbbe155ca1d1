import { run } from '../commands.mjs'
import { host } from '../place.mjs'
import { configure, lifeOf, makeFolderOf, provideLogins, rootFolder } from './common.mjs'
import { fullDiskOf } from './full-disk.mjs'
import { accounts, proftpdPackages, proftpdVersion, provideProftpd, userName } from './proftpd.mjs'

/**
 * ProFTPD's mod_sftp: an SFTP server without copy-data, whose symlink request has its arguments in the order of OpenSSH, not of the draft.
 *
 * @type {import('../types.d.mts').Component<'sftp-basic'>}
 */
export const sftpBasic = {
  name: 'sftp-basic',
  packages: [],
  unpacked: proftpdPackages,
  after: ['full-disk'],
  ...lifeOf(['sftp-basic'], ['sftp-basic', 'sftp-basic-home']),
  start: async place => {
    const { secrets, account } = await provideLogins(place)
    const port = place.base + 23
    const home = makeFolderOf(account, rootFolder(place, 'sftp-basic-home'))
    await provideProftpd(place, 'sftp-basic', port, [
      'LoadModule mod_sftp.c',
      ...(await accounts(place, 'sftp-basic', home, account, secrets)),
      'AllowOverwrite on',
      'AllowStoreRestart on',
      '</Global>',
      'SFTPEngine on',
      `SFTPLog ${place.data}/log/sftp-basic-protocol.log`,
      `SFTPHostKey ${secrets.hostKeyFile}`,
      'SFTPAuthMethods publickey password',
      `SFTPAuthorizedUserKeys file:${configure(place, 'sftp-basic.keys', await inRfc4716(secrets))}`,
    ])
    return {
      host,
      port,
      user: userName,
      uid: account.uid,
      gid: account.gid,
      home,
      root: makeFolderOf(account, rootFolder(place, 'sftp-basic')),
      keyFile: secrets.keyFile,
      passphraseKeyFile: secrets.passphraseKeyFile,
      passphrase: secrets.passphrase,
      passwordUser: userName,
      password: secrets.password,
      knownHostsFile: configure(place, 'sftp-basic.known_hosts', `[${host}]:${port} ${secrets.hostKey}\n`),
      hostKeyFingerprint: secrets.hostKeyFingerprint,
      version: await proftpdVersion(),
      fullDisk: fullDiskOf(place, 'sftp-basic'),
    }
  },
}

/** @param {import('../secrets.mjs').Secrets} secrets */
async function inRfc4716({ keyFile, passphraseKeyFile }) {
  return (await run('ssh-keygen', ['-e', '-f', `${keyFile}.pub`])) + (await run('ssh-keygen', ['-e', '-f', `${passphraseKeyFile}.pub`]))
}
