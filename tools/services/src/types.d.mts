/** A server over which SFTP is spoken, with the ways to log in. */
export interface SftpDetails {
  readonly host: string
  readonly port: number
  /** A normal user of the system, by `keyFile`, `passphraseKeyFile`, or as `passwordUser` by `password`. */
  readonly user: string
  readonly uid: number
  readonly gid: number
  /** Where a session starts. The server does not lock anyone in, so paths on the server are paths of this machine. */
  readonly home: string
  /** A directory for tests, outside of `home`, owned by `user`. */
  readonly root: string
  readonly keyFile: string
  /** A key that is encrypted with `passphrase`; the server knows it as well. */
  readonly passphraseKeyFile: string
  readonly passphrase: string
  readonly passwordUser: string
  readonly password: string
  /** Names the server's key, in the format of OpenSSH. */
  readonly knownHostsFile: string
  /** As OpenSSH prints it: `SHA256:` and base64 without padding. */
  readonly hostKeyFingerprint: string
  readonly version: string
  /** A directory in a file system of 8 MB, for full disks. */
  readonly fullDisk: FullDisk
}

/** OpenSSH: also lets root in by key, and asks by keyboard-interactive on a port of its own. */
export interface SshdDetails extends SftpDetails {
  readonly rootUser: string
  /** Knows no other way in than keyboard-interactive, which asks `passwordUser` for `password`. */
  readonly interactivePort: number
  /** Names the key for `interactivePort`. The same file as `knownHostsFile`. */
  readonly interactiveKnownHostsFile: string
}

/** An FTP server: `port` is plain and takes AUTH TLS, `implicitPort` speaks TLS from the first byte. */
export interface FtpDetails {
  readonly host: string
  readonly port: number
  /** Absent where the server has no implicit TLS (pure-ftpd). */
  readonly implicitPort?: number
  readonly user: string
  readonly password: string
  /** The authority that signed the certificate, which is for localhost and 127.0.0.1 to 127.0.0.32. */
  readonly caFile: string
  /** SHA-256 of the certificate as Node's `fingerprint256` has it: upper case, with colons. */
  readonly fingerprint: string
  /** What the logged in user sees as `/`. */
  readonly root: string
  readonly uid: number
  readonly gid: number
  /** First and last port of data connections, for a fault proxy. */
  readonly passivePorts: readonly [number, number]
  /** The same for the sessions of `implicitPort`. */
  readonly implicitPassivePorts?: readonly [number, number]
  readonly version: string
  readonly fullDisk: FullDisk
}

/** A directory in a file system of 8 MB and 200 files. It is there if the service `full-disk` is: mounting needs more than root in some containers. */
export interface FullDisk {
  /** As the server names it. */
  readonly path: string
  /** As this machine names it. */
  readonly local: string
}

/** Ceph's RADOS gateway. Every bucket is gone when it is stopped. */
export interface S3Details {
  readonly endpoint: string
  readonly tlsEndpoint: string
  /** The authority that signed the certificate of `tlsEndpoint`. */
  readonly caFile: string
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly version: string
}

/** Two btrfs file systems of 1 GiB each, in which users may remove subvolumes. */
export interface BtrfsDetails {
  readonly mounts: readonly [string, string]
  readonly version: string
}

/** One file system of 8 MB and 200 files for each server that stores in directories. */
export interface FullDiskDetails {
  readonly mounts: Readonly<Record<'sshd' | 'sftp-basic' | 'vsftpd' | 'proftpd' | 'pureftpd', string>>
  readonly version: string
}

export interface ServiceDetails {
  readonly sshd: SshdDetails
  readonly 'sftp-basic': SftpDetails
  readonly vsftpd: FtpDetails
  readonly proftpd: FtpDetails
  readonly pureftpd: FtpDetails
  readonly s3: S3Details
  readonly btrfs: BtrfsDetails
  readonly 'full-disk': FullDiskDetails
}

export type ServiceName = keyof ServiceDetails

export type Available<Details> = Details & { readonly available: true }

export interface Unavailable {
  readonly available: false
  readonly reason: string
}

/** What may be set for an instance of one's own. */
export interface OwnOptions {
  /** Lines for the server's configuration, in its language; they win over ours. */
  readonly config?: string
  /** Variables for the server, `TZ` for instance. */
  readonly env?: Readonly<Record<string, string>>
}

/** Where one set of services lives: the shared one, or one that a test has to itself. */
export interface Place {
  /** Everything the services write. */
  readonly data: string
  /** Keys and certificates, shared by all places of a checkout. */
  readonly secrets: string
  /** The first of 800 ports. */
  readonly base: number
  readonly options: OwnOptions
}

/** A kind of service, and what can be done with it. */
export interface Component<Name extends ServiceName = ServiceName> {
  readonly name: Name
  /** Debian packages that are installed. */
  readonly packages: readonly string[]
  /** Debian packages that are only unpacked, as they would start a server or exclude each other; their libraries are installed. */
  readonly unpacked: readonly string[]
  /** What must have been started before. */
  readonly after: readonly ServiceName[]
  /** Names of its processes, in the order in which they are started. */
  readonly daemons: readonly string[]
  /** Starts what does not run and resolves to what a test needs to know. What is stored stays. */
  start(place: Place): Promise<ServiceDetails[Name]>
  /** Whether all of it runs. */
  isRunning(place: Place): Promise<boolean>
  /** Ends it at once, sessions included, as a crash would. What is stored stays, except where it is only in memory. */
  kill(place: Place): Promise<void>
  /** Ends it and removes what is stored. */
  stop(place: Place): Promise<void>
}
