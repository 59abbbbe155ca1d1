import { chmodSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isThere, run } from '../commands.mjs'
import { unpacked } from '../debian.mjs'
import { host } from '../place.mjs'
import { provideServer } from '../ports.mjs'
import { configure, lifeOf, makeFolderOf, provideLink, provideLogins, rootFolder } from './common.mjs'
import { fullDiskOf } from './full-disk.mjs'

/** @typedef {import('../types.d.mts').Place} Place */

/**
 * OpenSSH. A second process asks by keyboard-interactive, which OpenSSH only does with PAM's help.
 *
 * @type {import('../types.d.mts').Component<'sshd'>}
 */
export const sshd = {
  name: 'sshd',
  packages: [],
  unpacked: ['openssh-server'],
  after: ['full-disk'],
  ...lifeOf(['sshd', 'sshd-interactive'], ['sshd']),
  start: async place => {
    const { secrets, account } = await provideLogins(place)
    const program = await unpacked('openssh-server', 'usr/sbin/sshd')
    await providePrivilegeSeparation()
    const [port, interactivePort] = [place.base + 22, place.base + 24]
    const keys = configure(place, 'authorized_keys', secrets.publicKeys)
    // The server reads it as the user who logs in.
    chmodSync(keys, 0o644)
    const knownHostsFile = configure(place, 'known_hosts', `[${host}]:${port} ${secrets.hostKey}\n[${host}]:${interactivePort} ${secrets.hostKey}\n`)
    const common = [place.options.config ?? '', ...(await sessionPrograms(program)), `HostKey ${secrets.hostKeyFile}`, ...settings]
    await provide(place, 'sshd', program, port, [
      ...common,
      `AuthorizedKeysFile ${keys}`,
      'UsePAM no',
      'PasswordAuthentication yes',
      'KbdInteractiveAuthentication no',
      'PermitRootLogin prohibit-password',
    ])
    // The name of the program is the name of PAM's service. One without a file of its own gets the rules of `other`: the system's passwords.
    const link = provideLink(program, join(place.data, 'config', 'syncline-interactive'))
    await provide(place, 'sshd-interactive', link, interactivePort, [
      ...common,
      'UsePAM yes',
      'PubkeyAuthentication no',
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication yes',
    ])
    return {
      host,
      port,
      user: account.name,
      uid: account.uid,
      gid: account.gid,
      home: account.home,
      root: makeFolderOf(account, rootFolder(place, 'sshd')),
      keyFile: secrets.keyFile,
      passphraseKeyFile: secrets.passphraseKeyFile,
      passphrase: secrets.passphrase,
      passwordUser: account.name,
      password: secrets.password,
      knownHostsFile,
      hostKeyFingerprint: secrets.hostKeyFingerprint,
      version: await versionOf(program),
      fullDisk: fullDiskOf(place, 'sshd'),
      rootUser: 'root',
      interactivePort,
      interactiveKnownHostsFile: knownHostsFile,
    }
  },
}

const settings = [
  `ListenAddress ${host}`,
  'PidFile none',
  // The keys lie outside of the users' homes.
  'StrictModes no',
  'UseDNS no',
  // The default, 10:30:100, drops connections of tests that connect in parallel.
  'MaxStartups 200',
  'MaxSessions 200',
  'LogLevel VERBOSE',
  'PrintMotd no',
  'Subsystem sftp internal-sftp',
]

/**
 * @param {Place} place
 * @param {string} name
 * @param {string} program
 * @param {number} port
 * @param {readonly string[]} lines
 */
async function provide(place, name, program, port, lines) {
  const file = configure(place, `${name}.conf`, [...lines, `Port ${port}`, ''].join('\n'))
  await provideServer(place, name, port, program, ['-D', '-e', '-f', file])
}

/** What the package would have made. */
async function providePrivilegeSeparation() {
  mkdirSync('/run/sshd', { recursive: true, mode: 0o755 })
  const known = await run('getent', ['passwd', 'sshd']).catch(() => '')
  if (known === '') await run('useradd', ['--system', '--home-dir', '/run/sshd', '--no-create-home', '--shell', '/usr/sbin/nologin', 'sshd'])
}

/**
 * Newer versions run sessions by programs whose places are built in: those of an installed package.
 *
 * @param {string} program
 */
async function sessionPrograms(program) {
  const folder = join(dirname(program), '..', 'lib', 'openssh')
  const of = async (/** @type {string} */ option, /** @type {string} */ name) =>
    (await isThere(join(folder, name))) ? [`${option} ${join(folder, name)}`] : []
  return [...(await of('SshdSessionPath', 'sshd-session')), ...(await of('SshdAuthPath', 'sshd-auth'))]
}

/** @param {string} program */
async function versionOf(program) {
  // It has no option for its version and prints it when it complains.
  const said = await run('sh', ['-c', '"$0" -V 2>&1 || true', program])
  return said.match(/OpenSSH_([\w.]+)/)?.[1] ?? 'unknown'
}
