// index.d.ts
import { WritableStorage, StoragePlugin } from '@syncline/core';

/** What happens to symbolic links: kept as links, replaced by what they point to, or invisible. */
type Symlinks = 'keep' | 'follow' | 'skip';

/** Options of `fs`. */
interface FsOptions {
    /**
     * Default `keep`: links are links. `follow`: a link is what it points to, if that is inside the tree, else a problem.
     * `skip`: links are invisible and left alone.
     */
    readonly symlinks?: Symlinks;
    /** Make every file durable before its write resolves; default false. Without it `flush` does so for all of them. */
    readonly fsync?: boolean;
    /** Threads that big listings and transfers may use beside this one; default one per processor, at most 4. 0: none. */
    readonly workers?: number;
}
/**
 * A local directory as a storage.
 *
 * `root` may be missing: `list` then rejects with `NOT_FOUND`, and the first write makes it.
 *
 * @param root - a path, absolute or relative to the working directory, or a `file:` URL
 * @throws TypeError for a URL of another scheme or host
 * @example
 * const storage = fs('/home/me/photos')
 * for await (const page of storage.list('')) console.log(page)
 */
declare function fs(root: string | URL, options?: FsOptions): WritableStorage;

/** What a lock needs to know about its holder. */
interface ProcessOwner {
    /** Names this process: JSON of host, boot, PID and start time. */
    readonly id: string;
    /**
     * Whether the process that `id` names still runs: `undefined` if it is one of another host (or not one of our ids), where nobody here can know.
     * A PID that now belongs to another process counts as ended.
     */
    isAlive(id: string): boolean | undefined;
}
/**
 * Identifies this process, and tells whether another one still runs.
 *
 * @example
 * const owner = processOwner()
 * owner.isAlive(owner.id) // true
 */
declare function processOwner(): ProcessOwner;

/** Opens `file:///absolute/path`. */
declare const plugin: StoragePlugin;

export { type FsOptions, type ProcessOwner, type Symlinks, fs, plugin, processOwner };
