// index.d.ts
/** Slash-separated and relative to the root: no leading, trailing or doubled "/", no "." or "..". The root is "". */
type Path = string;
/** File content in order. A web `ReadableStream`, a Node `Readable` and an async generator all satisfy it. */
type Bytes = AsyncIterable<Uint8Array>;
/** A hash function by its usual name, in lower case and without punctuation. */
type HashName = 'md5' | 'sha1' | 'sha256' | 'crc32c' | 'crc64nvme' | (string & {});
/** What every asynchronous function of the protocol accepts. */
interface AbortOptions {
    readonly signal?: AbortSignal | undefined;
}
interface EntryBase {
    readonly path: Path;
    /** Milliseconds since the Unix epoch; may have a fraction. */
    readonly modified?: number;
    /** Permission bits, as in `0o644`. */
    readonly mode?: number;
    /** Milliseconds: this listing shows `modified` only so finely, cut off or rounded, and `stat` shows it as the store keeps it. */
    readonly modifiedPrecision?: number;
}
/**
 * A regular file as a listing shows it.
 *
 * A listing may leave out `modified` and `mode` where the store keeps them (`capabilities.modifiedPrecision`) and telling them takes a request for
 * each file. `stat` never does. Core asks it only for files that the state does not settle.
 */
interface FileEntry extends EntryBase {
    readonly kind: 'file';
    /** Bytes. */
    readonly size: number;
    /** Opaque; differs whenever the content may differ (RFC 9110, entity tag). */
    readonly etag?: string;
    /** Stays when the file is renamed or moved: an inode, an object id. */
    readonly id?: string;
    /** Lower-case hex by name of the function. */
    readonly hashes?: Readonly<Partial<Record<HashName, string>>>;
}
/** A directory that exists on its own. */
interface DirectoryEntry extends EntryBase {
    readonly kind: 'directory';
}
/** A symbolic link, kept as a link. */
interface SymlinkEntry extends EntryBase {
    readonly kind: 'symlink';
    /** As stored, never resolved. */
    readonly target: string;
}
/**
 * Something that cannot be synced (socket, fifo, device) or could not be read. Never an absence: nothing at or below it is deleted or overwritten.
 * It has the key of a file, also in place of a directory that cannot be read.
 */
interface ProblemEntry extends EntryBase {
    readonly kind: 'problem';
    /** A sentence for people: what it is or what failed. */
    readonly reason: string;
    readonly error?: unknown;
}
/** What a listing yields. */
type Entry = FileEntry | DirectoryEntry | SymlinkEntry | ProblemEntry;
/** What the required methods promise. An absent field is the weakest promise, so `{}` is always honest. */
interface Capabilities {
    /** `list` yields in key order: UTF-8 bytes of the path, a directory as if it ended in "/". */
    readonly ordered?: boolean;
    /** Nobody sees a partial file, and a failed write leaves the old one. */
    readonly atomicWrite?: boolean;
    /** `ifMatch` and `ifNoneMatch` are decided by the store, not by stat-then-write. */
    readonly conditional?: boolean;
    /**
     * Conditions that the store does not decide are looked at by every method itself, right before it takes effect: nobody needs to look before.
     * Not as good as `conditional`, since somebody may come between, but as good as any look, and without a request for each file.
     */
    readonly checksConditions?: boolean;
    /** Directories exist on their own and can be empty. */
    readonly directories?: boolean;
    /** Milliseconds: `write` keeps `modified` this finely. Absent: the store sets its own time. */
    readonly modifiedPrecision?: number;
    /** Names that differ in case or Unicode form are different files and come back unchanged. */
    readonly exactNames?: boolean;
    /** What `hash` can compute without a download, the preferred one first. */
    readonly hashes?: readonly HashName[];
    /** Parallel calls that help; default 1. */
    readonly concurrency?: number;
    /**
     * Changes are kept aside until `flush` or `close` and then take effect together, or none of them does, at a cost that grows with the tree (an archive
     * is written anew). The engine flushes once, at the end of a run, whatever it does about other stores.
     */
    readonly batches?: boolean;
}
interface ListOptions extends AbortOptions {
    /** Default true. */
    readonly recursive?: boolean;
    /** A hint: directories for which it returns false need not be read. The caller filters again. */
    readonly descend?: (directory: Path) => boolean;
    /** A hint: about how many entries the caller knows from an earlier listing. */
    readonly expected?: number;
}
interface ReadOptions extends AbortOptions {
    /** Bytes to leave out at the start; default 0. */
    readonly offset?: number;
    /** Bytes at most; default to the end. */
    readonly length?: number;
    /** Read only this version, else reject with `PRECONDITION_FAILED`. */
    readonly ifMatch?: string;
}
interface WriteOptions extends AbortOptions {
    /** Bytes, when known. Content of another length rejects. */
    readonly size?: number;
    readonly modified?: number;
    readonly mode?: number;
    /** Replace only this version. */
    readonly ifMatch?: string;
    /** Create only. */
    readonly ifNoneMatch?: '*';
}
interface RemoveOptions extends AbortOptions {
    readonly ifMatch?: string;
}
/** A file that is written in parts and survives the process (S3 multipart uploads). */
interface Upload {
    /** Give it back as `resume`, in this process or a later one. */
    readonly token: string;
    /** Bytes; every part but the last. */
    readonly partSize: number;
    /**
     * The store can only append: parts are put one after the other, in order. A stored part that turns out to differ is replaced, and the parts
     * after it have to be put again.
     */
    readonly sequential?: boolean;
    /** Indices, from 0, of the parts that the store has. */
    stored(options?: AbortOptions): Promise<readonly number[]>;
    /**
     * Several at once are fine. A part that is stored already is compared, and sent only if it differs. Once this has resolved, the caller may use the
     * memory of `part` for something else.
     */
    put(index: number, part: Uint8Array, options?: AbortOptions): Promise<void>;
    complete(options?: AbortOptions): Promise<FileEntry>;
    abort(): Promise<void>;
}
/** One file of a batch that a destination takes from a source by itself. */
interface TransferItem {
    readonly from: Path;
    readonly to: Path;
    /** Bytes that the source listed. */
    readonly size: number;
    readonly modified?: number;
    readonly mode?: number;
    /** The version the source must still have. */
    readonly fromMatch?: string;
    /** The version the destination must still have. */
    readonly ifMatch?: string;
    /** Create only. */
    readonly ifNoneMatch?: '*';
}
/** How one item of a batch ended, in the order of the items. */
type TransferOutcome = {
    readonly entry: FileEntry;
} | {
    readonly error: unknown;
};
interface TransferOptions extends AbortOptions {
    /** Compute this over the content in the same pass and return it in `entry.hashes`. */
    readonly hash?: HashName;
    /** Bytes of `items[index]` moved so far; called for files that take long. */
    readonly onProgress?: (index: number, bytes: number) => void;
}
/** Anything that survives `JSON.stringify`. */
type Json = null | boolean | number | string | readonly Json[] | {
    readonly [name: string]: Json;
};
/**
 * What a storage found out about its server by trying, and would have to try again: the zone of its listings, whether it honours conditions.
 * Core keeps it in the state of the pair and gives it back the next time.
 */
interface Learned {
    /** Given before the first call. What was learned of another server, or by another version, is to be ignored. */
    recall(facts: Json): void;
    /** What is known by now; `undefined` for nothing. */
    facts(): Json | undefined;
}
/**
 * A tree that can be read. Rejections are a `StorageError`, or `signal.reason` after an abort.
 *
 * Required: `list`, `stat`, `read`. Everything else is optional by being absent.
 */
interface ReadableStorage {
    /** For messages, e.g. "s3://bucket/prefix"; never a credential. */
    readonly name: string;
    readonly capabilities: Capabilities;
    /** One by one, or in pages where that is faster. Rejects with `NOT_FOUND` if `path` is no directory of this tree. */
    list(path: Path, options?: ListOptions): AsyncIterable<Entry | readonly Entry[]>;
    /** Resolves to `undefined` if nothing is there. */
    stat(path: Path, options?: AbortOptions): Promise<Entry | undefined>;
    read(path: Path, options?: ReadOptions): Bytes;
    /** Lower-case hex of the content. */
    hash?(path: Path, name: HashName, options?: AbortOptions): Promise<string>;
    /** This tree, frozen; `close` discards it. The engine reads a side from one that it does not write. */
    snapshot?(options?: AbortOptions): Promise<ReadableStorage>;
    readonly learned?: Learned;
    /** A hint that something at or below the path may have changed. */
    watch?(options?: AbortOptions): AsyncIterable<Path>;
    close?(): Promise<void>;
}
/** A tree that can be changed. `write` makes missing parents; `remove` takes a file, a symlink or an empty directory, missing is fine. */
interface WritableStorage extends ReadableStorage {
    write(path: Path, content: Bytes, options?: WriteOptions): Promise<FileEntry>;
    remove(path: Path, options?: RemoveOptions): Promise<void>;
    /** Makes missing parents; an existing directory is fine. */
    makeDirectory?(path: Path, options?: AbortOptions): Promise<void>;
    /** Replaces a symlink or a file, makes missing parents. */
    makeSymlink?(path: Path, target: string, options?: AbortOptions): Promise<void>;
    setModified?(path: Path, modified: number, options?: AbortOptions): Promise<void>;
    setMode?(path: Path, mode: number, options?: AbortOptions): Promise<void>;
    /** Server-side copy of a file. */
    copy?(from: Path, to: Path, options?: WriteOptions): Promise<FileEntry>;
    /** Moves a file, a symlink or a whole directory, makes missing parents. Rejects with `ALREADY_EXISTS` rather than replace, unless `ifMatch` names what is replaced. */
    move?(from: Path, to: Path, options?: WriteOptions): Promise<void>;
    upload?(path: Path, options?: WriteOptions & {
        readonly resume?: string;
    }): Promise<Upload>;
    /**
     * Takes a batch of files from a storage it understands, e.g. a local directory from another, without bytes passing through core.
     * Every promise of `write` holds for each item. Resolves to one outcome per item. Returns `undefined` for a source it does not understand;
     * an empty batch asks just that.
     */
    transferFrom?(source: ReadableStorage, items: readonly TransferItem[], options?: TransferOptions): Promise<readonly TransferOutcome[]> | undefined;
    /** Says why this store cannot hold a path (a name too long, a reserved character), `undefined` if it can. Asked before anything is changed. */
    refuses?(path: Path): string | undefined;
    /** Resolves when every finished change is durable. */
    flush?(options?: AbortOptions): Promise<void>;
    /** Bytes this user can still write; `undefined` where the store cannot tell. A guard compares it with what a plan will move. */
    freeSpace?(options?: AbortOptions): Promise<number | undefined>;
}
/** What an adapter has to ask a person while it opens a storage. */
interface Question {
    /** One line without the colon at the end, e.g. "password of ana@host". Holds no secret. */
    readonly text: string;
    /** What is typed is not shown. */
    readonly secret: boolean;
}
/** What `open` of a plugin is given. */
interface OpenStorageOptions extends AbortOptions {
    /**
     * Asks the person at the terminal; resolves to `undefined` if they give no answer. Absent where nobody can be asked: the adapter then rejects with
     * `UNAUTHENTICATED` and names the variables, files and commands that a secret can come from. An answer appears in no name and no message.
     */
    readonly prompt?: ((question: Question) => Promise<string | undefined>) | undefined;
    /** Opens another place, by its path or URL: for storages that lie on others. Absent where only this one can be opened. */
    readonly open?: ((location: string) => Promise<ReadableStorage>) | undefined;
}
/** How a package offers its storage to `open("scheme://…")`. */
interface StoragePlugin {
    readonly schemes: readonly string[];
    open(url: URL, options?: OpenStorageOptions): Promise<ReadableStorage>;
}
/** Narrows a storage to one that can be a target. */
declare function isWritable(storage: ReadableStorage): storage is WritableStorage;

/**
 * What one side had at a path after the last sync: a line of the state.
 *
 * Kept per side, because each side is judged only against its own past, never against the other side's clock.
 */
interface Ancestor {
    readonly path: Path;
    readonly kind: 'file' | 'directory' | 'symlink';
    /** Bytes; 0 for what is no file. */
    readonly size: number;
    /** Milliseconds since the Unix epoch. */
    readonly modified?: number;
    readonly mode?: number;
    readonly etag?: string;
    readonly id?: string;
    /** A fingerprint: the hash function's name, a colon, lower-case hex. */
    readonly hash?: string;
    /** Of a symlink. */
    readonly target?: string;
}
/** What a finished action makes of the state at one path; `undefined` means that the side has nothing there. Both undefined: the path leaves the state. */
interface StateChange {
    readonly path: Path;
    readonly source: Ancestor | undefined;
    readonly destination: Ancestor | undefined;
}
/** The ancestor that an entry becomes once it is synced. `hash` is a fingerprint of its content, if one is known. */
declare function toAncestor(entry: Exclude<Entry, {
    kind: 'problem';
}>, hash?: string): Ancestor;

/**
 * Anything that carries bytes, as {@link Bytes}.
 *
 * A `ReadableStream` without an async iterator (Safari) is read through its reader; leaving the loop early cancels it.
 */
declare function toBytes(source: Bytes | ReadableStream<Uint8Array> | Blob | Uint8Array | string): AsyncGenerator<Uint8Array, void, undefined>;
/** The whole content in memory. For small files: state, ignore files, tests. */
declare function collect(content: Bytes): Promise<Uint8Array>;
/** The whole content as text. @throws TypeError if it is not UTF-8 */
declare function collectText(content: Bytes): Promise<string>;

/** Which way changes may go. The words are the ones of the options and of the state. */
declare const SyncMode: {
    readonly TWO_WAY: "two-way";
    readonly SOURCE_TO_DESTINATION: "source-to-destination";
    readonly SOURCE_BACKUP: "source-backup";
    readonly DESTINATION_TO_SOURCE: "destination-to-source";
    readonly DESTINATION_BACKUP: "destination-backup";
};
type SyncMode = (typeof SyncMode)[keyof typeof SyncMode];
/** When two files count as the same. */
declare const ComparisonMode: {
    readonly HASH_THEN_MTIME: "hash-then-mtime";
    readonly SIZE_ONLY: "size-only";
    readonly HASH_ONLY: "hash-only";
    readonly MTIME_ONLY: "mtime-only";
    readonly SIZE_AND_MTIME: "size-and-mtime";
};
type ComparisonMode = (typeof ComparisonMode)[keyof typeof ComparisonMode];
/** What happens to a path that both sides changed differently. */
declare const ConflictResolution: {
    readonly NEWEST_WINS: "newest-wins";
    readonly SOURCE_WINS: "source-wins";
    readonly DESTINATION_WINS: "destination-wins";
    readonly KEEP_BOTH: "keep-both";
    readonly MANUAL: "manual";
};
type ConflictResolution = (typeof ConflictResolution)[keyof typeof ConflictResolution];
/** What happens at first contact to a path that both sides have and that differs. */
declare const InitialSync: {
    readonly MERGE: "merge";
    readonly SOURCE_WINS: "source-wins";
    readonly DESTINATION_WINS: "destination-wins";
};
type InitialSync = (typeof InitialSync)[keyof typeof InitialSync];
/** What happens to symbolic links. */
declare const SymlinkMode: {
    readonly KEEP: "keep";
    readonly FOLLOW: "follow";
    readonly SKIP: "skip";
};
type SymlinkMode = (typeof SymlinkMode)[keyof typeof SymlinkMode];
/** One of the two places of a pair. */
type Side = 'source' | 'destination';
/** The side across. */
declare function otherSide(side: Side): Side;
/**
 * Reads a mode as people write it: any case, with `-`, `_` or nothing between words, and the short names `tw`, `std`, `sb`, `dts`, `db`.
 *
 * @throws TypeError naming the modes there are
 */
declare function parseSyncMode(text: string): SyncMode;
/** As {@link parseSyncMode}, for comparison modes. */
declare function parseComparisonMode(text: string): ComparisonMode;
/** As {@link parseSyncMode}, for conflict policies. */
declare function parseConflictResolution(text: string): ConflictResolution;
/** As {@link parseSyncMode}, for the policy at first contact. */
declare function parseInitialSync(text: string): InitialSync;
/** As {@link parseSyncMode}, for symbolic links. */
declare function parseSymlinkMode(text: string): SymlinkMode;

/** What is done at a path. Upload is from source to destination, download from destination to source. */
declare const SyncAction: {
    readonly UPLOAD_NEW: "UPLOAD_NEW";
    readonly UPLOAD_UPDATE: "UPLOAD_UPDATE";
    readonly UPLOAD_RESTORE: "UPLOAD_RESTORE";
    readonly DOWNLOAD_NEW: "DOWNLOAD_NEW";
    readonly DOWNLOAD_UPDATE: "DOWNLOAD_UPDATE";
    readonly DOWNLOAD_RESTORE: "DOWNLOAD_RESTORE";
    readonly DELETE_SOURCE: "DELETE_SOURCE";
    readonly DELETE_DESTINATION: "DELETE_DESTINATION";
    readonly RENAME_SOURCE: "RENAME_SOURCE";
    readonly RENAME_DESTINATION: "RENAME_DESTINATION";
    readonly CONFLICT: "CONFLICT";
    readonly NO_ACTION: "NO_ACTION";
};
type SyncAction = (typeof SyncAction)[keyof typeof SyncAction];
/** An entry that can be synced. */
type SyncableEntry = Exclude<Entry, {
    kind: 'problem';
}>;
/**
 * When an item runs. Phases run one after the other in this order, the items of one phase in parallel, except
 * `clear` and `delete-directory`, which go from the deepest path up.
 *
 * `clear` makes room where a path changes its kind: what is there is removed before the new kind is written.
 */
declare const planPhases: readonly ["rename", "clear", "directory", "transfer", "delete-file", "delete-directory", "none"];
/** One of {@link planPhases}. */
type PlanPhase = (typeof planPhases)[number];
/** One path of a directory that a rename moves as a whole. */
interface MovedEntry {
    readonly from: Path;
    readonly to: Path;
    /** The side that was renamed by its user, as it is now at `to`. */
    readonly renamed: SyncableEntry;
    /** The side that follows, as it is now at `from`. */
    readonly follows: SyncableEntry;
    /** Fingerprint, if one is known. */
    readonly hash?: string;
}
/** One thing to do, with what was seen when it was decided. Plain data: survives JSON. */
interface PlanItem {
    readonly action: SyncAction;
    /** Where the effect is. For a rename, the new path. */
    readonly path: Path;
    /** For a rename, the old path. */
    readonly from: Path | null;
    readonly kind: 'file' | 'directory' | 'symlink';
    readonly phase: PlanPhase;
    /** Content bytes that have to move; 0 for what moves none. */
    readonly size: number;
    /** Why, in words. */
    readonly reason: string;
    /**
     * What each side had at `path` when the plan was made (for a rename, the following side's entry at `from`); null where it had nothing.
     * Execution refuses the item as stale if it is no longer so.
     */
    readonly source: Entry | null;
    readonly destination: Entry | null;
    /** Fingerprint of the content that moves, if one is known. */
    readonly hash?: string;
    /** What the target loses goes to its side's trash first. */
    readonly trash?: true;
    /** Content agrees: only this is carried over, with `setModified` and `setMode`. */
    readonly metadata?: true;
    /** Of a directory rename: everything below that moves with it, in key order, the directory itself not included. */
    readonly moved?: readonly MovedEntry[];
    /** Set where a policy or a handler decided a conflict. */
    readonly resolved?: {
        readonly by: ConflictResolution | 'initial-sync';
        readonly winner: Side | 'both';
    };
}
/** Counts of a plan, by what will be done. Bytes are of transfers. */
interface PlanCounts {
    readonly uploads: number;
    readonly downloads: number;
    readonly deletesSource: number;
    readonly deletesDestination: number;
    readonly renamesSource: number;
    readonly renamesDestination: number;
    readonly conflicts: number;
    /** Paths that agree and need nothing. */
    readonly unchanged: number;
    /** Paths that could not be read or cannot be synced. */
    readonly problems: number;
    /** Paths that the rules hide. */
    readonly ignored: number;
    readonly bytes: number;
}
/** A path a scan could not read or that cannot be synced. */
interface PlanProblem {
    readonly side: Side;
    readonly path: Path;
    readonly reason: string;
}
/** What filters changed since the last run: paths that became invisible and paths that became visible. Nothing is deleted for either. */
interface FilterMigration {
    readonly left: number;
    readonly entered: number;
}
/** What each side was when the plan was made. */
interface PlanSide {
    /** The storage's name. */
    readonly name: string;
    /** Paths seen, without the ignored ones. */
    readonly entries: number;
    /** Content bytes seen. */
    readonly bytes: number;
    /** Paths the state knew. */
    readonly known: number;
}
/** What will be done, in order; nothing has happened yet. Plain data: prints, goes to JSON and back, can be applied later. */
interface Plan {
    readonly version: 1;
    /** Identity of the pair; a plan is applied only to the pair it was made for. */
    readonly pair: string;
    /** Milliseconds since the Unix epoch. */
    readonly created: number;
    readonly mode: SyncMode;
    readonly comparison: ComparisonMode;
    readonly source: PlanSide;
    readonly destination: PlanSide;
    /** By phase, within a phase in key order (`clear` and `delete-directory`: reversed). Open conflicts last. */
    readonly items: readonly PlanItem[];
    /** Paths that already agree and only enter, leave or refresh the state. */
    readonly settled: readonly StateChange[];
    readonly problems: readonly PlanProblem[];
    readonly migration: FilterMigration;
    readonly counts: PlanCounts;
    /** Set if the state was missing or damaged, so that this is a first contact: why, in words. */
    readonly firstContact?: string;
}

/** What became of an entry since the last sync; `doubtful`: size and perhaps time are the same, but its content may differ, and only a hash can tell. */
type Change = 'same' | 'modified' | 'doubtful';
/**
 * Judges an entry against its own side's ancestor, never against the other side.
 *
 * An equal etag proves equal content. A different one leaves a doubt that a hash can settle: a change of permissions, a restored file.
 * The etag holds the change time where there is one, so an edit that keeps size and modification time is noticed.
 */
declare function changeSince(ancestor: Ancestor, entry: SyncableEntry, comparison: ComparisonMode): Change;
/** What changed beside the content, and can be carried over alone. */
interface MetadataChange {
    readonly modified: boolean;
    readonly mode: boolean;
}
/** Times and permissions against the side's own ancestor. */
declare function metadataSince(ancestor: Ancestor, entry: SyncableEntry): MetadataChange;

/** What a store makes of a time that it is told. */
interface KeptTime {
    /** Milliseconds between two times that it can tell apart; 0.001 is a microsecond, and 0 is every time that a number can hold. */
    readonly precisionMs: number;
    /** Which of its times it takes for one that lies between two. */
    readonly rounding: 'exact' | 'down' | 'nearest' | 'up';
    /** Milliseconds that its answer is ahead of what it was told, beside rounding: a time zone that it does not name. */
    readonly shiftMs: number;
}
/** What a probe file tells about the times of a store. */
interface ClockProbe {
    /** Milliseconds that the store's clock is ahead of ours; `undefined` if it shows no time of its own. */
    readonly offsetMs: number | undefined;
    /** Milliseconds that `offsetMs` may be wrong by: what the answer took, and how coarsely the time is shown. */
    readonly uncertaintyMs: number;
    /** How `write` keeps `modified`, as `stat` shows it; `undefined` if the store sets its own time. */
    readonly kept: KeptTime | undefined;
    /** The same as a listing shows it; `undefined` if a listing shows no time, or the store sets its own. */
    readonly listed: KeptTime | undefined;
}
/** Options of `probeClock`. */
interface ClockProbeOptions extends AbortOptions {
    /** Where the probe files are made; default: the root. It exists, or can be made by a write. */
    readonly directory?: Path;
    /** Milliseconds since the Unix epoch; default `Date.now`. */
    readonly now?: () => number;
}
/**
 * Learns a store's clock by writing files, reading their times back and deleting them: how far it is from ours, and how exactly it keeps a time.
 *
 * The offset is the one of the clock that stamps files written without a time. A storage that stamps them itself, by our clock, shows 0.
 *
 * @throws StorageError of the calls; what was written is removed in any case
 */
declare function probeClock(storage: WritableStorage, options?: ClockProbeOptions): Promise<ClockProbe>;
/**
 * What a store made of the times it was given.
 *
 * @returns `undefined` if it showed no time, or another one altogether
 */
declare function describeTimes(given: readonly number[], shown: readonly (number | undefined)[]): KeptTime | undefined;

/** One option of a family's command, as data: parsing, help, completion and reference are made from it. */
interface FamilyOption {
    /** One letter, used with one dash. It may be one that means something else for the general commands, but not `h`. */
    readonly short?: string;
    /** What the value is called; absent for an option without a value. */
    readonly value?: string;
    readonly choices?: readonly string[];
    /** May be given more than once. */
    readonly repeatable?: true;
    /** What holds without the option, as shown to people. */
    readonly default?: string;
    /** One sentence without a full stop. */
    readonly text: string;
    /** What completion offers for the value. */
    readonly completes?: 'file' | 'directory';
}
/** The options of one call, as written. */
interface FamilyOptionValues {
    has(name: string): boolean;
    /** Its last value. */
    text(name: string): string | undefined;
    /** Its values in the order given. */
    list(name: string): readonly string[];
    /** Which of these options was given last: for options of which the last one counts. */
    last(...names: readonly string[]): string | undefined;
}
/** What a line is, for its colour. Colour never carries a meaning alone. */
type FamilyTone = 'strong' | 'faint' | 'good' | 'bad' | 'warning';
/** Signs that are shown as the terminal and `--ascii` allow. */
interface FamilySymbols {
    readonly done: string;
    readonly failed: string;
    readonly becomes: string;
    readonly between: string;
    /** Stands for what was left out. */
    readonly mark: string;
}
/** Numbers for people, as every command shows them. */
interface FamilyFormat {
    /** `812 MiB` */
    bytes(count: number): string;
    /** `12,345` */
    count(count: number): string;
    /** `1 file`, `3 files` */
    plural(count: number, singular: string, plural?: string): string;
    /** `4 m 02 s`. @param ms - milliseconds */
    duration(ms: number): string;
    /** `2026-11-21 10:30:00Z`. @param ms - milliseconds since the Unix epoch */
    moment(ms: number): string;
    /** A table: columns padded to what is widest in them, by the columns that a terminal shows. Cells are escaped. */
    table(rows: readonly (readonly string[])[]): string[];
}
/** What a family's command is given. Text is shown with its control characters escaped, so a line is one line. */
interface FamilyCall {
    readonly operands: readonly string[];
    readonly options: FamilyOptionValues;
    /** Whether `--json` was given: then `json` takes results, and `print` is for nobody. */
    readonly wantsJson: boolean;
    /** Whether `--quiet` was given. */
    readonly isQuiet: boolean;
    /** Aborted by Ctrl-C. A command then tidies up and rejects, with any error; a second Ctrl-C ends the process. */
    readonly signal: AbortSignal;
    readonly symbols: FamilySymbols;
    readonly format: FamilyFormat;
    /** Width of the terminal that `progress` writes to; undefined where there is none. */
    readonly columns: number | undefined;
    /** Milliseconds since the Unix epoch. */
    now(): number;
    /** A line of the result, on standard output; nothing with `--json` or `--quiet`. */
    print(line: string, tone?: FamilyTone): void;
    /** An object of the result, as one line on standard output; nothing without `--json`. */
    json(object: object): void;
    /** A remark, on standard error; nothing with `--quiet`. */
    note(line: string): void;
    /** What went wrong, on standard error, also with `--quiet`. Lines that go on begin with two spaces. */
    warn(line: string): void;
    /** Content, as it is, on standard output. Resolves when there is room for more. */
    write(content: Uint8Array): Promise<void>;
    /** Replaces the line that shows what goes on, on a terminal only; without an argument removes it. */
    progress(line?: string): void;
    /** Asks a person; absent where nobody can be asked. */
    readonly confirm?: (question: string, byDefault: boolean) => Promise<boolean>;
    /**
     * Asks a person for one of several words, which begin with different letters; absent where nobody can be asked.
     *
     * @returns a word of `answers`; the default for an empty answer, Ctrl-C and Ctrl-D
     */
    readonly choose?: (question: string, answers: readonly string[], byDefault: string) => Promise<string>;
    /** Opens a path or a URL. */
    open(location: string): Promise<ReadableStorage>;
    /** What to throw for a call that cannot be understood: exit code 2, and what to do. */
    usageError(message: string, hint?: string): Error;
}
/** One command of a family. */
interface FamilyCommand {
    /** One line without a full stop. */
    readonly summary: string;
    /** Operands of each way to call it. */
    readonly usage: readonly string[];
    /** What help says below the usage; paragraphs. */
    readonly details: readonly string[];
    readonly examples: readonly string[];
    /** By long name. `--json`, `--quiet`, `--color`, `--ascii` and `--help` are always there. */
    readonly options: Readonly<Record<string, FamilyOption>>;
    /** What completion offers for operands. */
    readonly completes?: 'place' | 'file';
    /** @returns the exit code; a `StorageError` it rejects with is explained */
    run(call: FamilyCall): Promise<number>;
}
/**
 * Commands that a package brings to the command line: `syncline snapshot send …`. The package exports them as `families` from its entry `./commands`;
 * a package `syncline-plugin-NAME` brings the family NAME.
 */
interface CommandFamily {
    /** The first word. */
    readonly name: string;
    /** One line without a full stop. */
    readonly summary: string;
    /** By the second word. */
    readonly commands: Readonly<Record<string, FamilyCommand>>;
}

/** What a comparison says; `ask-hash`: sizes are equal, and the hashes have to decide. */
type Equality = {
    readonly verdict: 'equal' | 'different';
    readonly reason: string;
} | {
    readonly verdict: 'ask-hash';
};
/**
 * Whether the two sides have the same at a path, as far as listings tell.
 *
 * @param toleranceMs - two sides' times are the same within it; two clocks, or two file systems, never agree exactly
 */
declare function compareSides(source: SyncableEntry, destination: SyncableEntry, comparison: ComparisonMode, toleranceMs: number): Equality;
/** Compares modification times; an unknown one proves nothing, so it counts as different. */
declare function compareTimes(source: SyncableEntry, destination: SyncableEntry, toleranceMs: number): Exclude<Equality, {
    verdict: 'ask-hash';
}>;
/** Milliseconds in words a person takes in: "3 s", "2 h". */
declare function duration(ms: number): string;

/** Who wins a conflict; undefined: it stays open. */
interface ConflictDecision {
    readonly winner: Side | 'both' | undefined;
    readonly by: ConflictResolution | 'initial-sync';
    /** Why, in words. */
    readonly reason: string;
}
/** What a conflict is decided from. */
interface ConflictFacts {
    readonly source: SyncableEntry;
    readonly destination: SyncableEntry;
    readonly comparison: ComparisonMode;
    readonly toleranceMs: number;
    readonly policy: ConflictResolution;
    /** The policy at first contact, if this is one. */
    readonly initialSync?: InitialSync | undefined;
    /** What is known to be wrong with the clocks. */
    readonly clockDoubt?: ClockDoubt | undefined;
}
/** A clock that is wrong: times of the two sides say nothing where they are closer than that. */
interface ClockDoubt {
    /** Of the storage with the worse clock, for the message. */
    readonly name: string;
    /** Milliseconds that it is ahead of ours. */
    readonly offsetMs: number;
    /** Milliseconds that times may be apart by the clocks alone. */
    readonly withinMs: number;
}
/** Decides by policy. Pure. `manual` always leaves it open: the handler is asked by the planner. */
declare function decideConflict(facts: ConflictFacts): ConflictDecision;
/**
 * The name of a conflict copy: `name (conflict destination 2026-11-20 10.31.05).ext`, in UTC, with the losing side in it.
 * Names that `taken` refuses get a number.
 */
declare function conflictCopyPath(path: Path, loser: Side, time: number, taken: (path: Path) => boolean): Path;

/** How a run ended, as a process exit code. One meaning each. */
declare const ExitCode: {
    /** Done. */
    readonly OK: 0;
    /** Unexpected failure. */
    readonly FAILURE: 1;
    /** Usage or configuration error, nothing touched. */
    readonly USAGE: 2;
    /** Finished, some paths failed or could not be read. */
    readonly PARTIAL: 3;
    /** Finished, conflicts wait for a decision. */
    readonly CONFLICTS: 4;
    /** Refused by a guard before any change. */
    readonly REFUSED: 5;
    /** Endpoint unreachable, missing or not authorised. */
    readonly UNREACHABLE: 6;
    /** Locked by another run. */
    readonly LOCKED: 7;
    /** Stale plan items were skipped. */
    readonly STALE: 8;
    /** Stopped by a limit. */
    readonly LIMIT: 9;
    /** `plan --exit-code`: there are changes. */
    readonly CHANGES: 10;
    /** Interrupted by SIGINT, state saved. */
    readonly INTERRUPTED: 130;
    /** Interrupted by SIGTERM, state saved. */
    readonly TERMINATED: 143;
};
type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];
/** The gravest of several: 1 > 6 > 5 > 3 > 4 > 8 > 9, and 0 if there is none. */
declare function gravestExitCode(codes: readonly ExitCode[]): ExitCode;

/** What a run has done. */
interface SyncStats {
    readonly uploads: number;
    readonly downloads: number;
    readonly deletesSource: number;
    readonly deletesDestination: number;
    readonly renamesSource: number;
    readonly renamesDestination: number;
    /** Paths that agreed, were told to be skipped, or were stale. */
    readonly skips: number;
    /** Open conflicts. */
    readonly conflicts: number;
    readonly errors: number;
    /** Content bytes moved. */
    readonly bytes: number;
    readonly durationMs: number;
}
/** Totals at one moment of a run. */
interface SyncTotals {
    /** Items finished and planned. */
    readonly filesDone: number;
    readonly totalFiles: number;
    readonly bytesDone: number;
    readonly totalBytes: number;
    /** Bytes per second over the last seconds. */
    readonly bytesPerSecond: number;
    /** Milliseconds until the end; absent while it cannot be told. */
    readonly etaMs?: number;
}
/** Per directory, for transfers. */
interface FolderTotals {
    readonly folder: Path;
    readonly filesDone: number;
    readonly totalFiles: number;
    readonly bytesDone: number;
    readonly totalBytes: number;
}
interface FileEvent {
    readonly filePath: Path;
    /** Of this file. */
    readonly bytesTransferred: number;
    /** Of this file. */
    readonly totalBytes: number;
    readonly folder: FolderTotals;
    readonly totals: SyncTotals;
}
/** What a run tells while it runs. Plain data; one JSON object per event on the command line. */
type SyncProgressEvent = {
    readonly type: 'scan_start';
    readonly side: Side;
    readonly name: string;
} | {
    readonly type: 'scan_progress';
    readonly side: Side;
    readonly entries: number;
    readonly bytes: number;
} | {
    readonly type: 'scan_complete';
    readonly side: Side;
    readonly entries: number;
    readonly bytes: number;
} | {
    readonly type: 'plan_complete';
    readonly counts: PlanCounts;
    readonly migration: FilterMigration;
} | {
    readonly type: 'sync_start';
    readonly totalFiles: number;
    readonly totalBytes: number;
} | ({
    readonly type: 'upload_start' | 'upload_progress' | 'upload_complete' | 'download_start' | 'download_progress' | 'download_complete';
} & FileEvent) | {
    readonly type: 'delete_start' | 'delete_complete';
    readonly side: Side;
    readonly filePath: Path;
} | {
    readonly type: 'rename_start' | 'rename_complete';
    readonly side: Side;
    readonly filePath: Path;
    readonly from: Path;
} | {
    readonly type: 'skip';
    readonly filePath: Path;
    readonly reason: string;
    readonly stale: boolean;
} | {
    readonly type: 'conflict';
    readonly filePath: Path;
    readonly reason: string;
} | {
    readonly type: 'retry';
    readonly filePath: Path;
    readonly attempt: number;
    readonly delayMs: number;
    readonly error: string;
} | {
    readonly type: 'error';
    readonly filePath: Path;
    readonly action: SyncAction;
    readonly code: string;
    readonly error: string;
} | {
    readonly type: 'paused' | 'resumed' | 'cancelled';
} | {
    readonly type: 'sync_complete';
    readonly exitCode: number;
    readonly stats: SyncStats;
};

/** How many calls run at once, on each side. */
interface ConcurrencyLimits {
    /** Uploads and downloads. Default: what both storages say helps, at most 16. */
    readonly transfers?: number;
    /** Deletes, renames, directories, hashes. Default: what the storage says helps, at most 16. */
    readonly operations?: number;
}
/** What a conflict handler is asked. */
interface ConflictInfo {
    readonly path: Path;
    readonly reason: string;
    readonly source: PlanItem['source'];
    readonly destination: PlanItem['destination'];
    /** Milliseconds since the Unix epoch. */
    readonly sourceMtime: number | undefined;
    readonly destMtime: number | undefined;
}
/** Decides one conflict. */
type ConflictHandler = (conflict: ConflictInfo) => ConflictChoice | Promise<ConflictChoice>;
/** Who wins a conflict; `skip` leaves it open. */
type ConflictChoice = 'source' | 'destination' | 'both' | 'skip';
/** Everything that shapes a plan and its execution. All optional. */
interface SyncConfig {
    /** Default `two-way`. */
    readonly mode?: SyncMode;
    /** Default `hash-then-mtime`. */
    readonly comparisonMode?: ComparisonMode;
    /** Milliseconds within which two sides' times are the same; default 2000. */
    readonly toleranceMs?: number;
    /** Default `newest-wins`. */
    readonly conflictResolution?: ConflictResolution;
    /** Asked under `manual`; without it conflicts stay open. */
    readonly conflictHandler?: ConflictHandler;
    /** Default `merge`. */
    readonly initialSync?: InitialSync;
    /** `source-backup`: also take what is new or changed at the destination, still without any deletion. */
    readonly acceptDestinationChanges?: boolean;
    /** git-ignore patterns, after the ones of the ignore files. */
    readonly ignore?: readonly string[];
    /** Name of the ignore files; default `.syncignore`. `false`: none are read. */
    readonly ignoreFile?: string | false;
    /** minimatch globs: if any, only matching files are synced. */
    readonly include?: readonly string[];
    /** minimatch globs that are left out. */
    readonly exclude?: readonly string[];
    /** Bytes. */
    readonly minSize?: number;
    readonly maxSize?: number;
    /** Milliseconds since the Unix epoch: files modified before or after are left out. */
    readonly modifiedAfter?: number;
    readonly modifiedBefore?: number;
    /** Paths that this run leaves alone, with everything below them. */
    readonly filesToSkip?: Iterable<Path>;
    readonly forceUpload?: boolean;
    readonly forceDownload?: boolean;
    /** Keep what two-way deletion and conflict resolution remove; default true. */
    readonly trash?: boolean;
    /** Stop before more deletions than this on a side: a count, or a share of what the side had; default 0.5 of 10 or more. `Infinity`: no limit. */
    readonly maxDelete?: number | {
        readonly share: number;
        readonly of?: number;
    };
    /** Accept that one side was emptied or that its content vanished. */
    readonly allowEmpty?: boolean;
    /** Stop before moving more bytes than this. */
    readonly maxBytes?: number;
    /** Do not compare what is needed with what a store says is free. */
    readonly ignoreSpace?: boolean;
    /** Act only at or below these paths. */
    readonly only?: Iterable<Path>;
    /** Make each file durable before the next step; default: once before the state is written, in modes that could carry a loss to the other side. */
    readonly fsync?: 'auto' | 'always' | 'never';
    readonly concurrency?: ConcurrencyLimits;
    /** Bytes per second over both directions. */
    readonly bandwidth?: number;
    /** Tries of a call that fails with a retryable error, the first included; default 4. */
    readonly attempts?: number;
}
interface SyncOptions extends SyncConfig, AbortOptions {
    /** Return the plan in the result, change nothing. */
    readonly dryRun?: boolean;
    /** Shown the finished plan; resolving to `false` stops before any change. */
    readonly confirm?: (plan: Plan) => boolean | Promise<boolean>;
}
/** An item that did not happen. */
interface SyncFailure {
    readonly path: Path;
    readonly action: SyncAction;
    /** A `StorageError` code, or `UNKNOWN`. */
    readonly code: string;
    readonly message: string;
}
/** A conflict that waits for a decision. */
interface OpenConflict {
    readonly path: Path;
    readonly reason: string;
    readonly source: PlanItem['source'];
    readonly destination: PlanItem['destination'];
}
/** A guard's refusal: nothing was changed. */
interface Refusal {
    readonly guard: 'max-delete' | 'emptied-side' | 'vanished-root' | 'collision' | 'forbidden-name' | 'no-space' | 'max-bytes' | 'confirm' | 'nested-roots';
    readonly side?: Side;
    readonly message: string;
    readonly limit: number | string;
    readonly actual: number | string;
    /** The option that allows it. */
    readonly override: string;
    readonly paths?: readonly Path[];
}
/** What `plan` resolves to. */
interface PlanResult {
    readonly plan: Plan;
    /** What the guards say of it; with any of them a run would change nothing. */
    readonly refusals: readonly Refusal[];
    readonly conflicts: readonly OpenConflict[];
    readonly exitCode: ExitCode;
}
/** One path of a comparison. */
interface Difference {
    readonly path: Path;
    readonly status: 'equal' | 'differs' | 'source-only' | 'destination-only' | 'problem' | 'ignored';
    readonly kind: 'file' | 'directory' | 'symlink' | 'problem' | 'hidden';
    readonly reason: string;
    readonly source: PlanItem['source'];
    readonly destination: PlanItem['destination'];
}
/** How a run ended. */
interface SyncResult {
    readonly exitCode: ExitCode;
    readonly stats: SyncStats;
    readonly plan: Plan;
    /** Names this run's directory in the trash: `.syncline-trash/<runId>`. Undefined if nothing was run. */
    readonly runId: string | undefined;
    readonly conflicts: readonly OpenConflict[];
    readonly failures: readonly SyncFailure[];
    /** Items that no longer fitted what is there; they were left alone. */
    readonly stale: readonly SyncFailure[];
    readonly problems: readonly PlanProblem[];
    readonly refusals: readonly Refusal[];
    readonly cancelled: boolean;
    readonly dryRun: boolean;
}

/** What of the configuration decides which paths take part. */
type FilterConfig = Pick<SyncConfig, 'ignore' | 'ignoreFile' | 'include' | 'exclude' | 'minSize' | 'maxSize' | 'modifiedAfter' | 'modifiedBefore' | 'filesToSkip'>;

/** Where a rule is written: the path of an ignore file, or `options`; the line counts from 1. */
interface RuleOrigin {
    readonly file: Path | 'options';
    readonly line: number;
}
/** Why a path is ignored, or which rule keeps it. */
interface IgnoreExplanation {
    readonly ignored: boolean;
    /** The rule that decided, as written. Absent if no rule matches. */
    readonly pattern?: string;
    readonly origin?: RuleOrigin;
    /** The path that the rule matched: the path asked for, or a directory above it. Absent if no rule matches. */
    readonly matched?: Path;
}

/** An ignore file as both sides have it. */
interface IgnoreFile {
    readonly path: Path;
    /** The text that counts; two where the sides differ and neither can be preferred: then a path is ignored if either ignores it. */
    readonly texts: readonly string[];
}
interface ReadIgnoreFilesOptions extends AbortOptions {
    /** What a side had at a path after the last sync. With it, a text that one side changed counts against the other side's old one. */
    readonly ancestors?: (side: Side, path: Path) => Ancestor | undefined | Promise<Ancestor | undefined>;
    /**
     * The side whose content both have after the run, in modes that go one way. Where the texts differ, this side's counts; a file that only the
     * other side has still counts.
     */
    readonly authority?: Side;
}
/**
 * Reads ignore files of both sides. Those that no side has are left out.
 *
 * Where the sides differ: a text that only one side has counts; if one side still has what it had after the last sync, the other side's text counts;
 * else a path is ignored if either text ignores it.
 *
 * @param files - their paths
 * @returns in the order of their paths
 * @throws StorageError naming the file if one cannot be read, is not UTF-8 or holds no rules. Rules that cannot be read never count as no rules.
 */
declare function readIgnoreFiles(source: ReadableStorage, destination: ReadableStorage, files: readonly Path[], options?: ReadIgnoreFilesOptions): Promise<readonly IgnoreFile[]>;

/** Why a path takes no part. */
interface FilterExplanation {
    readonly hidden: boolean;
    /** What decided: the engine's own names, `filesToSkip`, `exclude`, being in no `include`, or an ignore rule (which may also keep a path). */
    readonly by?: 'own' | 'skip' | 'exclude' | 'include' | 'ignore';
    /** The path that decided: the path asked for, or a directory above it. */
    readonly matched?: Path;
    /** The rule or glob, as written. */
    readonly pattern?: string;
    /** Of an ignore rule. */
    readonly origin?: RuleOrigin;
}
/**
 * Which paths take part in a run: built once, from the options and the texts of the ignore files, and the same for both sides and the stored state.
 *
 * A path that is hidden on either side is hidden on both: the caller asks for what each side has, and leaves the path alone if any answer is true.
 * Pure: what was answered once is answered again.
 */
declare class Filter {
    #private;
    /** Name of the ignore files; `undefined` if none are read. */
    readonly ignoreFileName: string | undefined;
    /** The ignore files whose rules count here, for the state: the next run starts with them. */
    readonly ignoreFiles: readonly Path[];
    /** Stands for all rules and limits: another one than at the last run means that paths may have entered or left. `filesToSkip` is no part of it. */
    readonly digest: string;
    /**
     * @param files - what `readIgnoreFiles` found
     * @throws TypeError naming the option, pattern or glob that cannot be used
     */
    constructor(config?: FilterConfig, files?: readonly IgnoreFile[]);
    /**
     * Whether a path takes no part, by its name. A directory that is hidden hides everything below it.
     *
     * For what may be a directory (an unreadable one is a problem entry), ask for both kinds and hide it if either answer is true.
     */
    hides(path: Path, isDirectory: boolean): boolean;
    /** Whether a file takes no part for its size or age. A file without a time is not judged by age. */
    hidesFile(entry: FileEntry): boolean;
    /** For `ListOptions.descend`: whether anything below the directory may take part. */
    readonly descend: (directory: Path) => boolean;
    /** Whether `filesToSkip` leaves the path alone. Unlike an ignored path it stays in the state, as the next run takes it up again. */
    skips(path: Path): boolean;
    /**
     * Whether the path is an ignore file that should have been read and was not: the filter has to be built again with it known.
     *
     * True also where a rule hides the file itself, as its rules count all the same; false below a hidden directory.
     */
    isNewIgnoreFile(path: Path, isDirectory?: boolean): boolean;
    /** As {@link hides}, with the reason. Slower: for questions of people. */
    explain(path: Path, isDirectory: boolean): FilterExplanation;
}

/** What is known of the sides' clocks. */
type KnownClocks = Readonly<Partial<Record<Side, ClockProbe>>>;

/** What the guards judge beside the plan. */
interface GuardFacts {
    readonly plan: Plan;
    readonly config: Pick<SyncConfig, 'maxDelete' | 'allowEmpty' | 'maxBytes'>;
    /** Sides whose root was not there although the state knows what was in it. */
    readonly vanished: readonly Side[];
    /** Names that a side cannot hold beside each other. */
    readonly collisions: readonly {
        readonly side: Side;
        readonly paths: readonly Path[];
    }[];
    /** Names that a side cannot hold at all, with the reason. */
    readonly forbidden: readonly {
        readonly side: Side;
        readonly path: Path;
        readonly reason: string;
    }[];
    /** Bytes available, where the store tells. */
    readonly free: Readonly<Partial<Record<Side, number>>>;
}
/** Judges a finished plan. Every refusal names the numbers and the option that overrides it; with any of them nothing is changed. Pure. */
declare function guardPlan(facts: GuardFacts): Refusal[];

/** What the join needs to know of an item. */
interface Keyed {
    readonly path: Path;
    readonly kind: string;
    /** Set on what is no directory but has a directory's key. */
    readonly directory?: boolean;
}
/** A page of what is remembered of another listing. Its items are made when they are asked for, and most are never asked for. */
interface LazyPage<T> {
    readonly done: boolean;
    /** Steps over the next item if it says what the item of the other listing says. */
    takeIfSame(item: T): boolean;
    /** Takes back what `takeIfSame` did last. */
    putBack(): void;
    /** Makes the next item. There is one. */
    next(): T;
}
/** One path: `entries[i]` is what listing i has there. `clash[i]` is set if listing i has a leaf and a directory of that name; the directory is in `entries[i]`. */
interface Joined<T> {
    readonly path: Path;
    readonly entries: readonly (T | undefined)[];
    readonly clash?: readonly (T | undefined)[];
    /** The first half of the listings all have the path, and the second half remembers just that: its entries were not made. */
    readonly same?: boolean;
}
/** How the second half of the listings belongs to the first. */
interface JoinOptions<T> {
    /** What is remembered of an item that is the same; for the rare row that turns out to need it. */
    readonly remember: (item: T) => T;
}
/**
 * Joins ordered listings by path in one pass. Memory is one page per listing.
 *
 * A leaf `a` (key `a`) and a directory `a` (key `a/`) are one path but not neighbours: `a-b` and `a.txt` lie between. So a leaf is held until
 * no listing can bring a directory of that name any more.
 *
 * @param listings - in key order, in pages; see `hasDirectoryKey`. If there are lazy pages, listing n/2 + i is what is remembered of listing i
 * @param names - of the listings, for the message of an order that is broken
 * @returns pages of one item per distinct path, in the order in which paths are complete
 * @throws StorageError `UNORDERED` if a listing goes backwards or names a path twice; the other listings are closed first
 * @see git, tree-walk.c, `traverse_trees`: the same lookahead for a file and a directory of one name
 */
declare function mergeJoin<T extends Keyed>(listings: readonly AsyncIterable<readonly T[] | LazyPage<T>>[], names?: readonly string[], { remember }?: JoinOptions<T>): AsyncGenerator<readonly Joined<T>[], void, undefined>;

type Direction = 'upload' | 'download';
/** Options of a tracker. */
interface SyncProgressTrackerOptions {
    /** Milliseconds since the Unix epoch; default `Date.now`. */
    readonly now?: () => number;
    /** Told once, when the callback throws or rejects. The run goes on. */
    readonly onCallbackError?: (error: unknown) => void;
}
/**
 * Turns what a run does into {@link SyncProgressEvent}s with totals, speed and remaining time.
 *
 * Without a callback it only counts. A callback that throws is told of once and cannot break the run.
 */
declare class SyncProgressTracker {
    #private;
    constructor(callback?: (event: SyncProgressEvent) => unknown, options?: SyncProgressTrackerOptions);
    /** Whether anybody listens. */
    get active(): boolean;
    /** Passes an event on as it is. */
    emit(event: SyncProgressEvent): void;
    /** Starts the totals of a run and tells `sync_start`. Items of phase `none` do not count. */
    start(items: readonly PlanItem[]): void;
    /** One item is over, whatever came of it. */
    itemDone(): void;
    /** A file starts to move, or starts again: what it had moved before no longer counts. */
    transferStart(direction: Direction, path: Path, size: number): void;
    /** `bytes` of a running file have moved so far. */
    transferProgress(path: Path, bytes: number): void;
    /** A running file has arrived whole. */
    transferComplete(path: Path): void;
    /** A running file will not arrive: its bytes are taken back. */
    transferFailed(path: Path): void;
    /** The totals as of now. */
    totals(): SyncTotals;
}

/** Something the rules hide: it is not synced, but it is there, so its directory is not deleted. */
interface HiddenEntry {
    readonly kind: 'hidden';
    readonly path: Path;
    readonly directory: boolean;
}
/** What a scan yields. */
type ScannedEntry = Entry | HiddenEntry;

/** Everything that decides about one path. */
interface Explanation {
    readonly path: Path;
    /** What the rules say; `hidden: true` means that the path takes no part. */
    readonly filter: FilterExplanation;
    readonly source: Entry | null;
    readonly destination: Entry | null;
    readonly sourceAncestor: Ancestor | null;
    readonly destinationAncestor: Ancestor | null;
    /** What a run would do, if anything. */
    readonly item: PlanItem | null;
    /** In words. */
    readonly reason: string;
}

/**
 * Pauses, resumes and cancels a run from outside.
 *
 * Pause: what runs finishes, nothing new starts. Cancel: the same, and the run ends; what was done is recorded. Neither leaves half a change.
 *
 * @example
 * const controller = new SyncPauseController()
 * process.on('SIGTSTP', () => controller.pause())
 * process.on('SIGINT', () => controller.cancel())
 */
declare class SyncPauseController {
    #private;
    /** Whether nothing new starts for now. */
    get paused(): boolean;
    /** Whether the run ends. Stays until {@link reset}. */
    get cancelled(): boolean;
    /** Aborts when the run is cancelled: ends waits, never operations. A new one after {@link reset}. */
    get signal(): AbortSignal;
    /** Lets nothing new start. A cancelled run cannot be paused. */
    pause(): void;
    /** Goes on. */
    resume(): void;
    /** Ends the run after what is running now; also ends a pause. */
    cancel(): void;
    /** Makes the controller fit for another run: neither paused nor cancelled. */
    reset(): void;
    /**
     * Waits while paused.
     *
     * @returns whether to go on: `false` after a cancel or when `signal` is aborted
     */
    waitIfPaused(signal?: AbortSignal): Promise<boolean>;
}

/** Who takes a lock. */
interface LockOwner {
    /** Names the process so that others can judge it, e.g. `host:pid:start`. */
    readonly id: string;
    /** Whether the process with this id still runs; undefined if that cannot be told, e.g. of another host. Without it only the expiry counts. */
    readonly isAlive?: (id: string) => boolean | undefined;
}
interface LockOptions extends AbortOptions {
    /** Milliseconds since the Unix epoch. Default `Date.now`. */
    readonly now?: () => number;
    /** Milliseconds after which a lock that was not renewed no longer counts; default 120,000. It is renewed at a third of it. */
    readonly ttlMs?: number;
}
/** A lock that is held. */
interface Lock {
    /** Lets go. Never removes a lock that is somebody else's by now. May be called again. */
    release(): Promise<void>;
    /** Aborts when the lock was taken over, or could not be renewed before it expired: stop writing. */
    readonly lost: AbortSignal;
}
/** The content of the file `lock`: JSON. */
interface LockContent {
    readonly owner: string;
    /** Milliseconds since the Unix epoch. */
    readonly since: number;
    readonly expires: number;
    /** Random: tells two locks of one owner apart. */
    readonly token: string;
}
/** Another run holds the lock. Test with {@link isLockedError}. */
declare class LockedError extends Error {
    readonly name = "LockedError";
    readonly exitCode: typeof ExitCode.LOCKED;
    /** Id of the owner. */
    readonly owner: string;
    /** Milliseconds since the Unix epoch. */
    readonly since: number;
    readonly expires: number;
    constructor(storageName: string, { owner, since, expires }: Pick<LockContent, 'owner' | 'since' | 'expires'>);
}
/** Whether `error` is a {@link LockedError}, of this or another copy of the package. */
declare function isLockedError(error: unknown): error is LockedError;
/**
 * Takes the lock of a state: the file `lock`, created only if absent and renewed while it is held.
 *
 * A lock whose owner is known to be dead, or that has expired, is taken over by replacing exactly the version that was read, so that of two
 * takers one wins. Where the storage does not decide preconditions itself, the file is read back after a moment: the last writer has won.
 *
 * @throws LockedError if another run holds it
 */
declare function acquireLock(storage: WritableStorage, owner: LockOwner, options?: LockOptions): Promise<Lock>;

/** Causes a storage can name. Programs act on the code, never on the message. */
declare const storageErrorCodes: readonly ["NOT_FOUND", "ALREADY_EXISTS", "PRECONDITION_FAILED", "PERMISSION_DENIED", "UNAUTHENTICATED", "NOT_SUPPORTED", "INVALID_PATH", "NOT_A_DIRECTORY", "IS_A_DIRECTORY", "NOT_EMPTY", "NO_SPACE", "RATE_LIMITED", "TIMEOUT", "UNAVAILABLE", "CORRUPT", "UNORDERED", "UNKNOWN"];
/** One of {@link storageErrorCodes}. */
type StorageErrorCode = (typeof storageErrorCodes)[number];
/** What a storage error carries beside its code and message. */
interface StorageErrorOptions {
    readonly path?: Path | undefined;
    /** Default: true for `RATE_LIMITED`, `TIMEOUT` and `UNAVAILABLE`. */
    readonly retryable?: boolean | undefined;
    /** Milliseconds the store asked to wait before the next try. */
    readonly retryAfterMs?: number | undefined;
    readonly cause?: unknown;
}
/**
 * The one error class of storages. The message says what was tried, on what, and what to do if we know.
 *
 * Test with {@link isStorageError}, not `instanceof`: two installed copies of this package must understand each other.
 */
declare class StorageError extends Error {
    readonly name = "StorageError";
    readonly code: StorageErrorCode;
    readonly path: Path | undefined;
    readonly retryable: boolean;
    readonly retryAfterMs: number | undefined;
    constructor(code: StorageErrorCode, message: string, options?: StorageErrorOptions);
}
/** Whether `error` is a storage error, of this or another copy of the package; with `code`, of that cause. */
declare function isStorageError(error: unknown, code?: StorageErrorCode): error is StorageError;
/** The sentence of any thrown value. */
declare function messageOf(error: unknown): string;

/** How the last run ended that changed the state. */
interface LastRun {
    /** Milliseconds since the Unix epoch. */
    readonly start: number;
    readonly end: number;
    readonly exitCode: number;
    readonly stats: SyncStats;
}
/** What the state knows beside the trees. Plain data. */
interface SyncMetadata {
    /** Names of the storages, for messages. */
    readonly source: string;
    readonly destination: string;
    readonly mode: SyncMode;
    /** Digest of the rules: differs when other paths may be visible. */
    readonly filter?: string;
    /** Where ignore files were seen, so that the next run knows them before it scans. */
    readonly ignoreFiles?: readonly Path[];
    /** The function of the fingerprints. */
    readonly hash?: HashName;
    /** When a whole run last looked at both sides, in milliseconds since the Unix epoch. */
    readonly asOf?: number;
    /** What each side's storage found out about its server. @see Learned */
    readonly learned?: {
        readonly source?: Json;
        readonly destination?: Json;
    };
    /** What was learned of the clocks of the sides that have one of their own. */
    readonly clocks?: KnownClocks;
    readonly lastRun?: LastRun;
    /** What waits for a decision. */
    readonly conflicts: readonly OpenConflict[];
}

/** Why a state is a first contact. */
interface StateProblem {
    readonly kind: 'missing' | 'damaged';
    /** A sentence for people. */
    readonly reason: string;
}

/** A state as it was opened. */
interface StoredState {
    /** Of the last commit. */
    readonly metadata: SyncMetadata | undefined;
    /** When both sides were last looked at, in milliseconds since the Unix epoch, by the clock of that run; undefined if nothing tells. */
    readonly asOf: number | undefined;
    /** Set at a first contact: the trees are empty then. Undefined also after a first run that was interrupted, whose journal is used. */
    readonly problem: StateProblem | undefined;
    /**
     * What the source had after the last sync, in key order, in pages; can be iterated more than once.
     *
     * @throws StorageError `CORRUPT` at the end if the checksum is wrong: forget what was read and `open` again, which gives a first contact
     */
    source(options?: AbortOptions): AsyncIterable<readonly Ancestor[]>;
    /** As `source`, of the destination. */
    destination(options?: AbortOptions): AsyncIterable<readonly Ancestor[]>;
    /** As `source` or `destination`, for a join with what the side has now: most entries are only compared and never made. */
    remembered(side: Side, options?: AbortOptions): AsyncIterable<readonly Ancestor[] | LazyPage<ScannedEntry | Ancestor>>;
    /** How many entries each tree has; an upper bound after an interrupted run. */
    readonly entries: {
        readonly source: number;
        readonly destination: number;
    };
}
/** Options of a state manager. */
interface SyncStateManagerOptions {
    /** Milliseconds since the Unix epoch; names the folder where a damaged state is kept. Default `Date.now`. */
    readonly now?: () => number;
}
interface RecordOptions extends AbortOptions {
    /** When the run began to look at both sides, as {@link SyncMetadata.asOf}: what the next run goes by if this one is killed before it commits. */
    readonly asOf?: number;
}
interface CommitOptions extends AbortOptions {
    /** Recorded as part of the commit. */
    readonly changes?: Iterable<StateChange>;
}
/**
 * The state of one pair: what each side had after the last sync, in any writable storage.
 *
 * `open`, then any number of `record`, then `commit`. One run at a time: hold the lock (`acquireLock`) from before `open` to after `commit`.
 */
declare class SyncStateManager {
    #private;
    readonly storage: WritableStorage;
    constructor(storage: WritableStorage, options?: SyncStateManagerOptions);
    /** What the last commit said; undefined before `open` and at a first contact. */
    get metadata(): SyncMetadata | undefined;
    /**
     * Reads the state. Nothing is written.
     *
     * @param pair - identity from `pairId`; undefined takes the state of whichever pair it is
     * @throws StorageError `NOT_SUPPORTED` for a format of a newer version, `PRECONDITION_FAILED` if the state is of another pair
     */
    open(pair?: string, options?: AbortOptions): Promise<StoredState>;
    /**
     * Appends finished changes to the journal. When it resolves they survive any stop.
     *
     * Call it only after the effects are durable. Recording a change twice is the same as once.
     */
    record(changes: Iterable<StateChange>, options?: RecordOptions): Promise<void>;
    /**
     * Folds the journal into new tree files and writes the metadata; see the head of this file for what a stop in between leaves behind.
     *
     * If nothing changed, nothing is written: the metadata is compared without the time and the counts of the last run.
     *
     * @throws StorageError `CORRUPT` if a tree file was damaged meanwhile: nothing recorded is lost, the next `open` is a first contact
     */
    commit(metadata: SyncMetadata, options?: CommitOptions): Promise<void>;
    /** The source's tree as the seeds' programs load it: all of it, by path. Large trees are better read with `open`. */
    loadSourceTree(options?: AbortOptions): Promise<Map<Path, Ancestor>>;
    /** As {@link loadSourceTree}, of the destination. */
    loadDestinationTree(options?: AbortOptions): Promise<Map<Path, Ancestor>>;
    /** Replaces the source's whole tree; the destination's stays. */
    saveSourceTree(tree: ReadonlyMap<Path, Ancestor>, options?: AbortOptions): Promise<void>;
    /** As {@link saveSourceTree}, of the destination. */
    saveDestinationTree(tree: ReadonlyMap<Path, Ancestor>, options?: AbortOptions): Promise<void>;
    /** Removes the state, so that the next run is a first contact. The lock of a run stays, and what was kept of a damaged state too. */
    clear(options?: AbortOptions): Promise<void>;
}

/** Two storages that are kept the same, and how. Options given here hold for every run of the pair. */
interface SyncPairOptions extends SyncConfig {
    readonly source: ReadableStorage;
    /** The side across; a mode that writes to a side needs it to be writable. */
    readonly destination: ReadableStorage;
    /**
     * Where the pair remembers what both sides had after the last sync. Without it the pair remembers as long as the object lives, and
     * a new object meets both sides as if for the first time: nothing is deleted then.
     */
    readonly state?: WritableStorage | SyncStateManager | undefined;
    /** Identity of the pair; default: made from both storages' names. */
    readonly id?: string | undefined;
}
/** @see SyncPairOptions */
declare class SyncPair {
    readonly source: ReadableStorage;
    readonly destination: ReadableStorage;
    readonly state: SyncStateManager;
    readonly id: string | undefined;
    readonly config: SyncConfig;
    constructor(options: SyncPairOptions);
}

/** Options of an engine; those of `SyncConfig` hold for all its runs, unless a pair or a call says otherwise. */
interface SyncEngineOptions extends SyncConfig {
    readonly progressTracker?: SyncProgressTracker | undefined;
    readonly pauseController?: SyncPauseController | undefined;
    /** Who holds the lock of a pair while it runs; without it a lock left by a killed process ends only by its expiry. */
    readonly owner?: LockOwner | undefined;
    /** Milliseconds since the Unix epoch; default `Date.now`. */
    readonly now?: (() => number) | undefined;
    /** At least 0, below 1; default `Math.random`. */
    readonly random?: (() => number) | undefined;
}
/**
 * Plans and runs the sync of pairs. An engine runs one pair at a time; make one engine per concurrent run.
 *
 * @example
 * const engine = new SyncEngine({ mode: SyncMode.TWO_WAY })
 * const result = await engine.syncPair(new SyncPair({ source, destination, state }))
 * console.log(result.stats.uploads, result.conflicts)
 */
declare class SyncEngine {
    #private;
    constructor(options?: SyncEngineOptions);
    /** What runs finishes, nothing new starts, until {@link resume}. */
    pause(): void;
    resume(): void;
    /** What runs finishes, nothing new starts; what was done is recorded. */
    cancel(): void;
    /**
     * What a run would do, with what the guards say of it. Changes nothing, takes no lock.
     *
     * @throws TypeError for a wrong configuration; StorageError if a root or the state cannot be read
     */
    plan(pair: SyncPair | SyncPairOptions, options?: SyncOptions): Promise<PlanResult>;
    /**
     * Makes the two sides of a pair the same, as the mode says.
     *
     * Resolves also when paths failed, conflicts stay open or a guard refused: `exitCode` and the lists tell.
     *
     * @throws TypeError for a wrong configuration; `LockedError` if another run has the pair, or took it over meanwhile; StorageError if a root or the state cannot be read;
     *   `signal.reason` after an abort before anything was changed
     */
    syncPair(pair: SyncPair | SyncPairOptions, options?: SyncOptions): Promise<SyncResult>;
    /**
     * Runs exactly the plan. Items that no longer fit what is there are left alone and listed as stale.
     *
     * @throws TypeError if the plan was made for another pair
     */
    apply(plan: Plan, pair: SyncPair | SyncPairOptions, options?: SyncOptions): Promise<SyncResult>;
    /** Compares the two sides of a pair by the comparison mode, without a state, and yields every path in key order. */
    compare(pair: SyncPair | SyncPairOptions, options?: SyncOptions): AsyncIterable<Difference>;
    /** Everything that decides about one path: rules, what each side and the state have, and what a run would do. Scans both sides. */
    explain(pair: SyncPair | SyncPairOptions, path: Path, options?: SyncOptions): Promise<Explanation>;
    /** Copies what `from` has to `to`; nothing is deleted, and what only `to` has stays. */
    downloadFolder(from: ReadableStorage, to: WritableStorage, options?: SyncOptions): Promise<SyncResult>;
    /** As {@link downloadFolder}, seen from the other side. */
    uploadFolder(from: ReadableStorage, to: WritableStorage, options?: SyncOptions): Promise<SyncResult>;
}
/** Syncs one pair with an engine of its own. @see SyncEngine.syncPair */
declare function syncPair(pair: SyncPair | SyncPairOptions, options?: SyncOptions & SyncEngineOptions): Promise<SyncResult>;

/** What happens at one key of a tree: what is there goes, and `put`, if any, comes. */
interface TreeEdit {
    readonly path: Path;
    readonly directory: boolean;
    /** The line of the entry that comes. */
    readonly put: Uint8Array | undefined;
}

/**
 * Changes of a state in the order in which they were finished, as the bytes that its files will hold of them.
 *
 * A change as objects takes a kilobyte, which the collector copies twice before it leaves it alone; as text it takes less than half of that, outside
 * of the heap, and is formatted once for the journal and the tree. Iterating makes the objects again.
 */
declare class ChangeLog implements Iterable<StateChange> {
    #private;
    constructor(changes?: Iterable<StateChange>);
    get length(): number;
    /** How many changes leave something there on a side: no fewer than there are paths. */
    puts(side: Side): number;
    add({ path, source, destination }: StateChange): void;
    /** Adds changes after the others. Those of another log are taken over as they are. */
    addAll(changes: Iterable<StateChange>): void;
    /** Adds the first changes of another log. */
    addFirst(changes: ChangeLog, count: number): void;
    [Symbol.iterator](): Generator<StateChange, void, undefined>;
    /** Lines of the journal for the changes from one number up to another. */
    journalLines(from: number, to: number): Uint8Array;
    /**
     * What the changes make of one side's tree, in key order; the last change of a path counts.
     *
     * A path has two keys, as a leaf and as a directory, and other keys may lie between them; a change of one path removes at both.
     *
     * @param empty - nothing is there to be removed
     */
    edits(side: Side, empty: boolean): Generator<TreeEdit, void, undefined>;
}

/** Waits. Resolves early, without rejecting, when a signal aborts. */
type Sleep = (ms: number, ...signals: readonly (AbortSignal | undefined)[]) => Promise<void>;

/** An upload that has begun and may be gone on with, in this process or a later one. Plain data, kept in the state. */
interface PendingUpload {
    /** Where it goes. */
    readonly side: Side;
    readonly path: Path;
    readonly token: string;
    /** The version that is sent: another one starts anew. */
    readonly size: number;
    readonly modified?: number;
    readonly etag?: string;
}
/** Remembers uploads beyond the process. */
interface UploadLedger {
    /** Those of earlier runs and of this one, the last per side and path. */
    pending(): readonly PendingUpload[];
    /** Durable when it resolves: an upload that nobody remembers is never ended. */
    begin(upload: PendingUpload): Promise<void>;
    end(upload: PendingUpload): Promise<void>;
}

/** What shapes an execution; the names are those of `SyncConfig`. */
interface ExecuteConfig {
    /** False: what items would put in the trash is removed for good. */
    readonly trash: boolean;
    readonly fsync: 'auto' | 'always' | 'never';
    readonly concurrency?: ConcurrencyLimits;
    /** Bytes per second over both directions. */
    readonly bandwidth?: number;
    /** Bytes from which a file goes in parts to a store that takes them; default 32 MiB. */
    readonly uploadFrom?: number;
    /** Tries of a call that fails with a retryable error, the first included; default 4. */
    readonly attempts?: number;
    /** Milliseconds within which times of one file are the same, on a store that does not say how finely it keeps them. */
    readonly toleranceMs: number;
}
/** What a plan is executed with. */
interface ExecuteContext {
    /** Writable where the plan writes it; items that write a read-only storage fail. */
    readonly source: ReadableStorage;
    readonly destination: ReadableStorage;
    readonly config: ExecuteConfig;
    /** Names the directory in the trash, so it must be a valid name. */
    readonly runId: string;
    /** Milliseconds since the Unix epoch. */
    readonly now: () => number;
    /** At least 0, below 1. */
    readonly random: () => number;
    /** Temporary files that the scan saw on a side: interrupted runs left them, and they are cleared away first. */
    readonly leftovers?: Readonly<Partial<Record<Side, readonly Path[]>>>;
    /** Waits between tries and for the bandwidth; default: the timer of the platform. */
    readonly sleep?: Sleep;
    /** Function that both sides know; asked from a destination that takes batches. */
    readonly hash: HashName | undefined;
    /** Without it no upload outlives the run. */
    readonly uploads?: UploadLedger;
    /** Whether the plan is of the whole pair, so that what it does not send need not be gone on with; default true. */
    readonly whole?: boolean;
    readonly signal?: AbortSignal;
    readonly pause: SyncPauseController;
    readonly progress: SyncProgressTracker;
    /**
     * Journal: called with finished changes, after both storages were flushed where that matters; about every 10 s, and at the end.
     * The plan's `settled` changes are not among them. `last`: nothing follows, so what is committed at once needs no journal.
     */
    readonly record: (changes: ChangeLog, last: boolean) => Promise<void>;
}
/** What came of a plan. Items that were not started, after a cancel, are in none of the lists. */
interface ExecuteResult {
    /** Of what was done. `skips` are the paths that agreed, were to be skipped, or were stale. */
    readonly stats: SyncStats;
    readonly failures: readonly SyncFailure[];
    readonly stale: readonly SyncFailure[];
    readonly cancelled: boolean;
}

/**
 * Carries out a plan.
 *
 * Each item waits while paused, checks that both sides still are what the plan saw, acts, verifies what came of it, and hands the change to
 * `record` once it is durable. A failing item never stops the others, but nothing destructive runs that depended on it. After a cancel what
 * runs is finished and recorded, and nothing new starts.
 *
 * @throws what `record` or a storage's `flush` threw, after what was running: the state cannot be kept any more
 */
declare function execute(plan: Plan, context: ExecuteContext): Promise<ExecuteResult>;

/**
 * git-ignore rules from patterns and ignore files, to ask which paths they ignore.
 *
 * The rules of a file count for its directory and below; deeper files are stronger, and patterns that were added by themselves are the strongest.
 * The last match wins, and nothing below an ignored directory can be kept.
 *
 * @example
 * const rules = new IgnoreFileManager()
 * rules.addPatterns(['*.log', '!critical.log'])
 * rules.shouldIgnore('server/error.log') // true
 * rules.shouldIgnore('critical.log') // false
 */
declare class IgnoreFileManager {
    #private;
    /** Adds one pattern. @throws TypeError if it is no string, has a line break, or is too long */
    addPattern(pattern: string): void;
    /** Adds patterns, each stronger than the ones before. @throws TypeError as {@link addPattern}; then none is added */
    addPatterns(patterns: Iterable<string>): void;
    /** Adds the rules of an ignore file's text; `base` is the directory they are relative to, default the root. */
    loadFromText(text: string, base?: Path): void;
    /**
     * Adds the rules of an ignore file; they are relative to the file's directory.
     *
     * @throws StorageError if it cannot be read, is no file, or is not UTF-8; then no rule is added
     */
    loadFromFile(storage: ReadableStorage, path: Path, options?: AbortOptions): Promise<void>;
    /** Whether the path is ignored. A final "/" says that it is a directory, as `isDirectory` does. */
    shouldIgnore(path: Path, isDirectory?: boolean): boolean;
    /** As {@link shouldIgnore}, with the rule that decided and where it is written. */
    explain(path: Path, isDirectory?: boolean): IgnoreExplanation;
    /** Forgets all rules. */
    clear(): void;
    /** Every pattern, the strongest last: those of the files in the order loaded, then those added by themselves. */
    get patterns(): readonly string[];
}

/** The directory at a root that keeps what syncs removed. */
declare const trashName = ".syncline-trash";
/** How the names of files start that are being written. */
declare const temporaryPrefix = ".syncline-tmp-";
/** How the name of the directory starts in which a store is examined. */
declare const examinationPrefix = ".syncline-doctor-";
/** Whether a path is the engine's own: the trash, snapshots, a temporary file, or below one. Such paths never take part in a sync, whatever the rules. */
declare function isOwnPath(path: Path): boolean;

/** A content hash that says which function made it: `sha256:…`. Equal only for equal content. */
type Fingerprint = string;
/** `name:hex`. */
declare function fingerprint(name: HashName, hex: string): Fingerprint;
/** The name of the function that made a fingerprint. */
declare function hashNameOf(value: Fingerprint): HashName;
/**
 * The hash function that both storages can compute without a download, the source's preference first; `undefined` if there is none.
 * A store that only lists hashes (an S3 etag that is an MD5) says so in `capabilities.hashes` too.
 */
declare function commonHash(source: ReadableStorage, destination: ReadableStorage): HashName | undefined;
/**
 * The fingerprint of a file as it is now: from the listing, else computed by the storage; `undefined` if it offers no such hash.
 * A file that changes while it is hashed has no fingerprint: the storage is asked again whether it is still the version that was listed.
 */
declare function fingerprintOf(storage: ReadableStorage, entry: FileEntry, name: HashName, options?: AbortOptions): Promise<Fingerprint | undefined>;

/** What a side has at a path: `N` something that was not there at the last sync, `=` what was there, `M` that modified, `-` nothing. */
type SideState = 'N' | '=' | 'M' | '-';
/**
 * What becomes of a path. Beside the actions: `SETTLE` both agree, which the state learns; `FORGET` it leaves the state; `KEEP` it is left alone;
 * `RESOLVE` a conflict that the policy decides; `FIRST_CONTACT` the same, but `initialSync` is asked first.
 */
type Outcome = SyncAction | 'SETTLE' | 'FORGET' | 'KEEP' | 'RESOLVE' | 'FIRST_CONTACT';
/** One line of the table of modes. */
interface ModeRow {
    readonly modes: readonly SyncMode[];
    /** Whether the state knows the path. */
    readonly ancestor: boolean;
    readonly source: readonly SideState[];
    readonly destination: readonly SideState[];
    /** For paths that both sides have: whether they are equal by the comparison mode. */
    readonly equal?: boolean;
    readonly outcome: Outcome;
    /** Why, in words; becomes the reason of the action. */
    readonly reason: string;
}
/**
 * The one table of modes: the planner looks its decisions up here, its test is generated from it and the documentation is printed from it.
 * For every mode and every combination exactly one row holds.
 */
declare const modeTable: readonly ModeRow[];
/** Rows that come before those of `source-backup` when changes of the destination are accepted: its other reading, still without any deletion. */
declare const acceptRows: readonly ModeRow[];
/** What a decision is made from. */
interface Situation {
    readonly mode: SyncMode;
    readonly ancestor: boolean;
    readonly source: SideState;
    readonly destination: SideState;
    /** Undefined unless both sides have something. */
    readonly equal: boolean | undefined;
    readonly acceptDestinationChanges?: boolean | undefined;
}
/** The row that holds. Pure: the same situation always gives the same decision. */
declare function reconcile(situation: Situation): ModeRow;

/**
 * Compares two strings by their UTF-8 bytes, without encoding them.
 *
 * JavaScript's `<` compares UTF-16 units, which differs:
 * `'\uE000' < '\u{10000}'` is `false` although its UTF-8 bytes are smaller. Ranking surrogates above every other unit repairs it.
 *
 * @returns negative, zero or positive
 */
declare function compareUtf8(a: string, b: string): number;
/**
 * Compares in key order: UTF-8 bytes of the path, a directory as if it ended in "/". The order of git trees and of S3 listings.
 *
 * @returns negative, zero or positive
 */
declare function compareKeys(a: Path, aIsDirectory: boolean, b: Path, bIsDirectory: boolean): number;
/** Whether an entry has a directory's key: a directory, or what stands for one in a pipeline. */
declare function hasDirectoryKey(entry: {
    readonly kind: string;
    readonly directory?: boolean;
}): boolean;
/** Key order of two entries. @see {@link compareKeys} */
declare function compareEntries(a: Entry, b: Entry): number;
/**
 * Says why a string is no {@link Path}, or `undefined` if it is one. The root "" is one.
 *
 * A storage's listing may hold anything; what is not a path is reported as a problem and never reaches another storage.
 */
declare function pathProblem(path: string): string | undefined;
/**
 * Returns `path` if it is a valid {@link Path}.
 *
 * @throws StorageError `INVALID_PATH`, naming the reason
 */
declare function checkPath(path: string): Path;
/** The directory that holds `path`; the root for a top-level name and for the root itself. */
declare function parentPath(path: Path): Path;
/** The last segment. */
declare function baseName(path: Path): string;
/** `directory` and `name` with one "/" between, the root adding none. */
declare function joinPath(directory: Path, name: string): Path;
/** Whether `path` lies below `directory`; everything but the root lies below the root. */
declare function isBelow(path: Path, directory: Path): boolean;

/**
 * A plan as lines of JSON: first the header, then one item a line, last a line that says how many there were, so that a file that was cut short is noticed.
 * `error` values of problem entries are left out.
 */
declare function planToLines(plan: Plan, extra?: Readonly<Record<string, unknown>>): Generator<string, void, undefined>;
/**
 * Reads what {@link planToLines} wrote.
 *
 * @throws TypeError naming the line and what is wrong with it
 */
declare function planFromLines(lines: Iterable<string>): Plan & {
    readonly [extra: string]: unknown;
};

/**
 * Identity of a pair: 16 hex digits from the names of both storages. The order matters: source and destination exchanged are another pair.
 */
declare function pairId(source: ReadableStorage, destination: ReadableStorage): Promise<string>;

/** Waits for `promise`, but rejects with `signal.reason` as soon as the signal aborts, unwrapped. */
declare function untilAborted<T>(promise: PromiseLike<T> | T, signal: AbortSignal | undefined): Promise<T>;
/** The iterable's items, but rejects with `signal.reason` as soon as the signal aborts, even while an item is awaited. */
declare function abortable<T>(items: AsyncIterable<T>, signal: AbortSignal | undefined): AsyncGenerator<T, void, undefined>;

/** What a wrapper of an `S` is: writable if `S` is, and nothing that only `S` has. */
type Decorated<S extends ReadableStorage> = S extends WritableStorage ? WritableStorage : ReadableStorage;
/** Members that a wrapper replaces. An optional method set to `undefined` is hidden. */
type Overrides<S extends ReadableStorage> = {
    readonly [K in keyof Decorated<S>]?: undefined extends Decorated<S>[K] ? Decorated<S>[K] | undefined : Decorated<S>[K];
};
/**
 * Wraps a storage: `overrides` replace or hide members, every other method of the protocol that exists is forwarded, and none that does not.
 *
 * Not forwarded unless overridden: `transferFrom`, which would bypass the wrapper; `snapshot`, if what is read is overridden, for the same reason; and whatever
 * is not of the protocol, such as symbol-keyed brands by which a storage recognises its own kind.
 *
 * @example
 * const counted = decorate(storage, {
 *   stat: (path, options) => {
 *     calls++
 *     return storage.stat(path, options)
 *   },
 *   move: undefined,
 * })
 */
declare function decorate<S extends ReadableStorage>(storage: S, overrides?: Overrides<S>): Decorated<S>;
/** Only what a {@link ReadableStorage} has, whatever else `storage` can do. */
declare function decorateReadable(storage: ReadableStorage, overrides?: Overrides<ReadableStorage>): ReadableStorage;

/** Options of `limit`. */
interface LimitOptions {
    /** Calls at once; a positive integer. */
    readonly concurrency: number;
}
/**
 * Lets at most `concurrency` calls run at once; the others wait in the order in which they came.
 *
 * A `list` or `read` holds its place from its first item until it has ended or was left. An abort frees a call that waits.
 * `close` and `watch` do not count.
 *
 * A call that waits for another call of the same limited storage holds its place meanwhile: a loop over `list` that calls `stat` needs two places. To copy
 * inside one storage, wrap source and destination each on its own.
 */
declare function limit<S extends ReadableStorage>(storage: S, { concurrency }: LimitOptions): Decorated<S>;

/** What a memory storage may promise less of. An absent field keeps the full promise. */
interface MemoryCapabilities {
    /** `false`: listings come in another order. */
    readonly ordered?: boolean;
    /** `false`: the first content is visible before the last has come, and a failed write leaves what had come. */
    readonly atomicWrite?: boolean;
    /** `false`: preconditions are ignored. */
    readonly conditional?: boolean;
    /** `false`: directories are implied by the files below them, as in an object store. */
    readonly directories?: boolean;
    /** Milliseconds, e.g. 1000 or 2000; default 1. `false`: the storage sets its own times. */
    readonly modifiedPrecision?: number | false;
    /** `false`: names that differ in case or Unicode form are the same file. */
    readonly exactNames?: boolean;
    /** Default sha256 and sha1. Empty: there is no `hash`. */
    readonly hashes?: readonly ('sha256' | 'sha1')[];
    /** Default 8. */
    readonly concurrency?: number;
}
/** Options of `memory`. */
interface MemoryOptions {
    /** Default `memory:`. */
    readonly name?: string;
    readonly capabilities?: MemoryCapabilities;
    /** The storage's clock, in milliseconds since the Unix epoch; default `Date.now`. */
    readonly now?: () => number;
    /** Entries per page of a listing; default 500. */
    readonly pageSize?: number;
    /** Bytes per part of an upload; default 1 MiB. */
    readonly partSize?: number;
}
/** What {@link memory} has under all options; `makeDirectory`, `setModified` and `hash` go with their capabilities. */
type MemoryStorage = WritableStorage & Required<Pick<WritableStorage, 'makeSymlink' | 'setMode' | 'copy' | 'move' | 'upload' | 'snapshot' | 'flush' | 'close'>>;
/**
 * A tree in memory: the reference storage, which keeps every promise of the protocol.
 *
 * `options.capabilities` weakens it, to test clients against storages that promise less.
 *
 * @example
 * const storage = memory()
 * await storage.write('docs/a.txt', toBytes('hello'))
 */
declare function memory(options?: MemoryOptions): MemoryStorage;

/**
 * Calls back when the signal aborts, unless the returned function was called before. Not called for a signal that is aborted already.
 *
 * As `addEventListener`, for any number of callers at a time: calls in parallel share the signal of their run.
 */
declare function onAbort(signal: AbortSignal | undefined, callback: () => void): () => void;

/**
 * The subtree of `storage` at `root` as a storage of its own: all paths, in entries and errors too, are relative to it.
 *
 * If `root` does not exist, `list` rejects with `NOT_FOUND`, and the first write makes it. Where directories do not exist on their own, a missing root is an empty one.
 * The root can neither be removed nor replaced through the result.
 *
 * @throws StorageError `INVALID_PATH`
 * @example
 * const docs = prefix(storage, 'projects/docs')
 * await docs.read('index.md') // storage.read('projects/docs/index.md')
 */
declare function prefix<S extends ReadableStorage>(storage: S, root: Path): Decorated<S>;

/**
 * A storage that can only be read: the methods that write do not exist on it.
 *
 * @example
 * const source = readOnly(directory('/srv/photos')) // the compiler now refuses it as a destination
 */
declare function readOnly(storage: ReadableStorage): ReadableStorage;

/**
 * Content that can be read from its start as often as needed: each iteration calls `open` again.
 *
 * `Bytes` alone does not say whether a second iteration gives the same bytes: a generator is spent, a `ReadableStream` then looks empty.
 * `retry` repeats a write only when its content is marked by this function.
 *
 * @example
 * await storage.write('a.bin', replayable(() => source.read('a.bin', { ifMatch: entry.etag })), { size: entry.size })
 */
declare function replayable(open: () => Bytes): Bytes;
/** Whether `content` was made by {@link replayable}. */
declare function isReplayable(content: Bytes): boolean;

/** A call that failed and will be repeated. */
interface RetryInfo {
    /** The method, as in "write". */
    readonly call: string;
    readonly path: Path | undefined;
    /** The try that failed, from 1, since the call last got on. */
    readonly attempt: number;
    readonly delayMs: number;
    readonly error: unknown;
}
/** Options of `retry`. */
interface RetryOptions {
    /** Tries without progress, the first included; default 4. */
    readonly attempts?: number;
    /** Milliseconds; default 200. The longest wait before the second try; it doubles with each. */
    readonly baseDelayMs?: number;
    /** Milliseconds; default 20,000. */
    readonly maxDelayMs?: number;
    /** From 0 to 1; default `Math.random`. */
    readonly random?: () => number;
    /** Default: a timer. */
    readonly sleep?: (delayMs: number) => Promise<void>;
    readonly onRetry?: (info: RetryInfo) => void;
}
/**
 * Repeats calls that fail with a retryable `StorageError`, after a random wait that grows ("full jitter"), and no earlier than the store asked for.
 *
 * - `list` goes on behind the last entry it gave: nothing is given twice.
 * - `read` goes on at the byte it had come to, in the version it began with. Without `ifMatch` it asks `stat` for that version first, if the storage
 *   is `conditional`; if no version can be named, only a read that has given nothing yet is repeated. Bytes of two versions are never mixed.
 * - `write` is repeated if its content is `replayable`, or had not been touched when the call failed.
 *
 * A lost answer cannot be told from a lost call. What depends on the state of things (`ifMatch`, `ifNoneMatch`, `move`) may have happened the first time;
 * its repetition then rejects with `PRECONDITION_FAILED`, `ALREADY_EXISTS` or `NOT_FOUND`. Look before you conclude.
 *
 * @see "Exponential Backoff And Jitter", AWS Architecture Blog, for full jitter
 */
declare function retry<S extends ReadableStorage>(storage: S, options?: RetryOptions): Decorated<S>;
/** What is repeated, for `onRetry`, and what ends it. */
interface RepeatOptions extends RetryOptions, AbortOptions {
    readonly call?: string;
    readonly path?: Path | undefined;
}
/**
 * Runs `run` until it succeeds, fails for good, or has been tried often enough. The loop of {@link retry}, for use inside a storage.
 *
 * @example
 * list: walk(directory => repeat(() => client.readdir(directory), { attempts: 3 }), { concurrency: 16 })
 */
declare function repeat<T>(run: () => Promise<T>, options?: RepeatOptions): Promise<T>;

/**
 * Reads one directory: its direct children, in any order, each with its path from the root (`joinPath(directory, name)`).
 *
 * May return an array, a promise of one, or yield entries or pages of them. Rejects if the directory cannot be read.
 */
type ReadDirectory = (directory: Path, options: AbortOptions) => readonly Entry[] | Promise<readonly Entry[]> | AsyncIterable<Entry | readonly Entry[]>;
/** Options of `walk`. */
interface WalkOptions {
    /** Directories that are read at once, ahead of the listing; default 1. Pointless for a reader that returns arrays, not promises. */
    readonly concurrency?: number;
}
/**
 * Turns a reader of one directory into a storage's `list`: recursive, in key order, in pages.
 *
 * Directories are read ahead in parallel while the order is kept; how many entries wait is limited. A directory that cannot be read becomes a
 * problem entry in its place, and the listing goes on; the failure of the directory that was asked for rejects. Honours `recursive`, `descend` and `signal`.
 *
 * @example
 * const storage = { list: walk(directory => server.readdir(directory).map(toEntry), { concurrency: 16 }), … }
 */
declare function walk(readDirectory: ReadDirectory, options?: WalkOptions): (path: Path, options?: ListOptions) => AsyncGenerator<readonly Entry[]>;

export { type AbortOptions, type Ancestor, type Bytes, type Capabilities, type Change, type ClockDoubt, type ClockProbe, type ClockProbeOptions, type CommandFamily, type CommitOptions, ComparisonMode, type ConcurrencyLimits, type ConflictChoice, type ConflictDecision, type ConflictFacts, type ConflictHandler, type ConflictInfo, ConflictResolution, type Decorated, type Difference, type DirectoryEntry, type Entry, type Equality, type ExecuteConfig, type ExecuteContext, type ExecuteResult, ExitCode, type Explanation, type FamilyCall, type FamilyCommand, type FamilyFormat, type FamilyOption, type FamilyOptionValues, type FamilySymbols, type FamilyTone, type FileEntry, Filter, type FilterConfig, type FilterExplanation, type FilterMigration, type Fingerprint, type FolderTotals, type GuardFacts, type HashName, type IgnoreExplanation, type IgnoreFile, IgnoreFileManager, InitialSync, type JoinOptions, type Joined, type Json, type KeptTime, type Keyed, type LastRun, type LazyPage, type Learned, type LimitOptions, type ListOptions, type Lock, type LockOptions, type LockOwner, LockedError, type MemoryCapabilities, type MemoryOptions, type MemoryStorage, type MetadataChange, type ModeRow, type MovedEntry, type OpenConflict, type OpenStorageOptions, type Outcome, type Overrides, type Path, type Plan, type PlanCounts, type PlanItem, type PlanPhase, type PlanProblem, type PlanResult, type PlanSide, type ProblemEntry, type Question, type ReadDirectory, type ReadIgnoreFilesOptions, type ReadOptions, type ReadableStorage, type RecordOptions, type Refusal, type RemoveOptions, type RepeatOptions, type RetryInfo, type RetryOptions, type RuleOrigin, type Side, type SideState, type Situation, type StateChange, type StateProblem, StorageError, type StorageErrorCode, type StorageErrorOptions, type StoragePlugin, type StoredState, type SymlinkEntry, SymlinkMode, SyncAction, type SyncConfig, SyncEngine, type SyncEngineOptions, type SyncFailure, type SyncMetadata, SyncMode, type SyncOptions, SyncPair, type SyncPairOptions, SyncPauseController, type SyncProgressEvent, SyncProgressTracker, type SyncProgressTrackerOptions, type SyncResult, SyncStateManager, type SyncStateManagerOptions, type SyncStats, type SyncTotals, type SyncableEntry, type TransferItem, type TransferOptions, type TransferOutcome, type Upload, type WalkOptions, type WritableStorage, type WriteOptions, abortable, acceptRows, acquireLock, baseName, changeSince, checkPath, collect, collectText, commonHash, compareEntries, compareKeys, compareSides, compareTimes, compareUtf8, conflictCopyPath, decideConflict, decorate, decorateReadable, describeTimes, duration, examinationPrefix, execute, fingerprint, fingerprintOf, gravestExitCode, guardPlan, hasDirectoryKey, hashNameOf, isBelow, isLockedError, isOwnPath, isReplayable, isStorageError, isWritable, joinPath, limit, memory, mergeJoin, messageOf, metadataSince, modeTable, onAbort, otherSide, pairId, parentPath, parseComparisonMode, parseConflictResolution, parseInitialSync, parseSymlinkMode, parseSyncMode, pathProblem, planFromLines, planPhases, planToLines, prefix, probeClock, readIgnoreFiles, readOnly, reconcile, repeat, replayable, retry, storageErrorCodes, syncPair, temporaryPrefix, toAncestor, toBytes, trashName, untilAborted, walk };
