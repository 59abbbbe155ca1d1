// index.d.ts
import { WritableStorage, Decorated, ReadableStorage, Path } from '@syncline/core';

/** How far an eventually consistent storage lags. */
interface EventuallyConsistentOptions {
    /** Listings and stats that still show the old state after a change. */
    readonly lag: number;
}
/**
 * Shows changes late: the next `lag` listings and stats after a change see the tree as it was before the change.
 *
 * Reads and the conditions of writes see the truth, as with object stores that replicate their index behind their data.
 */
declare function eventuallyConsistent<S extends WritableStorage>(storage: S, { lag }: EventuallyConsistentOptions): Decorated<S>;

/** A method of a storage that takes part in a sync. */
type Method = Exclude<keyof WritableStorage, 'name' | 'capabilities' | 'transferFrom' | 'close'>;
/** Which calls fail, when, and how. */
interface FailingOptions {
    /** Only calls of this method count; default: of all. */
    readonly method?: Method;
    /** The call that fails, from 1. */
    readonly call: number;
    /** Calls in a row that fail, from that one; default 1. */
    readonly times?: number;
    /** What it fails with; default a retryable `UNAVAILABLE`. */
    readonly error?: unknown;
    /** `before`: nothing happens. `after`: it happens, and the answer is lost. Default `before`. */
    readonly when?: 'before' | 'after';
    /** For `list` and `read`: entries or bytes that come before the failure; default 0. With `after` all of them come. */
    readonly items?: number;
}
/** A wrapped storage that counts its calls. */
type Counted<S extends ReadableStorage> = Decorated<S> & {
    /** Calls so far, of the methods that count. */
    readonly calls: number;
    /** Whether a call has failed on purpose. */
    readonly failed: boolean;
};
/**
 * Fails at the nth call, of one method or of all, and works otherwise.
 *
 * To let every call of a run fail once in turn: run with `call` 1, 2, 3, … until `failed` stays false.
 *
 * @example
 * const storage = failing(memory(), { method: 'write', call: 2, when: 'after' })
 */
declare function failing<S extends ReadableStorage>(storage: S, options: FailingOptions): Counted<S>;

/** Paths with which a hostile server would reach out of the root, or confuse those who print or join them. */
declare const hostilePaths: readonly string[];
/** Which names a hostile listing adds. */
interface HostileOptions {
    /** Default {@link hostilePaths}. */
    readonly paths?: readonly string[];
    readonly kind?: 'file' | 'directory';
}
/** Adds entries with hostile names to the listing of the root, at its end; they can be read as empty files. */
declare function hostileNames<S extends ReadableStorage>(storage: S, { paths, kind }?: HostileOptions): Decorated<S>;
/** Lists ever more files, in key order: what a client must be able to leave, and must not collect. `entries` says how many came. */
declare function endless<S extends ReadableStorage>(storage: S): Decorated<S> & {
    readonly entries: number;
};
/** Lists in reverse, although it still promises what the storage promised. */
declare function unordered<S extends ReadableStorage>(storage: S): Decorated<S>;
/** Leaves paths out of listings, as a server does that loses a page; `stat` and `read` still find them. */
declare function forgetful<S extends ReadableStorage>(storage: S, isForgotten: (path: Path) => boolean): Decorated<S>;

/** What is cut short, and where. */
interface TruncatingOptions {
    /** Bytes that are lost at the end; default 1. */
    readonly bytes?: number;
    /** Which way loses them; default both. */
    readonly at?: 'read' | 'write' | 'both';
}
/** Loses the end of every file: a read ends early without an error, a write stores less and says that all is well. */
declare function truncating<S extends ReadableStorage>(storage: S, { bytes, at }?: TruncatingOptions): Decorated<S>;
/** Shows every file with another size than it has, in listings, stats and the answers of writes; default one byte more. */
declare function lyingAboutSizes<S extends ReadableStorage>(storage: S, lie?: (size: number) => number): Decorated<S>;

/** One call, in the order in which the calls began. */
interface RecordedCall {
    readonly method: string;
    /** The first argument, if it is a path. */
    readonly path: Path | undefined;
    readonly args: readonly unknown[];
    /** `running` until it has ended; a listing or read that was left stays so. */
    readonly outcome: 'running' | 'done' | {
        readonly error: string;
    };
}
/** Writes down every call. `writes` are those that could have changed something. */
type Recorded<S extends ReadableStorage> = Decorated<S> & {
    readonly log: readonly RecordedCall[];
    readonly writes: readonly RecordedCall[];
};
/** Wraps a storage so that a test can see what was asked of it. */
declare function recording<S extends ReadableStorage>(storage: S): Recorded<S>;

/** How long calls take. */
interface SlowOptions {
    /** Waits before each call and each item of a listing or read; with a fake clock, or really. */
    readonly sleep: (method: string) => Promise<void>;
}
/** Waits before every call, and before every page of a listing and chunk of a file. */
declare function slow<S extends ReadableStorage>(storage: S, { sleep }: SlowOptions): Decorated<S>;

/**
 * What a storage promises, each a sentence that a test can break. The same sentences, with reasons, are in `docs/protocol.md`.
 *
 * A number keeps its meaning for ever: new promises are added at the end, dropped ones leave a gap.
 */
declare const promises: {
    readonly P1: "name is not empty and holds no credential";
    readonly P2: "capabilities is plain data with fields of the right types";
    readonly P3: "an operation is offered if and only if the capability that belongs to it is promised";
    readonly P4: "a string that is no path is rejected with INVALID_PATH, by every method, and changes nothing";
    readonly P5: "every rejection is a StorageError whose code names the cause and whose path names the path that was asked for";
    readonly P6: "list and read never throw when they are called; their errors come when they are iterated";
    readonly P7: "a call with a signal that is already aborted rejects with its reason, unwrapped, and does nothing";
    readonly P8: "an abort during a call rejects with the reason of the signal, unwrapped, even while the call waits for content";
    readonly P9: "calls that run at the same time do not disturb each other";
    readonly P10: "close can be called twice";
    readonly P11: "list yields everything below the path exactly once, with paths from the root, and not the path itself";
    readonly P12: "list yields in key order: UTF-8 bytes of the path, a directory compared as if it ended in \"/\"";
    readonly P13: "a directory of thousands of entries is listed completely";
    readonly P14: "list with recursive false yields the direct children only, directories among them";
    readonly P15: "descend is a hint: a declined directory is listed itself, and nothing outside declined directories is missing";
    readonly P16: "list rejects with NOT_FOUND if nothing is at the path, and with NOT_FOUND or NOT_A_DIRECTORY if it is no directory";
    readonly P17: "list, stat and the entry that write returns say the same about a file";
    readonly P18: "an empty tree lists nothing, without an error";
    readonly P19: "stat resolves to undefined if nothing is there, also below a missing directory and below a file";
    readonly P20: "stat of the root resolves to a directory with the path \"\"";
    readonly P21: "read yields exactly the bytes that were written, as Uint8Array chunks";
    readonly P22: "read with offset and length yields that range, cut at the end of the file; a range beyond the end is empty and no error";
    readonly P23: "read rejects with NOT_FOUND if nothing is there, and with IS_A_DIRECTORY or NOT_FOUND for a directory";
    readonly P24: "a read that is left early leaves the storage usable, and chunks belong to the reader, who may change them";
    readonly P25: "read with ifMatch yields that version or rejects with PRECONDITION_FAILED";
    readonly P26: "a read during a write yields one version or rejects; it never mixes two";
    readonly P27: "write makes missing parents, replaces what was there, and resolves to the entry it made";
    readonly P28: "write takes content of any size in chunks of any size, announced or not";
    readonly P29: "content of another length than announced rejects";
    readonly P30: "a failed write leaves the old file, or nothing where nothing was, and no temporary file; the error of the content comes out, or is the cause";
    readonly P31: "nobody sees a partial file: until write resolves, list, stat and read show the old file, or nothing, and no temporary file";
    readonly P32: "write with ifNoneMatch \"*\" rejects with PRECONDITION_FAILED if something is there, and leaves it";
    readonly P33: "of several writes at the same time with ifNoneMatch \"*\" exactly one succeeds";
    readonly P34: "write with ifMatch replaces that version only, else rejects with PRECONDITION_FAILED; of several at the same time exactly one succeeds";
    readonly P35: "files have an etag that differs after every change of content, also of the same size and time";
    readonly P36: "write keeps modified as finely as modifiedPrecision says";
    readonly P37: "write keeps the mode";
    readonly P38: "write rejects with IS_A_DIRECTORY if a directory is there, and leaves what it holds";
    readonly P39: "write below a file rejects with NOT_A_DIRECTORY and leaves the file";
    readonly P40: "write replaces a symbolic link and never follows it";
    readonly P41: "write copies what it keeps of a chunk: the producer may use its buffer again once it is asked for the next chunk";
    readonly P42: "write closes content that it does not read to the end";
    readonly P43: "remove removes a file; that nothing is there is no error";
    readonly P44: "remove rejects with NOT_EMPTY for a directory that is not empty, and removes an empty one without its parent";
    readonly P45: "remove with ifMatch removes that version only, else rejects with PRECONDITION_FAILED";
    readonly P46: "the root can neither be removed nor replaced by a file";
    readonly P47: "makeDirectory makes missing parents, and that the directory exists is no error; an empty directory stays";
    readonly P48: "makeDirectory rejects if a file is there, and leaves the file";
    readonly P49: "makeSymlink keeps the target as it is given, replaces a file or a link, and no listing follows the link";
    readonly P50: "remove of a symbolic link removes the link and not what it points to";
    readonly P51: "a valid name comes back unchanged, or write rejects with INVALID_PATH and makes nothing";
    readonly P52: "names that differ in case or Unicode form are different files";
    readonly P53: "setModified changes the time as finely as modifiedPrecision says, and not the content";
    readonly P54: "setMode changes the permission bits, and not the content";
    readonly P55: "copy makes a second file with the same content and leaves the first, under the same conditions as write";
    readonly P56: "move takes a file away from its old path to the new one, makes missing parents, and keeps content, time and id";
    readonly P57: "move rejects with ALREADY_EXISTS rather than replace, unless ifMatch names the version that is replaced";
    readonly P58: "move takes a directory with everything in it, and rejects a move into itself without a loss";
    readonly P59: "hash gives the digest in lower-case hex for every function that capabilities.hashes names, and so do the hashes of entries";
    readonly P60: "hash rejects with NOT_SUPPORTED for any other function, and with NOT_FOUND if nothing is there";
    readonly P61: "an upload takes its parts in any order, shows nothing before complete, and then the whole file";
    readonly P62: "an upload is resumed by its token and knows which parts it has";
    readonly P63: "an aborted upload leaves nothing behind";
    readonly P64: "the conditions of an upload hold when it is completed";
    readonly P65: "a snapshot does not change when the tree does, and closing it leaves the tree as it is";
    readonly P66: "flush resolves and leaves the tree as it is";
    readonly P67: "watch yields a path at or above a change, and ends when it is aborted";
};
/** Number of a promise, as in "P12". */
type PromiseNumber = keyof typeof promises;

/** A broken promise: what the storage did, and what the protocol asks. */
declare class ConformanceError extends Error {
    readonly name = "ConformanceError";
    readonly promise: PromiseNumber;
    constructor(promise: PromiseNumber, observed: string, cause?: unknown);
}

/** What the suite needs of a test runner; those of vitest, `node:test`, Jest, Mocha and Bun fit. */
interface Runner {
    describe(name: string, define: () => void): unknown;
    test(name: string, run: (context?: unknown) => Promise<void>): unknown;
}
/** One thing that a tree holds. */
type TreeItem = {
    readonly kind: 'file';
    readonly path: Path;
    readonly content: Uint8Array;
} | {
    readonly kind: 'directory';
    readonly path: Path;
} | {
    readonly kind: 'symlink';
    readonly path: Path;
    readonly target: string;
};
/** A storage under test. */
interface Subject {
    readonly storage: ReadableStorage;
    /** Called after each test, failed or not; `storage.close` is called by the suite before. */
    readonly dispose?: () => Promise<void> | void;
}
/**
 * Makes a storage for one test.
 *
 * A writable storage must be empty; the suite fills it, and `tree` is empty. A read-only storage must hold `tree`: files, and directories where the
 * storage promises them.
 */
type Factory = (tree: readonly TreeItem[]) => Promise<Subject> | Subject;
/** How the suite is run. */
interface ConformanceOptions {
    /** For `describe`; default: the storage conforms to the protocol. */
    readonly title?: string;
    /** Entries of the big directory; default 10,000. Less for a storage behind a slow network. */
    readonly largeListing?: number;
    /** Passwords and keys that the storage was opened with: its name must hold none of them. */
    readonly secrets?: readonly string[];
    /** Known deviations, by promise, with the reason. Their tests are shown as skipped. */
    readonly deviations?: Readonly<Partial<Record<PromiseNumber, string>>>;
    /** Milliseconds after which a call that should have ended counts as hanging; default 10,000. */
    readonly patienceMs?: number;
}

/**
 * Defines the tests of the storage protocol for the storages that `factory` makes.
 *
 * The tests are chosen by what the storage promises and offers: each capability and each optional method turns on its tests, and the rest are shown
 * as skipped where the runner can. A failed test throws a {@link ConformanceError} that says what the storage did and which promise that breaks.
 *
 * @example
 * import { conformance } from '@syncline/conformance'
 * import { describe, test } from 'vitest' // or node:test
 *
 * conformance({ describe, test }, () => ({ storage: myStorage() }))
 */
declare function conformance(runner: Runner, factory: Factory, options?: ConformanceOptions): void;

export { ConformanceError, type ConformanceOptions, type Counted, type EventuallyConsistentOptions, type Factory, type FailingOptions, type HostileOptions, type Method, type PromiseNumber, type Recorded, type RecordedCall, type Runner, type SlowOptions, type Subject, type TreeItem, type TruncatingOptions, conformance, endless, eventuallyConsistent, failing, forgetful, hostileNames, hostilePaths, lyingAboutSizes, promises, recording, slow, truncating, unordered };
