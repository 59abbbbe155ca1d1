import { homedir, userInfo } from 'node:os'
import { join } from 'node:path'
import { StorageError } from '@syncline/core'
import type { Credentials } from './ssh/auth.ts'
import { readConfig, type HostConfig } from './ssh/config.ts'
import type { Hop, Patience } from './ssh/connect.ts'
import { findKnownKeys } from './ssh/known-hosts.ts'
import { secretFromEnvironment, type Prompt, type SecretSources } from './ssh/secrets.ts'

/** Options of `sftp`. What is left out comes from `~/.ssh/config` and then from what `ssh` does by itself. */
export interface SftpOptions {
  /** A host, or a name that `~/.ssh/config` explains. */
  readonly host: string
  readonly port?: number
  readonly user?: string
  /** On the server: absolute, or relative to the home directory of the account with `~/` in front; default the home directory. */
  readonly path?: string
  /** Files with private keys. Added to those of the configuration. */
  readonly identityFiles?: readonly string[]
  /** A private key itself. */
  readonly privateKey?: string | Uint8Array
  /** Of the keys; default the environment variables SYNCLINE_SFTP_PASSPHRASE, …_FILE, …_COMMAND. */
  readonly passphrase?: string
  /** Default the environment variables SYNCLINE_SFTP_PASSWORD, …_FILE, …_COMMAND. */
  readonly password?: string
  /** Asks a person for what nothing else gives; without it nobody is asked. */
  readonly prompt?: Prompt | undefined
  /** The socket of an agent; `false`: none. Default SSH_AUTH_SOCK. */
  readonly agent?: string | false
  /** Files to read instead of `~/.ssh/config` and `/etc/ssh/ssh_config`; `false`: none. */
  readonly config?: string | readonly string[] | false
  /** Files to read instead of `~/.ssh/known_hosts` and `/etc/ssh/ssh_known_hosts`. */
  readonly knownHosts?: string | readonly string[]
  /** Accept only these host keys, whatever known_hosts says: `SHA256:…`, or a public key as in a `.pub` file. */
  readonly hostKey?: string | readonly string[]
  /** Make every file durable before its write resolves; default false. Without it `flush` does so for all of them, where the server can. */
  readonly fsync?: boolean
  /** `auto`: hash files by commands on the server where it has a shell. Default false: no command is ever run. */
  readonly remoteHash?: 'auto' | false
  /** SFTP channels over the connection at most; default 4. */
  readonly channels?: number
  /** Milliseconds to connect and log in; default 20 seconds. */
  readonly connectTimeoutMs?: number
  /** Milliseconds without an answer after which the connection is given up; default 60 seconds. */
  readonly timeoutMs?: number
  /** Told what the configuration asks for and cannot be done; default a warning of the process. */
  readonly onWarning?: (message: string) => void
}

/** Where to connect to, and how. */
export interface Target {
  readonly hops: readonly Hop[]
  readonly patience: Patience
  /** As in a URL, without the path. */
  readonly authority: string
}

const usualKeys = ['id_ed25519', 'id_ecdsa', 'id_rsa']

/** Puts options, configuration and environment together. */
export function resolveTarget(options: SftpOptions, environment: NodeJS.ProcessEnv = process.env): Target {
  checkOptions(options)
  const context: Context = { options, environment, home: homedir(), files: configFiles(options.config), warned: new Set() }
  const host = read(context, options.host, options.user)
  const own = hopTo(context, options.host, host, {
    ...(options.port !== undefined && { port: options.port }),
    ...(options.user !== undefined && { user: options.user }),
  })
  const hops = [...jumpsTo(context, host, [options.host]), own]
  const { user, host: address, port } = { user: own.credentials.user, host: options.host, port: own.port }
  return {
    hops,
    authority: `${encodeURIComponent(user)}@${address.includes(':') ? `[${address}]` : address}${port === 22 ? '' : `:${port}`}`,
    patience: {
      connectMs: options.connectTimeoutMs ?? (host.connectTimeout ?? 20) * 1000,
      keepaliveMs: (host.serverAliveInterval ?? 15) * 1000,
      keepaliveCount: host.serverAliveCountMax ?? 3,
    },
  }
}

interface Context {
  readonly options: SftpOptions
  readonly environment: NodeJS.ProcessEnv
  readonly home: string
  readonly files: readonly string[]
  readonly warned: Set<string>
}

function checkOptions({ host, port, channels, remoteHash, connectTimeoutMs, timeoutMs }: SftpOptions): void {
  if (host === '' || /[\s/@\0]/.test(host) || host.startsWith('-')) throw new TypeError(`${JSON.stringify(host)} is no host`)
  if (port !== undefined && !(Number.isInteger(port) && port > 0 && port < 65_536))
    throw new TypeError(`port must be a number up to 65535, got ${port}`)
  if (channels !== undefined && !(Number.isInteger(channels) && channels > 0))
    throw new TypeError(`channels must be a positive integer, got ${channels}`)
  if (remoteHash !== undefined && remoteHash !== false && remoteHash !== 'auto')
    throw new TypeError(`remoteHash must be 'auto' or false, got ${JSON.stringify(remoteHash)}`)
  for (const [name, value] of Object.entries({ connectTimeoutMs, timeoutMs }))
    if (value !== undefined && !(value > 0)) throw new TypeError(`${name} must be a positive number, got ${value}`)
}

function configFiles(config: SftpOptions['config']): readonly string[] {
  if (config === false) return []
  if (config === undefined) return [join(homedir(), '.ssh', 'config'), '/etc/ssh/ssh_config']
  return typeof config === 'string' ? [config] : config
}

function read({ options, files, home, warned }: Context, host: string, user: string | undefined): HostConfig {
  const config = readConfig(files, host, { home, user })
  for (const message of config.unsupported) {
    if (warned.has(message)) continue
    warned.add(message)
    if (options.onWarning === undefined) process.emitWarning(message, 'SynclineSftpWarning')
    else options.onWarning(message)
  }
  return config
}

/** The hosts to go through. A jump host may have jump hosts of its own. */
function jumpsTo(context: Context, config: HostConfig, path: readonly string[]): readonly Hop[] {
  const [first, ...rest] = config.proxyJump ?? []
  if (first === undefined) return []
  if (path.length > 8) throw new StorageError('NOT_SUPPORTED', `ProxyJump leads through ${path.join(', ')} and further`)
  const parse = (text: string): { readonly host: string; readonly port?: number; readonly user?: string } => {
    const [, user, bracketed, plain, port] = /^(?:ssh:\/\/)?(?:([^@]+)@)?(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(text) ?? []
    const host = bracketed ?? plain
    if (host === undefined) throw new StorageError('NOT_SUPPORTED', `ProxyJump ${JSON.stringify(text)} is no host`)
    return { host, ...(port !== undefined && { port: Number(port) }), ...(user !== undefined && { user }) }
  }
  const hops = [first, ...rest].map(text => {
    const { host, ...given } = parse(text)
    const found = read(context, host, given.user)
    return { hop: hopTo(context, host, found, given), found, host }
  })
  // Only the first is connected to from here; the others through the one before.
  const before = hops[0]
  const own = before === undefined || path.includes(before.host) ? [] : jumpsTo(context, before.found, [...path, before.host])
  return [...own, ...hops.map(({ hop }) => hop)]
}

function hopTo(context: Context, alias: string, config: HostConfig, given: { readonly port?: number; readonly user?: string }): Hop {
  const { options, home } = context
  const host = config.hostName ?? alias
  const port = given.port ?? config.port ?? 22
  const user = given.user ?? config.user ?? userInfo().username
  const knownFiles = knownHostsFiles(context, config)
  return {
    host,
    port,
    credentials: credentialsFor(context, config, user, `${user}@${alias}`, alias === options.host),
    hostKey: {
      host: config.hostKeyAlias ?? host,
      port: config.hostKeyAlias === undefined ? port : 22,
      known: findKnownKeys(knownFiles, config.hostKeyAlias ?? host, config.hostKeyAlias === undefined ? port : 22),
      // The pinned key is that of the server with the files, not of one on the way.
      pinned: alias !== options.host || options.hostKey === undefined ? [] : [options.hostKey].flat(),
      file: knownFiles[0] ?? join(home, '.ssh', 'known_hosts'),
    },
  }
}

function knownHostsFiles({ options, home }: Context, { userKnownHostsFiles, globalKnownHostsFiles }: HostConfig): readonly string[] {
  if (options.knownHosts !== undefined) return [options.knownHosts].flat()
  const own = userKnownHostsFiles ?? [join(home, '.ssh', 'known_hosts'), join(home, '.ssh', 'known_hosts2')]
  return [...own, ...(globalKnownHostsFiles ?? ['/etc/ssh/ssh_known_hosts', '/etc/ssh/ssh_known_hosts2'])].filter(
    file => file.toLowerCase() !== 'none',
  )
}

function credentialsFor({ options, environment, home }: Context, config: HostConfig, user: string, account: string, isTarget: boolean): Credentials {
  const named = [...(options.identityFiles ?? []), ...config.identityFiles]
  const keys = options.privateKey === undefined ? [] : [typeof options.privateKey === 'string' ? options.privateKey : Buffer.from(options.privateKey)]
  const usual = named.length > 0 || keys.length > 0 ? [] : usualKeys.map(name => join(home, '.ssh', name))
  const agent = options.agent ?? config.identityAgent ?? environment['SSH_AUTH_SOCK']
  return {
    user,
    account,
    identityFiles: [...named, ...usual],
    privateKeys: keys,
    identitiesOnly: config.identitiesOnly ?? false,
    agent: agent === false || agent === '' ? undefined : agent,
    // Whoever runs a host on the way must not learn the password of the last one.
    password: isTarget ? secret(options.password, 'SYNCLINE_SFTP_PASSWORD', environment) : {},
    passphrase: secret(options.passphrase, 'SYNCLINE_SFTP_PASSPHRASE', environment),
    prompt: options.prompt,
  }
}

function secret(value: string | undefined, name: string, environment: NodeJS.ProcessEnv): SecretSources {
  return value === undefined ? secretFromEnvironment(name, environment) : { value }
}
