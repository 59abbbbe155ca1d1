// index.d.ts
import { Question, StoragePlugin, AbortOptions, WritableStorage } from '@syncline/core';

/** Asks a person; resolves to `undefined` for no answer. */
type Prompt = (question: Question) => Promise<string | undefined>;

/** Options of `sftp`. What is left out comes from `~/.ssh/config` and then from what `ssh` does by itself. */
interface SftpOptions {
    /** A host, or a name that `~/.ssh/config` explains. */
    readonly host: string;
    readonly port?: number;
    readonly user?: string;
    /** On the server: absolute, or relative to the home directory of the account with `~/` in front; default the home directory. */
    readonly path?: string;
    /** Files with private keys. Added to those of the configuration. */
    readonly identityFiles?: readonly string[];
    /** A private key itself. */
    readonly privateKey?: string | Uint8Array;
    /** Of the keys; default the environment variables SYNCLINE_SFTP_PASSPHRASE, …_FILE, …_COMMAND. */
    readonly passphrase?: string;
    /** Default the environment variables SYNCLINE_SFTP_PASSWORD, …_FILE, …_COMMAND. */
    readonly password?: string;
    /** Asks a person for what nothing else gives; without it nobody is asked. */
    readonly prompt?: Prompt | undefined;
    /** The socket of an agent; `false`: none. Default SSH_AUTH_SOCK. */
    readonly agent?: string | false;
    /** Files to read instead of `~/.ssh/config` and `/etc/ssh/ssh_config`; `false`: none. */
    readonly config?: string | readonly string[] | false;
    /** Files to read instead of `~/.ssh/known_hosts` and `/etc/ssh/ssh_known_hosts`. */
    readonly knownHosts?: string | readonly string[];
    /** Accept only these host keys, whatever known_hosts says: `SHA256:…`, or a public key as in a `.pub` file. */
    readonly hostKey?: string | readonly string[];
    /** Make every file durable before its write resolves; default false. Without it `flush` does so for all of them, where the server can. */
    readonly fsync?: boolean;
    /** `auto`: hash files by commands on the server where it has a shell. Default false: no command is ever run. */
    readonly remoteHash?: 'auto' | false;
    /** SFTP channels over the connection at most; default 4. */
    readonly channels?: number;
    /** Milliseconds to connect and log in; default 20 seconds. */
    readonly connectTimeoutMs?: number;
    /** Milliseconds without an answer after which the connection is given up; default 60 seconds. */
    readonly timeoutMs?: number;
    /** Told what the configuration asks for and cannot be done; default a warning of the process. */
    readonly onWarning?: (message: string) => void;
}

/** Opens `sftp://user@host:port/path`; `/~/photos` is below the home directory of the account, which is also meant where there is no path. */
declare const plugin: StoragePlugin;

/**
 * A directory on an SSH server as a storage. Connects and logs in before it resolves.
 *
 * The directory may be missing: `list` then rejects with `NOT_FOUND`, and the first write makes it. A connection that is lost is made again by the
 * next call. `close` ends it.
 *
 * @throws StorageError `UNAUTHENTICATED` if the host key is not known or nothing lets the account in; `UNAVAILABLE`, `TIMEOUT`
 * @example
 * const storage = await sftp({ host: 'backup.example.org', user: 'ana', path: '/srv/photos' })
 * for await (const page of storage.list('')) console.log(page)
 * await storage.close?.()
 */
declare function sftp(options: SftpOptions, { signal }?: AbortOptions): Promise<WritableStorage>;

export { type SftpOptions, plugin, sftp };
