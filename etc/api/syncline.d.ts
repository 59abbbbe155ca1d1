// index.d.ts
import { OpenStorageOptions, SymlinkMode, ReadableStorage, SyncOptions, WritableStorage, SyncStateManager, SyncProgressEvent, SyncPauseController, SyncResult } from '@syncline/core';
export * from '@syncline/core';

/**
 * Which package brings the storage of a scheme. Nothing of it is loaded before its scheme is used.
 *
 * `@syncline/fs` is always there; the others are installed by those who need them.
 */
declare const adapterTable: Readonly<Record<string, string>>;
/** How packages are found and loaded; a test brings its own. */
interface PackageLoader {
    /** Loads a package, or an entry of one, as seen from this one. */
    load(name: string): Promise<unknown>;
    /** Loads a package as seen from the project the user is in: a program that is installed elsewhere does not see the project's packages. */
    loadFromProject(name: string): Promise<unknown>;
}

/** How a place is opened. */
interface OpenOptions extends OpenStorageOptions {
    /** What happens to symbolic links, for the storages that have them; default `keep`. */
    readonly symlinks?: SymlinkMode | undefined;
    /** What relative paths and third-party packages are found from; default: the working directory. */
    readonly directory?: string | undefined;
    readonly loader?: PackageLoader | undefined;
}
/**
 * Opens a place by its path or URL. The package behind a scheme is loaded when it is first used.
 *
 * @throws TypeError if nothing can open it, saying what to install
 * @example
 * const storage = await open('./notes')
 * for await (const page of storage.list('')) console.log(page)
 */
declare function open(location: string | URL, options?: OpenOptions): Promise<ReadableStorage>;

/** Options of {@link sync}: those of the engine, and where the state is. */
interface SyncPlacesOptions extends SyncOptions {
    /** A directory or URL, a storage, or a state manager; default: one directory per pair in the user's state directory, the same that the command line uses. */
    readonly state?: string | WritableStorage | SyncStateManager | undefined;
    readonly onProgress?: ((event: SyncProgressEvent) => unknown) | undefined;
    readonly pauseController?: SyncPauseController | undefined;
}
/**
 * Makes two places the same. Paths and URLs are opened, and closed again; storages are used as they are.
 *
 * Resolves also when paths failed, conflicts stay open or a guard refused: `exitCode` and the lists of the result tell.
 *
 * @throws TypeError for a wrong option or place; `LockedError` if another run has the pair; StorageError if a root or the state cannot be read
 * @example
 * const { stats, conflicts } = await sync('./notes', '/mnt/usb/notes')
 */
declare function sync(source: string | URL | ReadableStorage, destination: string | URL | ReadableStorage, options?: SyncPlacesOptions): Promise<SyncResult>;

export { type OpenOptions, type PackageLoader, type SyncPlacesOptions, adapterTable, open, sync };
