// index.d.ts
import { AbortOptions, OpenStorageOptions, WritableStorage, StoragePlugin } from '@syncline/core';
import { ConnectionOptions } from 'node:tls';

/** Where a password comes from; the first that is given counts. */
interface SecretSources {
    /** The password, or what asks for it when it is needed. */
    readonly password?: string | (() => string | undefined | Promise<string | undefined>) | undefined;
    /** A file with the password in its first line. */
    readonly passwordFile?: string | undefined;
    /** A command of the shell that prints the password. */
    readonly passwordCommand?: string | undefined;
}

/** How the connection is encrypted. */
type Tls = 'auto' | 'explicit' | 'implicit' | 'none';
/** When the server is tried out with files of our own: before the first change, at once, or not at all. */
type Probe = 'write' | 'open' | 'never';
/** The options of `ftp` with nothing left open. */
interface Settings {
    /** For messages: "ftp://user@host:port/path". */
    readonly name: string;
    readonly host: string;
    readonly port: number;
    readonly user: string;
    readonly password: () => Promise<string>;
    /** Whether the user has no password to lose. */
    readonly isAnonymous: boolean;
    readonly tls: Tls;
    readonly tlsOptions: ConnectionOptions;
    /** SHA-256 of the server's certificate in lower-case hex without colons. */
    readonly fingerprint: string | undefined;
    /** As the user wrote it: from the root with a "/" at the start, else from the directory after the login. */
    readonly path: string;
    readonly connections: number | undefined;
    readonly timeoutMs: number;
    readonly idleMs: number;
    readonly maxListingBytes: number;
    readonly probe: Probe;
    readonly setTimes: 'MFMT' | 'MDTM' | 'UTIME' | 'none' | undefined;
}

/** Options of `ftp`. Only `host` is required. */
interface FtpOptions extends SecretSources, AbortOptions, Pick<OpenStorageOptions, 'prompt'> {
    readonly host: string;
    /** Default: 21, and 990 with implicit TLS. */
    readonly port?: number | undefined;
    /** Default: `anonymous`, which needs no password. */
    readonly user?: string | undefined;
    /** The root: from the server's with a "/" at the start, else from the directory after the login, which is the default. */
    readonly path?: string | undefined;
    /**
     * - `auto`, the default: TLS if the server has it. A password is never sent without, except to this machine itself.
     * - `explicit`: TLS on the ordinary port (AUTH TLS), or an error.
     * - `implicit`: TLS from the first byte.
     * - `none`: no TLS. Everybody on the way can read the password and the files.
     */
    readonly tls?: Tls | undefined;
    /** A file with the certificates (PEM) of the authorities to trust, in place of the system's. */
    readonly ca?: string | undefined;
    /** SHA-256 of the server's certificate in hex; then it is that one that is trusted, whoever signed it. */
    readonly fingerprint?: string | undefined;
    /** Further options of `tls.connect`, such as a client certificate. */
    readonly tlsOptions?: ConnectionOptions | undefined;
    /** Connections at most; default 4, or 16 to a server that is far away. Fewer are used where the server refuses more. */
    readonly connections?: number | undefined;
    /** Milliseconds without an answer or a byte after which a connection is given up; default 30,000. */
    readonly timeoutMs?: number | undefined;
    /** Milliseconds after which an unused connection is closed; default 15,000. */
    readonly idleMs?: number | undefined;
    /** Bytes that the listing of one directory may have; default 256 MiB. */
    readonly maxListingBytes?: number | undefined;
    /** When the server is tried out in a directory that is removed again; default `write`: before the first change, and before a listing without MLSD. */
    readonly probe?: Probe | undefined;
    /** The command that sets times, where what is found out is wrong. */
    readonly setTimes?: Settings['setTimes'];
}

/**
 * Opens a directory of an FTP server as a storage. Connects and logs in, so what the storage promises is what this server can do.
 *
 * @throws StorageError `UNAUTHENTICATED` if the login fails, the certificate cannot be verified, or a password would go over an open line
 * @throws StorageError `UNAVAILABLE`, `TIMEOUT` or `RATE_LIMITED` if the server cannot be reached
 * @throws TypeError for options that contradict each other
 * @example
 * const storage = await ftp({ host: 'ftp.example.org', user: 'ana', password: () => readPassword(), path: 'backup' })
 */
declare function ftp(options: FtpOptions): Promise<WritableStorage>;

/** Opens `ftp://user@host:port/path` and, with implicit TLS, `ftps://…`. */
declare const plugin: StoragePlugin;

export { type FtpOptions, type Probe, type SecretSources, type Tls, ftp, plugin };
