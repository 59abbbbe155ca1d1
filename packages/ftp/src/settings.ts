import type { ConnectionOptions } from 'node:tls'

/** How the connection is encrypted. */
export type Tls = 'auto' | 'explicit' | 'implicit' | 'none'

/** When the server is tried out with files of our own: before the first change, at once, or not at all. */
export type Probe = 'write' | 'open' | 'never'

/** The options of `ftp` with nothing left open. */
export interface Settings {
  /** For messages: "ftp://user@host:port/path". */
  readonly name: string
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: () => Promise<string>
  /** Whether the user has no password to lose. */
  readonly isAnonymous: boolean
  readonly tls: Tls
  readonly tlsOptions: ConnectionOptions
  /** SHA-256 of the server's certificate in lower-case hex without colons. */
  readonly fingerprint: string | undefined
  /** As the user wrote it: from the root with a "/" at the start, else from the directory after the login. */
  readonly path: string
  readonly connections: number | undefined
  readonly timeoutMs: number
  readonly idleMs: number
  readonly maxListingBytes: number
  readonly probe: Probe
  readonly setTimes: 'MFMT' | 'MDTM' | 'UTIME' | 'none' | undefined
}
