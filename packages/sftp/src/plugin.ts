import type { OpenStorageOptions, ReadableStorage, StoragePlugin } from '@syncline/core'
import type { SftpOptions } from './options.ts'
import { sftp } from './sftp.ts'

type Parameter = (value: string, name: string) => Partial<SftpOptions>

/** What can be said behind the "?" of a URL. Secrets cannot: a URL shows in lists of processes. */
const parameters: Readonly<Record<string, Parameter>> = {
  identity: value => ({ identityFiles: [value] }),
  agent: value => ({ agent: value === 'none' ? false : value }),
  config: value => ({ config: value === 'none' ? false : value }),
  'known-hosts': value => ({ knownHosts: value }),
  'host-key': value => ({ hostKey: value }),
  fsync: (value, name) => ({ fsync: toBoolean(value, name) }),
  'remote-hash': (value, name) => ({ remoteHash: value === 'auto' ? 'auto' : toBoolean(value, name) ? 'auto' : false }),
  channels: (value, name) => ({ channels: toNumber(value, name) }),
  'connect-timeout': (value, name) => ({ connectTimeoutMs: toNumber(value, name) * 1000 }),
  timeout: (value, name) => ({ timeoutMs: toNumber(value, name) * 1000 }),
}

/** Opens `sftp://user@host:port/path`; `/~/photos` is below the home directory of the account, which is also meant where there is no path. */
export const plugin: StoragePlugin = {
  schemes: ['sftp'],
  open: async (url: URL, { signal, prompt }: OpenStorageOptions = {}): Promise<ReadableStorage> => {
    signal?.throwIfAborted()
    return sftp({ ...parseSftpUrl(url), prompt }, { signal })
  },
}

/** The options that a URL stands for. @throws TypeError that names what is wrong */
export function parseSftpUrl(url: URL): SftpOptions {
  if (url.password !== '') {
    throw new TypeError(
      'the URL holds a password, which would show in lists of processes; use a key, an agent, or SYNCLINE_SFTP_PASSWORD, SYNCLINE_SFTP_PASSWORD_FILE or SYNCLINE_SFTP_PASSWORD_COMMAND',
    )
  }
  const host = decodeURIComponent(url.hostname).replace(/^\[(.*)\]$/, '$1')
  if (host === '') throw new TypeError('the URL names no host; write sftp://user@host/path')
  const path = decodeURIComponent(url.pathname)
  let options: SftpOptions = {
    host,
    path: path === '' || path === '/~' ? '~' : path.startsWith('/~/') ? path.slice(1) : path,
    ...(url.port !== '' && { port: Number(url.port) }),
    ...(url.username !== '' && { user: decodeURIComponent(url.username) }),
  }
  for (const [name, value] of url.searchParams) {
    const parameter = Object.hasOwn(parameters, name) ? parameters[name] : undefined
    if (parameter === undefined)
      throw new TypeError(`sftp: URLs have no parameter ${JSON.stringify(name)}; there are ${Object.keys(parameters).join(', ')}`)
    const { identityFiles } = options
    options = { ...options, ...parameter(value, name) }
    if (name === 'identity' && identityFiles !== undefined) options = { ...options, identityFiles: [...identityFiles, value] }
  }
  return options
}

function toBoolean(value: string, name: string): boolean {
  if (value !== 'true' && value !== 'false') throw new TypeError(`${name} must be true or false, got ${JSON.stringify(value)}`)
  return value === 'true'
}

function toNumber(value: string, name: string): number {
  if (!/^\d+(\.\d+)?$/.test(value)) throw new TypeError(`${name} must be a number, got ${JSON.stringify(value)}`)
  return Number(value)
}
