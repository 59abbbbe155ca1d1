import { chmodSync, copyFileSync, mkdirSync, writeFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../measure.mjs'

/**
 * A server as the programs reach it: itself, or through a line.
 *
 * @typedef {object} Server
 * @property {'sshd' | 'vsftpd' | 's3'} service
 * @property {string} host
 * @property {number} port
 * @property {any} details what the services tell of it
 * @property {string} home a directory with .ssh for the programs that look there
 * @property {string} command the built command
 *
 * One program with one way of use. Places are "local" directories and "remote" names.
 * @typedef {object} Contender
 * @property {(server: Server, local: string, remote: string, notes: string) => readonly string[]} up
 * @property {(server: Server, local: string, remote: string, notes: string) => readonly string[]} [down]
 * @property {(server: Server, remote: string) => readonly string[]} [list]
 * @property {(server: Server, notes: string) => Readonly<Record<string, string>>} [env]
 * @property {true} [firstOnly] it cannot tell what is there already
 */

/** The name of a folder on the server. @param {Server} server @param {string} name */
export function remotePath({ service, details }, name) {
  return service === 'sshd' ? join(details.root, name) : service === 'vsftpd' ? `/${name}` : `${bucket}/${name}`
}

const bucket = 'syncline-bench'

/** @param {Server} server @param {string} remote */
function urlOf({ service, host, port, details }, remote) {
  if (service === 's3') return `s3://${remote}?endpoint=http://${host}:${port}&path-style=true`
  return service === 'sshd' ? `sftp://${details.user}@${host}:${port}${remote}` : `ftp://${details.user}@${host}:${port}${remote}`
}

/** @param {Server} server @param {string} from @param {string} to @param {string} notes */
function sync({ command }, from, to, notes) {
  return [process.execPath, command, 'sync', from, to, '--mode', 'source-to-destination', '-y', '--state', join(notes, 'state')]
}

/** @type {Contender} */
const syncline = {
  up: (server, local, remote, notes) => sync(server, local, urlOf(server, remote), notes),
  down: (server, local, remote, notes) => sync(server, urlOf(server, remote), local, notes),
  list: (server, remote) => [process.execPath, server.command, 'ls', urlOf(server, remote), '--recursive', '--quiet'],
  env: server => ({ HOME: server.home, ...secretsOf(server) }),
}

/** What the adapters read secrets from. @param {Server} server @returns {Record<string, string>} */
function secretsOf({ service, details }) {
  if (service === 'sshd') return {}
  if (service === 'vsftpd') return { SYNCLINE_FTP_PASSWORD: details.password }
  return { AWS_ACCESS_KEY_ID: details.accessKeyId, AWS_SECRET_ACCESS_KEY: details.secretAccessKey, AWS_REGION: details.region }
}

/** @param {Readonly<Record<string, string>>} [more] @returns {Contender} */
function rclone(more = {}) {
  return {
    up: (_server, local, remote) => ['rclone', 'sync', local, `r:${remote}`],
    down: (_server, local, remote) => ['rclone', 'sync', `r:${remote}`, local],
    list: (_server, remote) => ['rclone', 'lsf', '-R', `r:${remote}`],
    env: (server, notes) => ({ RCLONE_CONFIG: join(notes, 'rclone.conf'), XDG_CACHE_HOME: notes, ...rcloneRemote(server), ...more }),
  }
}

/** A remote "r" by variables. @param {Server} server @returns {Record<string, string>} */
export function rcloneRemote({ service, host, port, details, home }) {
  const set = (/** @type {Record<string, string>} */ options) =>
    Object.fromEntries(Object.entries(options).map(([name, value]) => [`RCLONE_CONFIG_R_${name.toUpperCase()}`, value]))
  if (service === 's3') {
    const { accessKeyId: access_key_id, secretAccessKey: secret_access_key, region } = details
    return set({
      type: 's3',
      provider: 'Ceph',
      endpoint: `http://${host}:${port}`,
      access_key_id,
      secret_access_key,
      region,
      force_path_style: 'true',
    })
  }
  if (service === 'vsftpd') return set({ type: 'ftp', host, port: String(port), user: details.user, pass: obscure(details.password) })
  return set({
    type: 'sftp',
    host,
    port: String(port),
    user: details.user,
    key_file: join(home, '.ssh/key'),
    known_hosts_file: join(home, '.ssh/known_hosts'),
  })
}

/** @type {Map<string, string>} */
const obscured = new Map()

/** @param {string} password */
function obscure(password) {
  const text = obscured.get(password) ?? run(['rclone', 'obscure', password]).trim()
  obscured.set(password, text)
  return text
}

/** Options of OpenSSH that let it in without asking. @param {Server} server */
function sshOptions({ home }) {
  const file = (/** @type {string} */ name) => join(home, '.ssh', name)
  return ['-F', 'none', '-o', 'BatchMode=yes', '-o', `UserKnownHostsFile=${file('known_hosts')}`, '-i', file('key')]
}

/** @type {Contender} */
const rsync = {
  up: (server, local, remote) => rsyncCommand(server, `${local}/`, `${server.details.user}@${server.host}:${remote}/`),
  down: (server, local, remote) => rsyncCommand(server, `${server.details.user}@${server.host}:${remote}/`, `${local}/`),
}

/** @param {Server} server @param {string} from @param {string} to */
function rsyncCommand(server, from, to) {
  return ['rsync', '-a', '-e', ['ssh', '-p', server.port, ...sshOptions(server)].join(' '), from, to]
}

/** @param {string} script */
const lftp = script => ['lftp', '--norc', '-c', `set net:max-retries 3; set cmd:fail-exit true; ${script}`]

/** @type {Contender} */
const lftpOverSsh = {
  up: (server, local, remote) =>
    lftp(
      `set sftp:connect-program "ssh -a -x ${sshOptions(server).join(' ')}"; open -u ${server.details.user}, sftp://${server.host}:${server.port}; mirror -R -P4 ${local} ${remote}`,
    ),
}

/** @type {Contender} */
const lftpOverFtp = {
  up: ({ host, port, details }, local, remote) =>
    lftp(
      `set ftp:ssl-allow no; set ftp:prefer-epsv true; set ftp:sync-mode off; open -u ${details.user},${details.password} ftp://${host}:${port}; mirror -R -P16 ${local} ${remote}`,
    ),
}

/** @type {Contender} */
const sftp = {
  up: (server, local, remote, notes) => sftpCommand(server, `put -rp ${local} ${remote}`, notes),
  down: (server, local, remote, notes) => sftpCommand(server, `get -rp ${remote}/. ${local}`, notes),
  firstOnly: true,
}

/** @param {Server} server @param {string} line @param {string} notes */
function sftpCommand(server, line, notes) {
  const batch = join(notes, 'batch')
  writeFileSync(batch, `${line}\n`)
  return ['sftp', '-q', '-b', batch, '-P', String(server.port), ...sshOptions(server), `${server.details.user}@${server.host}`]
}

/** Each with its default settings unless its name says more. @type {Readonly<Record<string, Contender>>} */
export const contenders = {
  syncline,
  rclone: rclone({ RCLONE_S3_CHUNK_SIZE: '8M', RCLONE_S3_UPLOAD_CONCURRENCY: '4' }),
  'rclone without hash check': rclone({ RCLONE_SFTP_DISABLE_HASHCHECK: 'true' }),
  'rsync over ssh': rsync,
  lftp: lftpOverSsh,
  'lftp with 16 connections': lftpOverFtp,
  sftp,
}

/**
 * What the programs need to find: a key, and the server's key under the names by which it is reached.
 *
 * @param {string} home
 * @param {any} details
 * @param {readonly { readonly host: string, readonly port: number }[]} names
 */
export function prepareHome(home, details, names) {
  const folder = join(home, '.ssh')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  if (details.keyFile === undefined) return
  copyFileSync(details.keyFile, join(folder, 'key'))
  chmodSync(join(folder, 'key'), 0o600)
  const keys = readFileSync(details.knownHostsFile, 'utf8').trim().split('\n')
  const lines = keys.flatMap(line => names.map(({ host, port }) => `[${host}]:${port} ${line.split(' ').slice(1).join(' ')}`))
  writeFileSync(join(folder, 'known_hosts'), `${[...new Set(lines)].join('\n')}\n`)
  writeFileSync(join(folder, 'config'), `Host *\n  IdentityFile ${join(folder, 'key')}\n  UserKnownHostsFile ${join(folder, 'known_hosts')}\n`, {
    mode: 0o600,
  })
}

/** @param {Server} server */
export function makeBucket(server) {
  run(['rclone', 'mkdir', `r:${bucket}`], rcloneRemote(server))
}
