import { readFile } from 'node:fs/promises'
import type { ConnectionOptions } from 'node:tls'
import { type AbortOptions, messageOf, type OpenStorageOptions, StorageError } from '@syncline/core'
import { type SecretSources, secretFrom, secretsOf } from './secret.ts'
import type { Probe, Settings, Tls } from './settings.ts'

/** Options of `ftp`. Only `host` is required. */
export interface FtpOptions extends SecretSources, AbortOptions, Pick<OpenStorageOptions, 'prompt'> {
  readonly host: string
  /** Default: 21, and 990 with implicit TLS. */
  readonly port?: number | undefined
  /** Default: `anonymous`, which needs no password. */
  readonly user?: string | undefined
  /** The root: from the server's with a "/" at the start, else from the directory after the login, which is the default. */
  readonly path?: string | undefined
  /**
   * - `auto`, the default: TLS if the server has it. A password is never sent without, except to this machine itself.
   * - `explicit`: TLS on the ordinary port (AUTH TLS), or an error.
   * - `implicit`: TLS from the first byte.
   * - `none`: no TLS. Everybody on the way can read the password and the files.
   */
  readonly tls?: Tls | undefined
  /** A file with the certificates (PEM) of the authorities to trust, in place of the system's. */
  readonly ca?: string | undefined
  /** SHA-256 of the server's certificate in hex; then it is that one that is trusted, whoever signed it. */
  readonly fingerprint?: string | undefined
  /** Further options of `tls.connect`, such as a client certificate. */
  readonly tlsOptions?: ConnectionOptions | undefined
  /** Connections at most; default 4, or 16 to a server that is far away. Fewer are used where the server refuses more. */
  readonly connections?: number | undefined
  /** Milliseconds without an answer or a byte after which a connection is given up; default 30,000. */
  readonly timeoutMs?: number | undefined
  /** Milliseconds after which an unused connection is closed; default 15,000. */
  readonly idleMs?: number | undefined
  /** Bytes that the listing of one directory may have; default 256 MiB. */
  readonly maxListingBytes?: number | undefined
  /** When the server is tried out in a directory that is removed again; default `write`: before the first change, and before a listing without MLSD. */
  readonly probe?: Probe | undefined
  /** The command that sets times, where what is found out is wrong. */
  readonly setTimes?: Settings['setTimes']
}

/** Options with nothing left open. @throws TypeError for values that cannot be meant */
export async function settingsOf(options: Omit<FtpOptions, 'signal'>): Promise<Settings> {
  const { host, user = 'anonymous', path = '', tls = 'auto' } = options
  const port = options.port ?? (tls === 'implicit' ? 990 : 21)
  check(options, port)
  const scheme = tls === 'implicit' ? 'ftps' : 'ftp'
  const standardPort = tls === 'implicit' ? 990 : 21
  const where = `${host.includes(':') ? `[${host}]` : host}${port === standardPort ? '' : `:${port}`}`
  const name = `${scheme}://${user === 'anonymous' ? '' : `${encodeURIComponent(user)}@`}${where}/${path}`.replace(/\/+$/, '')
  const isAnonymous = isAnonymousName(user)
  const fingerprint = options.fingerprint?.replaceAll(':', '').toLowerCase()
  const password = secretFrom(options, name, options.prompt)
  return {
    name,
    host,
    port,
    user,
    password: isAnonymous && options.password === undefined ? () => Promise.resolve('anonymous@') : password,
    isAnonymous,
    tls,
    tlsOptions: await tlsOptionsOf(options, fingerprint),
    fingerprint,
    path,
    connections: options.connections,
    timeoutMs: options.timeoutMs ?? 30_000,
    idleMs: options.idleMs ?? 15_000,
    maxListingBytes: options.maxListingBytes ?? 256 * 1024 * 1024,
    probe: options.probe ?? 'write',
    setTimes: options.setTimes,
  }
}

function check(options: Omit<FtpOptions, 'signal'>, port: number): void {
  const { host, user = '', path = '', tls = 'auto', connections = 1, timeoutMs = 1, idleMs = 1, fingerprint, ca } = options
  if (host === '') throw new TypeError('ftp needs a host')
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new TypeError(`port must be between 1 and 65535, got ${port}`)
  if (!Number.isInteger(connections) || connections < 1) throw new TypeError(`connections must be a positive integer, got ${connections}`)
  if (!(timeoutMs > 0) || !(idleMs > 0)) throw new TypeError('timeoutMs and idleMs must be positive')
  // eslint-disable-next-line no-control-regex -- a line break would be a command of its own
  if (/[\u0000-\u001f\u007f]/.test(user + path)) throw new TypeError('user and path must not have control characters')
  if (path.split('/').some(segment => segment === '..' || segment === '.')) throw new TypeError('path must not have "." or ".." segments')
  if (fingerprint !== undefined && !/^(?:[0-9a-f]{2}:?){32}$/i.test(fingerprint))
    throw new TypeError('fingerprint must be a SHA-256 in hex, 64 digits with or without colons')
  if (tls === 'none' && (fingerprint !== undefined || ca !== undefined)) throw new TypeError('ca and fingerprint need TLS, and tls is none')
}

async function tlsOptionsOf(options: Omit<FtpOptions, 'signal'>, fingerprint: string | undefined): Promise<ConnectionOptions> {
  const { ca, tlsOptions = {} } = options
  let authorities: string | undefined
  try {
    authorities = ca === undefined ? undefined : await readFile(ca, 'utf8')
  } catch (cause) {
    throw new StorageError('UNAUTHENTICATED', `the CA file could not be read: ${messageOf(cause)}`, { cause })
  }
  return {
    ...tlsOptions,
    ...(authorities !== undefined && { ca: authorities }),
    // A pinned certificate is checked by itself, right after the handshake and before the login.
    ...(fingerprint !== undefined && { rejectUnauthorized: false }),
  }
}

const parameters = ['tls', 'ca', 'fingerprint', 'connections', 'timeout', 'probe', 'set-times'] as const

/**
 * Options from "ftp://user@host:port/path?tls=explicit" and the environment.
 *
 * A path is of the directory after the login, and one that begins with "//" of the server's root.
 *
 * @throws TypeError for a password in the URL, or a parameter that nobody knows
 */
export function optionsFromUrl(url: URL, environment: Readonly<Record<string, string | undefined>>): FtpOptions {
  if (url.password !== '') {
    throw new TypeError(
      'a password in a URL ends up in histories and process lists; use SYNCLINE_FTP_PASSWORD, SYNCLINE_FTP_PASSWORD_FILE, SYNCLINE_FTP_PASSWORD_COMMAND, or type it when asked',
    )
  }
  for (const name of url.searchParams.keys()) {
    if (!(parameters as readonly string[]).includes(name))
      throw new TypeError(`${url.protocol} knows no parameter ${JSON.stringify(name)}; known are ${parameters.join(', ')}`)
  }
  const get = (name: (typeof parameters)[number]): string | undefined => url.searchParams.get(name) ?? undefined
  const number = (name: (typeof parameters)[number]): number | undefined => {
    const text = get(name)
    if (text === undefined) return undefined
    if (!/^\d+$/.test(text)) throw new TypeError(`${name} must be a number, got ${JSON.stringify(text)}`)
    return Number(text)
  }
  const timeout = number('timeout')
  const user = url.username === '' ? undefined : decodeURIComponent(url.username)
  return {
    // The password in the environment is of a user; it is nothing to send to a server that wants none.
    ...(isAnonymousName(user) ? {} : secretsOf(environment)),
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? undefined : Number(url.port),
    user,
    path: decodeURIComponent(url.pathname.slice(1)),
    tls: url.protocol === 'ftps:' ? implicitOnly(get('tls')) : oneOf('tls', get('tls'), ['auto', 'explicit', 'implicit', 'none']),
    ca: get('ca'),
    fingerprint: get('fingerprint'),
    connections: number('connections'),
    timeoutMs: timeout === undefined ? undefined : timeout * 1000,
    probe: oneOf('probe', get('probe'), ['write', 'open', 'never']),
    setTimes: oneOf('set-times', get('set-times')?.toUpperCase().replace('NONE', 'none'), ['MFMT', 'MDTM', 'UTIME', 'none']),
  }
}

function isAnonymousName(user: string | undefined): boolean {
  return user === undefined || user === 'anonymous' || user === 'ftp'
}

function implicitOnly(tls: string | undefined): Tls {
  if (tls === undefined || tls === 'implicit') return 'implicit'
  throw new TypeError(`ftps: is implicit TLS; for tls=${tls} write ftp:`)
}

function oneOf<T extends string>(name: string, value: string | undefined, allowed: readonly T[]): T | undefined {
  if (value === undefined || (allowed as readonly string[]).includes(value)) return value as T | undefined
  throw new TypeError(`${name} must be one of ${allowed.join(', ')}, got ${JSON.stringify(value)}`)
}
