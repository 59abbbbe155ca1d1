// commands.d.ts
import { CommandFamily } from '@syncline/core';

/** The commands that this package brings: `syncline snapshot …`. */
declare const families: readonly CommandFamily[];

export { families };

// index.d.ts
import { Bytes, AbortOptions, Path, ReadableStorage, WritableStorage, StorageError, StoragePlugin } from '@syncline/core';

/** Bytes as text, a character per byte (latin1), so that a name of any encoding is kept. `Buffer.from(text, 'latin1')` gives the bytes back. */
type RawText = string;
/** A path in a volume, relative to its root; the root is "". A character per byte, as in {@link RawText}. */
type RawPath = string;
/** A point in time as file systems keep it. */
interface StreamTime {
    /** Since the Unix epoch; negative before. */
    readonly seconds: number;
    /** 0 to 999,999,999. */
    readonly nanoseconds: number;
}
/** Begins a volume that is sent whole. */
interface SubvolCommand {
    readonly name: 'subvol';
    /** A plain name. */
    readonly path: RawPath;
    /** Of the volume, or of the one it was itself received from. */
    readonly uuid: string;
    readonly transid: number;
}
/** Begins a volume that is sent as what changed since another. */
interface SnapshotCommand {
    readonly name: 'snapshot';
    readonly path: RawPath;
    readonly uuid: string;
    readonly transid: number;
    /** The volume to start from. */
    readonly cloneUuid: string;
    readonly cloneTransid: number;
}
/** Makes a file, a directory or something special; `rdev` and `mode` only where a kind has them. */
interface MakeCommand {
    readonly name: 'mkfile' | 'mkdir' | 'mkfifo' | 'mksock';
    readonly path: RawPath;
    readonly inode?: number;
}
/** Makes a device node. */
interface MknodCommand {
    readonly name: 'mknod';
    readonly path: RawPath;
    readonly inode?: number;
    /** Only its format bits count. */
    readonly mode: number;
    /** In Linux' "huge" encoding: the low 8 bits of the minor number, 12 bits of the major one, the rest of the minor. */
    readonly rdev: number;
}
/** Makes a symbolic link. */
interface SymlinkCommand {
    readonly name: 'symlink';
    readonly path: RawPath;
    readonly inode?: number;
    /** Where it points. */
    readonly link: RawText;
}
/** Gives something another path. */
interface RenameCommand {
    readonly name: 'rename';
    readonly path: RawPath;
    readonly to: RawPath;
}
/** Gives an existing file another name. */
interface LinkCommand {
    readonly name: 'link';
    readonly path: RawPath;
    /** The existing one. */
    readonly link: RawPath;
}
/** Removes a file or an empty directory. */
interface RemoveCommand {
    readonly name: 'unlink' | 'rmdir';
    readonly path: RawPath;
}
/** Sets an extended attribute. */
interface SetXattrCommand {
    readonly name: 'setXattr';
    readonly path: RawPath;
    readonly xattrName: RawText;
    readonly xattrData: Uint8Array;
}
/** Removes an extended attribute. */
interface RemoveXattrCommand {
    readonly name: 'removeXattr';
    readonly path: RawPath;
    readonly xattrName: RawText;
}
/** Writes a range. */
interface WriteCommand {
    readonly name: 'write';
    readonly path: RawPath;
    readonly offset: number;
    readonly data: Uint8Array;
}
/** Takes a range from a file of this volume or another one. */
interface CloneCommand {
    readonly name: 'clone';
    readonly path: RawPath;
    readonly offset: number;
    readonly cloneLength: number;
    readonly cloneUuid: string;
    readonly cloneTransid: number;
    readonly clonePath: RawPath;
    readonly cloneOffset: number;
}
/** Sets the size, in bytes. */
interface TruncateCommand {
    readonly name: 'truncate';
    readonly path: RawPath;
    readonly size: number;
}
/** Sets the permission bits. */
interface ChmodCommand {
    readonly name: 'chmod';
    readonly path: RawPath;
    readonly mode: number;
}
/** Sets owner and group. */
interface ChownCommand {
    readonly name: 'chown';
    readonly path: RawPath;
    readonly uid: number;
    readonly gid: number;
}
/** Sets the times. */
interface UtimesCommand {
    readonly name: 'utimes';
    readonly path: RawPath;
    readonly atime: StreamTime;
    readonly mtime: StreamTime;
    readonly ctime: StreamTime;
    readonly otime?: StreamTime;
}
/** The last of a stream. */
interface EndCommand {
    readonly name: 'end';
}
/** In place of `write` in a stream that was sent without data: tells what changed, and cannot be restored. */
interface UpdateExtentCommand {
    readonly name: 'updateExtent';
    readonly path: RawPath;
    readonly offset: number;
    readonly size: number;
}
/** Reserves space, or punches a hole. Announced by version 2. */
interface FallocateCommand {
    readonly name: 'fallocate';
    readonly path: RawPath;
    readonly fallocateMode: number;
    readonly offset: number;
    readonly size: number;
}
/** Sets the attributes that `chattr` knows. */
interface SetFileAttributesCommand {
    readonly name: 'setFileAttributes';
    readonly path: RawPath;
    readonly fileAttributes: number;
}
/** A range as it is stored, compressed: of the `unencodedLength` bytes it decodes to, `unencodedFileLength` from `unencodedOffset` on are written at `offset`. */
interface EncodedWriteCommand {
    readonly name: 'encodedWrite';
    readonly path: RawPath;
    readonly offset: number;
    readonly unencodedFileLength: number;
    readonly unencodedLength: number;
    readonly unencodedOffset: number;
    /** 1 zlib, 2 zstd, 3 to 7 LZO with sectors of 4 to 64 KiB; absent: as it is. */
    readonly compression?: number;
    readonly encryption?: number;
    readonly data: Uint8Array;
}
/** A command of a stream with its attributes by name. */
type StreamCommand = SubvolCommand | SnapshotCommand | MakeCommand | MknodCommand | SymlinkCommand | RenameCommand | LinkCommand | RemoveCommand | SetXattrCommand | RemoveXattrCommand | WriteCommand | CloneCommand | TruncateCommand | ChmodCommand | ChownCommand | UtimesCommand | EndCommand | UpdateExtentCommand | FallocateCommand | SetFileAttributesCommand | EncodedWriteCommand;
/** What commands are called here. */
type CommandName = StreamCommand['name'];

/**
 * The bytes that a compressed range stands for: those to be written at its `offset`.
 *
 * What decodes to less than it claims is filled with zeros, as the kernel does.
 *
 * @throws RangeError for what cannot be decoded
 */
declare function decodeRange(command: EncodedWriteCommand): Uint8Array;

/** What became of a path between the parent volume, or nothing, and the volume that is sent. */
interface PathChange {
    /** Where it is now; where it was, for what was deleted. A character per byte. */
    readonly path: RawPath;
    readonly change: 'created' | 'deleted' | 'modified' | 'attributes' | 'renamed';
    /** Where it was, if it has another name now. A directory that was renamed is told once, and what is in it only for other reasons. */
    readonly from?: RawPath;
    /** What it is, where the stream tells. */
    readonly kind?: 'file' | 'directory' | 'symlink' | 'fifo' | 'socket' | 'device';
    /** Bytes of content that the stream writes or clones there. */
    readonly bytes: number;
}
/** One volume of a stream. */
interface VolumeSummary {
    readonly name: RawPath;
    readonly uuid: string;
    readonly transid: number;
    /** The volume to start from; `undefined` for one that is sent whole. */
    readonly parent: {
        readonly uuid: string;
        readonly transid: number;
    } | undefined;
    readonly version: 1 | 2;
    /** Whether it was sent without data, so that only what changed is known. */
    readonly withoutData: boolean;
    /** How many commands there are of each kind. */
    readonly commands: Readonly<Partial<Record<CommandName, number>>>;
    /** Bytes of content, as stored in the stream. */
    readonly dataBytes: number;
    /** By path, in the order of bytes. */
    readonly changes: readonly PathChange[];
}
/** How much is told. */
interface InspectOptions {
    /** Also tell paths of which only the times are set: every one whose inode changed in any way, and each directory in which something changed. */
    readonly times?: boolean;
}
/**
 * Tells what a stream does, by path: temporary names that the kernel makes on the way do not show.
 *
 * Memory grows with the paths that changed. Content is counted and not kept.
 *
 * @throws StorageError `CORRUPT` for a stream that is damaged or unsafe
 */
declare function inspectStream(stream: Bytes, options?: InspectOptions): Promise<readonly VolumeSummary[]>;

/** The start of a stream, or one command of it. */
type StreamItem = {
    readonly kind: 'header';
    readonly offset: number;
    readonly bytes: Uint8Array;
    readonly version: 1 | 2;
} | {
    readonly kind: 'command';
    readonly offset: number;
    readonly bytes: Uint8Array;
    readonly version: 1 | 2;
    readonly command: StreamCommand;
};
/**
 * Cuts the bytes of send streams into headers and commands, and checks each: its length, its checksum, that it is known, and that it has the attributes
 * that it needs, once each and of the right size. Whether the commands make sense together, and stay inside of their volume, is for the validator.
 *
 * A file or pipe may hold several streams, one after the other. What is given out refers to the bytes that were put in; a command that lies in one
 * chunk is never copied.
 *
 * @see the kernel's fs/btrfs/send.h for the numbers; the layout was verified against `btrfs receive --dump`
 */
declare class StreamParser {
    #private;
    /** Says that no more bytes come. @throws StorageError `CORRUPT` if they ended before the stream did */
    finish(): void;
    /** Takes the next bytes and gives out what is complete. @throws StorageError `CORRUPT` */
    push(chunk: Uint8Array): Generator<StreamItem, void, undefined>;
}

/** What a stream may do. */
interface ValidateOptions {
    /** It must hold the content, not only what changed; default true. */
    readonly restorable?: boolean | undefined;
    /** Volumes, beside its own and its parent, from which ranges may be cloned, by UUID; default: any, since the receiver looks them up. */
    readonly cloneSources?: ReadonlySet<string> | undefined;
    /** Symbolic links of the volume that an incremental stream starts from. With them, writing through one is noticed too. */
    readonly symlinks?: Iterable<RawPath> | undefined;
}
/**
 * Checks that the commands of a stream make sense together and stay inside of their volume.
 *
 * `btrfs receive` does not: it follows `..`, writes through symbolic links that the stream itself made, and without a volume writes to the
 * directory it was started in. So nothing from a file or a network goes to it before it went through here.
 */
declare class StreamValidator {
    #private;
    constructor(options?: ValidateOptions);
    /** Checks the next item. @throws StorageError `CORRUPT` with the offset and what is wrong */
    check(item: StreamItem): void;
    /** Volumes so far. */
    get volumes(): number;
}
/** What is told beside the bytes. */
interface ValidatedOptions extends ValidateOptions {
    /**
     * Gives the volume another name on its way, as `withVolumeName` does but without reading everything a second time. A character per byte.
     * A second volume is refused, because it would get the same name.
     */
    readonly volumeName?: RawPath | undefined;
    /** Called with every item that was found good, as it came in, before its bytes are given out. */
    readonly onItem?: ((item: StreamItem) => void) | undefined;
}
/**
 * The same bytes, checked on their way: no byte of a header or command is given out before the whole of it was found good.
 *
 * @throws StorageError `CORRUPT` when the stream is damaged, cut off, or does what it must not
 */
declare function validated(stream: Bytes, options?: ValidatedOptions): AsyncGenerator<Uint8Array, void, undefined>;

/** The start of a stream. */
declare function encodeHeader(version: 1 | 2): Uint8Array;
/** A command as it stands in a stream, with its checksum. Attributes come in the order in which the command has them, `data` last. */
declare function encodeCommand(command: StreamCommand, version: 1 | 2): Uint8Array;
/**
 * The same stream with another name for its volume: the command that begins it is written anew, with its checksum. So a volume is received under a
 * name that says it is not complete, and gets its own when it is: a volume that can only be read can be renamed in its directory, but not moved.
 * Where the stream is checked as well, `validated` does both in one pass.
 *
 * @param name - a plain name, a character per byte
 * @throws StorageError `CORRUPT` if there is a second volume, which would get the same name
 */
declare function withVolumeName(stream: Bytes, name: RawPath): AsyncGenerator<Uint8Array, void, undefined>;

/** What of a path could not be carried out. */
interface Unapplied {
    /** In the volume, as it is named at the end; the root is "". A character per byte. */
    readonly path: RawPath;
    /**
     * `node`: it is not there at all, as nothing of its kind can be made. `name`: it is not there, as it cannot have this name. `content`: it is not there, as its
     * content was never kept. `links`: it is there, but as a file of its own instead of a further name of another. The others name what it lacks.
     */
    readonly what: 'node' | 'name' | 'content' | 'links' | 'owner' | 'mode' | 'times' | 'xattr' | 'flags' | 'space';
    /** A sentence for people. */
    readonly reason: string;
}

/** Options of {@link applyStream}. */
interface ApplyOptions extends AbortOptions {
    /**
     * Directories of volumes that the stream starts or clones from, by UUID as streams have it. Volumes that were applied to the same directory are found
     * without.
     */
    readonly volumes?: ReadonlyMap<string, string> | undefined;
    /** The program for what Node has no call for; default "python3". Where it is missing, `mknod`, `setfattr` and `touch` take its place. */
    readonly python?: string | undefined;
}
/** A volume that was put together. */
interface AppliedVolume {
    /** A character per byte. */
    readonly name: RawText;
    readonly uuid: string;
    readonly transid: number;
    /** `undefined` for one that was sent whole. */
    readonly parent: {
        readonly uuid: string;
        readonly transid: number;
    } | undefined;
    /** What could not be carried out, by path; empty if the volume is what was sent, in everything that can be set. */
    readonly unapplied: readonly Unapplied[];
}
/**
 * Applies send streams to a plain directory of any file system: each volume becomes a directory of its name in it, as `btrfs receive` makes a subvolume.
 *
 * Nothing is seen under those names before the whole input was read and found good; after an error nothing is left. An increment is applied to a copy of
 * its parent, which shares blocks where the file system can. Nothing is read or written outside, whatever the stream says and whatever links there are.
 *
 * Everything that a stream carries is set: content with its holes, modes, owners, times, symbolic and hard links, pipes, sockets, devices and extended
 * attributes. What the system or the user may not do is told in `unapplied`. Times of creation and change cannot be set by anybody.
 *
 * @param directory - an existing one
 * @returns the volumes, in the order of the stream
 * @throws StorageError `CORRUPT` for a stream that is damaged, unsafe, or does not fit its parent; `NOT_FOUND` for a missing parent, `ALREADY_EXISTS` for a name
 *   that is taken, `NO_SPACE`, `PERMISSION_DENIED`
 */
declare function applyStream(stream: Bytes, directory: string, options?: ApplyOptions): Promise<readonly AppliedVolume[]>;

/** Which content a dump has: a volume at one moment, whole or as what changed since another. */
interface DumpIdentity {
    /** Of the volume, or of the one it was itself received from. */
    readonly uuid: string;
    /** The transaction in which the volume was last changed: with the UUID it names the content. */
    readonly ctransid: number;
    /** The volume to start from; absent for a dump that is whole. */
    readonly parentUuid?: string;
    readonly parentCtransid?: number;
}

/** A piece of a dump, by which damage is found, and what is stored already is known. */
interface DumpPart {
    readonly bytes: number;
    /** Lower-case hex. */
    readonly sha256: string;
}
/**
 * What is kept beside a dump, as JSON. It is written when the dump is complete and durable, so a dump that has one is whole.
 */
interface DumpRecord extends DumpIdentity {
    /** Where the volume was below its root, or its name; a character per byte. */
    readonly name: RawPath;
    /** Of the format of the stream. */
    readonly version: 1 | 2;
    /** Of the file. */
    readonly bytes: number;
    readonly sha256: string;
    /** In the order of the file. */
    readonly parts: readonly DumpPart[];
    /** How many commands of each kind the stream has. */
    readonly commands: Readonly<Partial<Record<CommandName, number>>>;
    /** ISO 8601, UTC. */
    readonly created: string;
    /** What the stream went through before it was stored; absent: it is stored as it was sent. */
    readonly pipeline?: string;
    readonly complete: true;
}

/** A dump in a directory of dumps. */
interface Dump extends DumpIdentity {
    /** In its storage. */
    readonly path: Path;
    /** Of the volume; a character per byte. */
    readonly name: RawPath;
    /** Of the file. */
    readonly bytes: number;
    /** Absent: nothing says that it is whole. It was made by something else, or by a run that broke off. */
    readonly record?: DumpRecord;
}
/** Something in a directory of dumps that is not as it should be. */
interface DumpProblem {
    readonly path: Path;
    /** A sentence for people. */
    readonly reason: string;
}
/** What a directory of dumps holds. */
interface DumpIndex {
    /** In the order of their paths. */
    readonly dumps: readonly Dump[];
    /** Uploads that broke off: where each dump would be, and since when. */
    readonly unfinished: readonly {
        readonly path: Path;
        readonly begun: string;
    }[];
    readonly problems: readonly DumpProblem[];
}
/** Options of {@link readDumps}. */
interface ReadDumpsOptions extends AbortOptions {
    /** A dump in the directory, whatever it is called. Of the others only those beside it are read, not what is below. */
    readonly file?: Path | undefined;
}
/**
 * Tells which volumes a directory and what is below it hold dumps of, from their records, and from the first command of those that have none.
 *
 * Costs a listing and one small read per dump. Whether their content is sound is for {@link verifyDumps}.
 */
declare function readDumps(storage: ReadableStorage, { file, ...options }?: ReadDumpsOptions): Promise<DumpIndex>;

/** The volumes that have to be there before others, or why there is no way to them. */
type Chain = 
/** From the first that is needed to the one that was asked for. */
{
    readonly dumps: readonly Dump[];
    readonly base?: string;
}
/** A volume that is needed and that nothing has. */
 | {
    readonly missing: string;
};
/**
 * Finds how to get from nothing, or from a volume that is there, to each volume of some dumps, in as few steps as there may be.
 *
 * @param present - volumes that are there already, by the UUID in their stream: nothing needs to be restored for what starts from them
 */
declare class Chains {
    #private;
    constructor(dumps: readonly Dump[], present?: ReadonlySet<string>);
    /** The way to a dump's volume, the dump itself included: other dumps of the same volume are not taken for it. */
    to(dump: Dump): Chain;
    /** The shortest way to the volume that a dump holds, by that dump or another one of it; nothing if there is none. */
    of(dump: Dump): readonly Dump[];
}

/** Undoes what a dump went through before it was stored. @param dump - `dump.record.pipeline` tells what that was */
type DumpDecoder = (content: Bytes, dump: Dump, options: AbortOptions) => Bytes;
/** How to read dumps. */
interface DumpContentOptions extends AbortOptions {
    /** Needed for dumps that went through a pipeline. */
    readonly decode?: DumpDecoder | undefined;
}
/**
 * The send stream of a dump, checked on its way: every command by its checksum and for what it may do, the file by its length and its hash, and that it
 * is the volume that the dump is said to have. The last bytes are given out when all of that holds, so a receiver that got them got no other.
 *
 * @throws StorageError `CORRUPT`; `NOT_SUPPORTED` for a dump that went through a pipeline, without a way back
 */
declare function dumpContent(storage: ReadableStorage, dump: Dump, options?: DumpContentOptions): AsyncGenerator<Uint8Array, void, undefined>;

/** A subvolume as a root lists it. Plain data: it survives `JSON.stringify`. */
interface Subvolume {
    /** In lower case with dashes. */
    readonly uuid: string;
    /** Of the subvolume that it was made from as a snapshot; that may be gone. */
    readonly parentUuid?: string | undefined;
    /** Of the subvolume that it is a received copy of: the same content, wherever that is. */
    readonly receivedUuid?: string | undefined;
    /** Of the file system when it last changed. */
    readonly generation?: number | undefined;
    /** Of the file system when it was made. */
    readonly createdGeneration?: number | undefined;
    /** Number in its file system; ascending in the order in which subvolumes were made. */
    readonly id?: number | undefined;
    /** Relative to the root, a character per byte; `undefined` for what lies elsewhere in the file system and cannot be reached through the root. */
    readonly path?: RawPath | undefined;
    /** Whether nobody can change it. Only these are sent, and only these count as copies. */
    readonly readonly: boolean;
    /** Whether the root can send it, or send others as changes against it. */
    readonly sendable: boolean;
    /** Whether its name says that it is being received, or was and nobody finished it: it counts as nothing. */
    readonly unfinished?: true | undefined;
    /** Why it can be neither sent nor compared, in words for people. */
    readonly problem?: string | undefined;
}
/** What is known of one subvolume. */
interface SubvolumeDetails extends Subvolume {
    /** Where it lies in its file system; the top level is "". */
    readonly treePath: RawPath;
    /** Milliseconds since the Unix epoch, in whole seconds. */
    readonly created?: number | undefined;
}
/** The name of what a path leads to. */
declare function nameOf(path: RawPath): RawPath;
/** The directory of a path; "" at the root. */
declare function directoryOf(path: RawPath): RawPath;
/** The UUID that a send stream carries for a subvolume, and that its copy has as received UUID: that of the first of all copies. */
declare function streamUuid(volume: Pick<Subvolume, 'uuid' | 'receivedUuid'>): string;

/** What to send beside the subvolumes themselves. */
interface SendOptions extends AbortOptions {
    /** Send what changed since this subvolume, which the receiver must have. Relative to the root. */
    readonly parent?: RawPath | undefined;
    /** Subvolumes that the receiver also has, and may share extents with. Relative to the root. */
    readonly clones?: readonly RawPath[] | undefined;
}
/** A send stream on its way. */
interface SendFlow {
    /**
     * The stream, pulled: nothing is read ahead beyond what the system buffers. The sender starts when the reading does, and ends when the reader leaves.
     *
     * Throws when the sender fails.
     */
    readonly bytes: Bytes;
    /**
     * The same, faster, instead: for those who are done with a chunk when they ask for the next one, since its memory is used again. Absent where there is
     * no such way.
     */
    readonly lent?: Bytes | undefined;
    /**
     * Settles when the sender has ended: rejects with what it said when it did not succeed, also where the reader left before. It never rejects unheard:
     * whoever only reads may ignore it.
     */
    readonly done: Promise<void>;
}
/** What a stream that is received holds. */
interface ReceiveMeta {
    /** In the order of the stream; none if it is not known what it holds, and then anything may come. */
    readonly volumes: readonly Subvolume[];
    /** What they were sent as changes against. */
    readonly parent?: Subvolume | undefined;
    /** What they may share extents with. */
    readonly clones?: readonly Subvolume[] | undefined;
}
/** How to receive. */
interface ReceiveOptions extends AbortOptions {
    /** Make the directory that is received into. */
    readonly create?: boolean | undefined;
    /** The chunks are used again once the next one is asked for. Given to those only who {@link BtrfsRoot.borrows | borrow}. */
    readonly lent?: boolean | undefined;
}
/** What was found of transfers that were broken off. Paths are relative to the root. */
interface Recovery {
    /** Half-received subvolumes of ours, which are deleted now. */
    readonly removed: readonly RawPath[];
    /** Completely received ones that had not got their name, and have it now. */
    readonly finished: readonly RawPath[];
    /** What could not be dealt with, and why, in words for people. */
    readonly left: readonly string[];
}
/**
 * A place that subvolumes are sent from or received into: a subvolume of a btrfs file system here or on another host, or a directory of dumps.
 *
 * Paths are relative to the root, without "." and "..", a character per byte; the root is "".
 */
interface BtrfsRoot {
    /** For people: the path, with user and host in front where it is on another host. */
    readonly name: string;
    /** Whether {@link receive} takes chunks whose memory is used again once it asks for the next one. Default: no. */
    readonly borrows?: boolean | undefined;
    /**
     * All subvolumes that may matter, in the order in which they were made.
     *
     * @throws StorageError what the file system or the host said
     */
    list(options?: AbortOptions): Promise<readonly Subvolume[]>;
    /** The subvolume at a path; `undefined` if nothing is there. @throws StorageError `NOT_SUPPORTED` if something else is there */
    show(path?: RawPath, options?: AbortOptions): Promise<SubvolumeDetails | undefined>;
    /** Sends subvolumes as one stream after the other. @throws StorageError `NOT_SUPPORTED` where nothing can be sent from */
    send(paths: readonly RawPath[], options?: SendOptions): SendFlow;
    /**
     * Receives into a directory. Resolves when all of it is there, complete, verified and durable under the names that the stream has for its volumes;
     * until then nothing has these names. Of several volumes, those that were complete before something failed have theirs.
     *
     * @throws StorageError `ALREADY_EXISTS` before anything is written if a name is taken, `CORRUPT` if the stream is not what it should be, `NOT_SUPPORTED` where nothing can be received
     */
    receive(flow: Bytes, path: RawPath, meta: ReceiveMeta, options?: ReceiveOptions): Promise<void>;
    /** Deals with what transfers left that were broken off. Touches only what this package made, and nothing that is being received. */
    recover?(volumes: readonly Subvolume[], options?: AbortOptions): Promise<Recovery>;
    /** Writes to disk what programs have written, so that generations tell of it. */
    sync?(options?: AbortOptions): Promise<void>;
    /** Makes a read-only snapshot, durably. Replaces nothing. @throws StorageError `ALREADY_EXISTS` if something has the name */
    snapshot?(from: RawPath, to: RawPath, options?: AbortOptions): Promise<void>;
    /** Deletes a subvolume that can only be read, durably. @throws StorageError `PRECONDITION_FAILED` if another one, or something else, is there */
    remove?(volume: Subvolume, options?: AbortOptions): Promise<void>;
    close?(): Promise<void>;
}
/** A root, and a place in it. */
interface RootPath {
    readonly root: BtrfsRoot;
    /** Relative to the root; "" is the root. */
    readonly path: RawPath;
}
/** How roots of one kind are found. */
interface RootFactory {
    /**
     * The root that a path lies in. The path itself need not be there.
     *
     * @param path - as the system of the root names it
     * @throws StorageError `NOT_SUPPORTED` if there is none
     */
    getRoot(path: string, options?: AbortOptions): Promise<RootPath>;
    /** Whether a path is a root itself. */
    isRoot(path: string, options?: AbortOptions): Promise<boolean>;
    /** Gives back what the roots share: a connection. They are of no use afterwards. */
    close(): Promise<void>;
}

/** What a dump goes through on its way to the storage: compression, encryption. */
interface DumpEncoding {
    /** What the record says of it, e.g. `zstd | gpg -e`. It must hold no secret. */
    readonly pipeline: string;
    /** Behind the names of such dumps, e.g. `.zst.gpg`. */
    readonly extension: string;
    /** Must reject rather than give out less, or something else, than it should. */
    readonly encode: (stream: Bytes, options: AbortOptions) => Bytes;
}
/** Options of {@link writeDumps}. */
interface WriteDumpsOptions extends AbortOptions {
    /** Where the volumes were below their root, in the order of the flow; default the names in the flow. A character per byte. */
    readonly names?: readonly (RawPath | undefined)[] | undefined;
    /** Called before anything is done for a volume, with its place in the flow: may refuse it by throwing. */
    readonly onVolume?: ((identity: DumpIdentity, index: number) => void) | undefined;
    readonly encoding?: DumpEncoding | undefined;
    /** The clock, in milliseconds since the Unix epoch; default `Date.now`. */
    readonly now?: (() => number) | undefined;
    /** Called as bytes are on their way to the storage, with all so far. */
    readonly onProgress?: ((bytes: number) => void) | undefined;
}
/** How the dump of one volume ended. */
interface WrittenDump {
    readonly path: Path;
    readonly record: DumpRecord;
    /**
     * `written`; `resumed`: parts of an upload that broke off were used; `adopted`: it was there without a record, was read, and found whole;
     * `present`: it was there.
     */
    readonly outcome: 'written' | 'resumed' | 'adopted' | 'present';
}
/**
 * Keeps what `btrfs send` gives as files on any storage, one for each volume, with a record beside it.
 *
 * Every command is checked on the way. A dump appears when it is whole, and its record, which is written last, says so: what lacks one is not used as a
 * parent. Where the storage takes uploads, one that broke off goes on the next time, in this process or a later one: the send begins anew, and
 * parts that come out as they are stored are not sent again. A dump never replaces another one; one that is there is not written again.
 *
 * @param storage - the directory of the dumps; `prefix` of the core makes one of a directory
 * @throws StorageError `CORRUPT` if the flow is damaged, cut off or unsafe; whatever the storage says
 * @example
 * await writeDumps(fs('/backup/dumps'), createReadStream('s1.stream'))
 */
declare function writeDumps(storage: WritableStorage, flow: Bytes, options?: WriteDumpsOptions): Promise<readonly WrittenDump[]>;

/** Options of {@link DumpRoot}. */
interface DumpRootOptions {
    /** Where the dumps are to be restored some day: what is there is not dumped, and changes are dumped against it. */
    readonly destination?: BtrfsRoot | undefined;
    readonly encoding?: DumpEncoding | undefined;
    /** Called as bytes are on their way to the storage. */
    readonly onProgress?: ((bytes: number) => void) | undefined;
}
/**
 * A directory on any storage that volumes are received into as dumps. A volume whose dump is there and complete is known the next time, by its UUID: it is
 * not dumped again, and later ones are dumped as changes against it.
 */
declare class DumpRoot implements BtrfsRoot {
    #private;
    readonly name: string;
    constructor(storage: WritableStorage, options?: DumpRootOptions);
    list(options?: AbortOptions): Promise<readonly Subvolume[]>;
    show(path?: RawPath, options?: AbortOptions): Promise<SubvolumeDetails | undefined>;
    send(): SendFlow;
    receive(flow: Bytes, path: RawPath, { volumes }: ReceiveMeta, { create, signal }?: ReceiveOptions): Promise<void>;
}

/** Options of {@link FileRoot}. */
interface FileRootOptions {
    /** Undoes what dumps went through before they were stored. */
    readonly decode?: DumpDecoder | undefined;
    /** Only this dump is sent of its volume, whatever it is called; those beside it are what it may start from. Default: all of the directory. */
    readonly file?: Path | undefined;
}
/**
 * Dumps as volumes that can be sent: a directory of them, on any storage. What is there is known by its UUID, so what the destination has is not sent again,
 * and a dump of changes comes after what it starts from.
 */
declare class FileRoot implements BtrfsRoot {
    #private;
    readonly name: string;
    constructor(storage: ReadableStorage, { decode, file }?: FileRootOptions);
    list(options?: AbortOptions): Promise<readonly Subvolume[]>;
    show(path?: RawPath, options?: AbortOptions): Promise<SubvolumeDetails | undefined>;
    send(paths: readonly RawPath[], { parent, signal }?: SendOptions): SendFlow;
    receive(): Promise<void>;
}

/** What has to be done, in which order, to have some volumes again. Plain data: nothing has happened yet. */
interface RestorePlan {
    /** What a step starts from comes before it, or is there. */
    readonly steps: readonly Dump[];
    /** What is there already. */
    readonly present: readonly Dump[];
    /** What cannot be restored, and the volume at the far end that nothing leads to. */
    readonly missing: readonly {
        readonly dump: Dump;
        readonly volume: string;
    }[];
}
/** What to plan. */
interface RestorePlanOptions {
    /** Which volumes are wanted; default all. What they start from comes with them. */
    readonly select?: ((dump: Dump) => boolean) | undefined;
    /** Volumes that are there already, by the UUID in their stream. */
    readonly present?: ReadonlySet<string> | undefined;
}
/** Plans a restore. Pure. Of several dumps of one volume, the one that needs the fewest others is taken. */
declare function planRestore(dumps: readonly Dump[], { select, present }?: RestorePlanOptions): RestorePlan;

/** How dumps are restored. */
interface RestoreOptions extends DumpContentOptions, Pick<RestorePlanOptions, 'select'> {
    /** Called before a step begins. */
    readonly onStep?: ((dump: Dump, index: number, plan: RestorePlan) => void) | undefined;
}
/** What came of a restore. */
interface RestoreReport<R> {
    readonly plan: RestorePlan;
    /** What was restored, in order, and what the target says of it. */
    readonly restored: readonly {
        readonly dump: Dump;
        readonly result: R;
    }[];
    /** What was not, and why; what starts from that among them. A chain that fails stops no other. */
    readonly failed: readonly {
        readonly dump: Dump;
        readonly error: unknown;
    }[];
    /** What lies with the dumps and cannot be read. */
    readonly problems: readonly DumpProblem[];
}
/** How dumps are restored to btrfs. */
interface RestoreToBtrfsOptions extends RestoreOptions {
    /** Where to, relative to the root; default the root. */
    readonly path?: RawPath | undefined;
    /** Make the directories that the volumes were in; needed where several have the same name. */
    readonly replicateDirectories?: boolean | undefined;
}
/**
 * Restores dumps as subvolumes. What the file system has, is not received again, and increments start from it.
 *
 * @returns for each what it is there
 */
declare function restoreToBtrfs(storage: ReadableStorage, root: BtrfsRoot, options?: RestoreToBtrfsOptions): Promise<RestoreReport<RawPath>>;

/** Options of {@link applyToStorage}. */
interface ApplyToStorageOptions extends AbortOptions {
    /**
     * Directories of the storage with volumes that the stream starts or clones from, by UUID as streams have it. Volumes that were applied to the same storage
     * are found without.
     */
    readonly volumes?: ReadonlyMap<string, Path> | undefined;
    /** A local directory with space for every file that the stream writes to; default that of temporary files. */
    readonly spool?: string | undefined;
}
/**
 * Applies send streams to any storage, with what it can hold: files, directories, symbolic links, modes, and times to the millisecond. Each volume becomes a
 * directory of its name. What the storage cannot hold is told by path in `unapplied`.
 *
 * A stream writes its files in pieces, and in any order. So they are put together in a local directory, and each is written once, after the whole input was read
 * and found good. An increment makes a volume of its own beside its parent: what did not change is copied by the storage itself where it can. Names of one file
 * become files of their own, and stay together in the increments that follow; for this, and to find parents, a record of each volume is kept in
 * `.syncline-volumes`. Memory grows with the paths of a volume.
 *
 * Where the storage can move directories, a volume is written under another name and moved to its own when it is whole. Elsewhere its files appear one by one,
 * and are removed after an error; only a volume with a record is whole.
 *
 * @returns the volumes, in the order of the stream
 * @throws StorageError `CORRUPT` for a stream that is damaged, unsafe, or does not fit its parent; `NOT_FOUND` for a missing parent, `ALREADY_EXISTS` for a name
 *   that is taken, and what the storage rejects with
 */
declare function applyToStorage(stream: Bytes, storage: WritableStorage, options?: ApplyToStorageOptions): Promise<readonly AppliedVolume[]>;

/** How dumps are restored to a directory. */
interface RestoreToDirectoryOptions extends RestoreOptions, Pick<ApplyOptions, 'python'> {
    /** Make the directories that the volumes were in; needed where several have the same name. */
    readonly replicateDirectories?: boolean | undefined;
}
/**
 * Restores dumps as directories of any file system, each volume under its name. The directory is made if it is missing. What was restored there before is
 * not restored again, and increments start from it.
 *
 * @returns for each what could not be carried out
 */
declare function restoreToDirectory(storage: ReadableStorage, directory: string, options?: RestoreToDirectoryOptions): Promise<RestoreReport<readonly AppliedVolume[]>>;
/** How dumps are restored to a storage. */
interface RestoreToStorageOptions extends RestoreOptions, Pick<ApplyToStorageOptions, 'spool'> {
    /** Call each volume by its whole path, as one name, e.g. `1%2fsnapshot`; needed where several have the same name. */
    readonly wholeNames?: boolean | undefined;
}
/**
 * Restores dumps as directories of any storage, with what that can hold. What was restored there before is not restored again, and increments start from
 * it.
 *
 * @param target - where to; not where the dumps are
 * @returns for each what the storage cannot hold
 */
declare function restoreToStorage(storage: ReadableStorage, target: WritableStorage, options?: RestoreToStorageOptions): Promise<RestoreReport<readonly AppliedVolume[]>>;

/** Ends the upload of a dump that broke off, and forgets it. That the store has forgotten it already is fine. */
declare function abandonUpload(storage: WritableStorage, dump: Path, options?: AbortOptions): Promise<void>;

/**
 * Deletes a dump: its record first, so that it is never taken for whole while it goes. Whether another one needs it is for {@link planRetention}.
 *
 * @throws StorageError `PRECONDITION_FAILED` if something else has its name by now
 */
declare function removeDump(storage: WritableStorage, dump: Dump, { signal }?: AbortOptions): Promise<void>;

/** Options of {@link verifyDumps}. */
interface VerifyDumpsOptions extends AbortOptions {
    /** Only these; default all. Their parents are looked for among all. */
    readonly select?: ((dump: Dump) => boolean) | undefined;
    /** Volumes that are elsewhere, by the UUID in their stream, so that what starts from them is not called incomplete. */
    readonly present?: ReadonlySet<string> | undefined;
    /** Without it, what went through a pipeline is compared with its hash only. */
    readonly decode?: DumpDecoder | undefined;
    /** Called as bytes were read, with all so far. */
    readonly onProgress?: ((bytes: number) => void) | undefined;
}
/** What was found of one dump. */
interface DumpCheck {
    readonly dump: Dump;
    /** Sentences for people; none: it can be restored. */
    readonly problems: readonly string[];
}
/** What was found in a directory of dumps. */
interface DumpReport {
    readonly checks: readonly DumpCheck[];
    /** What is there and is no dump that could be checked. */
    readonly problems: readonly DumpProblem[];
    readonly unfinished: DumpIndex['unfinished'];
    /** Whether nothing is wrong with anything. An upload that broke off is nothing wrong. */
    readonly isSound: boolean;
}
/**
 * Reads dumps to the last byte and tells what is wrong with them: a file that is not what was written, and where; a stream that is damaged, or not of the
 * volume that it should be of; a parent that nothing has, or whose dump is damaged itself.
 */
declare function verifyDumps(storage: ReadableStorage, options?: VerifyDumpsOptions): Promise<DumpReport>;

/** A subvolume with what it came from by copy on write, and what came from it. As JSON it is the subvolume alone. */
declare class CowVolume implements Subvolume {
    #private;
    readonly uuid: string;
    readonly parentUuid: string | undefined;
    readonly receivedUuid: string | undefined;
    readonly generation: number | undefined;
    readonly createdGeneration: number | undefined;
    readonly id: number | undefined;
    readonly path: RawPath | undefined;
    readonly readonly: boolean;
    readonly sendable: boolean;
    readonly unfinished: true | undefined;
    readonly problem: string | undefined;
    constructor(volume: Subvolume, parent: CowVolume | undefined);
    /** The nearest that it came from, of those that count; what does not count is seen through. */
    get parent(): CowVolume | undefined;
    /** Those that it is the parent of, in the order in which they were made. */
    get successors(): readonly CowVolume[];
}
/**
 * The subvolumes of a file system, as what came from what by copy on write.
 *
 * Only volumes that count have a place in it: read-only ones usually. The parent of a volume is, in this order: what it is a snapshot of, if that counts;
 * the latest earlier snapshot of the same that counts; the parent of what it is a snapshot of. So the snapshots of a directory in use form a chain, also
 * when that is deleted, and changes are small from link to link.
 */
declare class CowTree {
    #private;
    /** Those without a parent. */
    readonly roots: readonly CowVolume[];
    /**
     * @param volumes - in the order in which they were made
     * @param counts - which may be sent, or sent against; default: what is sendable
     */
    constructor(volumes: readonly Subvolume[], counts?: (volume: Subvolume) => boolean);
    /** The volume of a UUID, if it counts. */
    get(uuid: string): CowVolume | undefined;
    /** A volume, and all that came from it, each before what came from it. */
    static dfs(volume: CowVolume): Generator<CowVolume, void, undefined>;
    /** Volumes in groups: the given ones, what came from them directly, and so on. Within a group none depends on another. */
    static bfs(volumes: readonly CowVolume[]): Generator<readonly CowVolume[], void, undefined>;
    /** The volume itself, its parent, and so on. */
    static ancestors(volume: CowVolume): Generator<CowVolume, void, undefined>;
}

/** What makes two subvolumes equal: any of these values that is there and the same. */
type KeyFunction = (volume: Subvolume) => string | null | undefined;
/** The UUID and the received UUID. */
declare const defaultKeys: readonly KeyFunction[];
/** For UUIDs of one side what is equal to them on the other. */
type Matches = ReadonlyMap<string, readonly CowVolume[]>;
/**
 * Finds which volumes are equal on two sides, over all that comes from the given roots. Names and paths play no role.
 *
 * @returns for each volume of the first side that has any, its equals on the second
 */
declare function matchVolumes(ours: readonly CowVolume[], theirs: readonly CowVolume[], ourKeys: readonly KeyFunction[], theirKeys: readonly KeyFunction[]): Matches;

/** What is to be transferred at once, and how. Plain data. */
interface PlannedTransfer {
    /** More than one only in a batch: they have one parent, and lie in one directory. */
    readonly volumes: readonly Subvolume[];
    /** They are sent as changes against it; `undefined`: whole. */
    readonly parent?: Subvolume | undefined;
    /** Tried in turn if the destination cannot find the parent; whole comes last. */
    readonly otherParents: readonly Subvolume[];
    /** What both sides have, and extents may be shared with. */
    readonly clones: readonly Subvolume[];
    /** Transfers of a group do not depend on each other, only on those of groups before. */
    readonly group: number;
    /** Why so, in words for people. */
    readonly why: string;
    /** Where it goes, relative to the destination. */
    readonly target?: RawPath | undefined;
}
/** What a replication will do. Nothing has happened yet. */
interface ReplicationPlan {
    /** Name of the source's root. */
    readonly source: string;
    /** Name of the destination's root. */
    readonly destination: string;
    /** In the order in which they are carried out. */
    readonly transfers: readonly PlannedTransfer[];
    /** How many volumes that were asked for are at the destination. */
    readonly present: number;
    /** What cannot be transferred, and why, in words for people. Running the plan does not succeed then. */
    readonly problems: readonly string[];
}

/** A command that failed, and what it said. */
interface CommandFailure {
    /** As a shell would take it, with the host in front if it is not this one. */
    readonly command: string;
    readonly code: number | null;
    readonly signal: string | null;
    readonly stderr: string;
}
/**
 * What commands of btrfs, or the programs that lead to them, failed with. Names every command and quotes what it wrote to standard error.
 *
 * Recognise it as a `StorageError`, by its code.
 */
declare class BtrfsError extends StorageError {
    readonly failures: readonly CommandFailure[];
    /** What is there now, in words for people. */
    readonly found: string | undefined;
    /** Whether the receiver lacks what the changes are against. */
    readonly missesParent: boolean;
    /** Whether the receiver lacks what extents are shared with. */
    readonly missesClone: boolean;
    /**
     * @param what - what was tried, as the start of a sentence
     * @param cause - what was noticed beside the commands: a stream that is damaged
     * @param found - what is there now, in words for people
     */
    constructor(what: string, failures: readonly CommandFailure[], cause?: unknown, found?: string);
}

/** What to know beside volumes, parent and roots. */
interface TransfOptions extends AbortOptions {
    /** Subvolumes that both sides have, and that extents may be shared with. */
    readonly clones?: readonly Subvolume[] | undefined;
    /** Whether something else will be tried after this error: then it is not logged. */
    readonly triesAgain?: ((error: BtrfsError) => boolean) | undefined;
}
/** What {@link BtrSync.sync} needs of a transfer. */
interface TransferLike {
    transf(vols: readonly Subvolume[], par: Subvolume | undefined, src: BtrfsRoot, dst: BtrfsRoot, options?: TransfOptions): Promise<void>;
    err(error: unknown, ...args: readonly unknown[]): void;
    tryGather<T>(...tasks: readonly ((signal: AbortSignal) => Promise<T>)[]): Promise<readonly T[]>;
    /** Something that people may want to know, and that is no error. */
    note?(text: string): void;
    /** Where a volume goes, relative to the destination. */
    targetOf?(volume: Subvolume): RawPath;
}
/** How to transfer. */
interface TransferOptions {
    /** Where to receive, relative to the destination; default: there. */
    readonly recvpath?: RawPath | undefined;
    /** Make the directories of the source below `recvpath`. */
    readonly replicateDirs?: boolean | undefined;
    /** Make `recvpath` if it is not there. Default: as `replicateDirs`. */
    readonly createRecvpath?: boolean | undefined;
    /** Where errors go; default: standard error. */
    readonly onError?: ((error: unknown, ...args: readonly unknown[]) => void) | undefined;
    /** Where notes go; default: nowhere. */
    readonly onNote?: ((text: string) => void) | undefined;
}
/** Thrown by a transfer that has failed, after it has logged why. The cause is that error. */
declare class TransferAborted extends Error {
    readonly name = "TransferAborted";
    constructor(cause: unknown);
}
/** A quiet transfer, as {@link BtrSync.sync} expects one. Override what should be told or done otherwise. */
declare class Transfer implements TransferLike {
    #private;
    constructor({ recvpath, replicateDirs, createRecvpath, onError, onNote }?: TransferOptions);
    /** Called with every error; logs it and returns. */
    err(error: unknown, ...args: readonly unknown[]): void;
    /** Called with what people may want to know, and what is no error. */
    note(text: string): void;
    /** Called at the start of a transfer. */
    report(_vols: readonly Subvolume[], _par: Subvolume | undefined, _src: BtrfsRoot, _dst: BtrfsRoot): Promise<void>;
    /** Called at the end of a transfer that succeeded. */
    reportDone(_vols: readonly Subvolume[], _par: Subvolume | undefined, _src: BtrfsRoot, _dst: BtrfsRoot): Promise<void>;
    /** Waits for a promise. @throws TransferAborted if it rejects, after {@link err} was told why */
    tryAwait<T>(promise: PromiseLike<T>): Promise<T>;
    /**
     * Runs tasks beside each other. When one fails the others are aborted, and all are waited for; every error is given to {@link err}, but not those that
     * are the abort itself.
     *
     * @throws TransferAborted with the first error
     */
    tryGather<T>(...tasks: readonly ((signal: AbortSignal) => Promise<T>)[]): Promise<readonly T[]>;
    /** Where a volume goes, relative to the destination. */
    targetOf(volume: Subvolume): RawPath;
    /** The bytes on their way; whoever counts them puts itself in between. A chunk may be used again once the next one is asked for: what is kept is copied. */
    protected flow(bytes: Bytes, _vols: readonly Subvolume[]): Bytes;
    /**
     * Transfers volumes that go to one directory.
     *
     * @param par - what the receiver has, and they are sent as changes against
     * @throws TransferAborted if anything fails, after {@link err} was told; the reason after an abort
     */
    transf(vols: readonly Subvolume[], par: Subvolume | undefined, src: BtrfsRoot, dst: BtrfsRoot, options?: TransfOptions): Promise<void>;
}

/** What makes volumes of the two sides equal. */
interface BtrSyncOptions {
    /** Applied to the volumes of the source; default: UUID and received UUID. */
    readonly srckeys?: readonly KeyFunction[] | null | undefined;
    /** Applied to the volumes of the destination; default: UUID and received UUID. */
    readonly dstkeys?: readonly KeyFunction[] | null | undefined;
}
/** What to replicate. Functions stand in for the methods of the same name. */
interface ReplicateOptions extends AbortOptions {
    /** Transfer volumes with one parent from one directory together. */
    readonly batch?: boolean | undefined;
    /** Also transfer volumes that are at the destination. */
    readonly transferExisting?: boolean | undefined;
    /** Tell the sender what else both sides have, so that it can share extents with it. It takes the kernel time to find them. Default: no. */
    readonly clones?: boolean | undefined;
    readonly volgroups?: ((roots: readonly CowVolume[]) => Iterable<readonly CowVolume[]>) | undefined;
    readonly target?: ((vol: CowVolume) => boolean) | undefined;
    readonly parent?: ((vol: CowVolume) => CowVolume | undefined) | undefined;
    readonly check?: ((vol: CowVolume, parent: CowVolume | undefined) => boolean) | undefined;
}
/** How to carry out a plan. */
interface RunOptions extends AbortOptions {
    /** Run transfers that do not depend on each other beside each other: so many at a time, or four. Default: one after the other. */
    readonly parallel?: boolean | number | undefined;
    readonly check?: ReplicateOptions['check'];
    readonly stop?: ((vols: readonly Subvolume[]) => boolean) | undefined;
}
/** What to replicate, and how. */
interface SyncOptions extends ReplicateOptions, RunOptions {
    readonly check?: ReplicateOptions['check'];
}
/**
 * Replicates read-only subvolumes from one root to another, as what changed since what both have wherever that can be done.
 *
 * Override the methods, or give functions to {@link BtrSync.sync}, to choose otherwise.
 *
 * @example
 * const roots = defaultRoot('local')()
 * const [source, destination] = await Promise.all([roots.getRoot('/mnt/pool'), roots.getRoot('/mnt/backup')])
 * const isDone = await new BtrSync(source.root, destination.root).sync(new Transfer({ recvpath: destination.path }))
 */
declare class BtrSync {
    #private;
    constructor(src: BtrfsRoot, dst: BtrfsRoot, { srckeys, dstkeys }?: BtrSyncOptions);
    /** The given volumes and all that came from them, in groups whose volumes do not depend on each other. */
    volgroups(roots: readonly CowVolume[]): Iterable<readonly CowVolume[]>;
    /** Whether a volume is to be considered. */
    target(_vol: CowVolume): boolean;
    /** The nearest that a volume came from, of those that the destination has, beginning with the volume itself; `undefined`: it is sent whole. */
    parent(vol: CowVolume): CowVolume | undefined;
    /** Whether a volume is to be sent as what changed since the parent, or whole if that is `undefined`. */
    check(_vol: CowVolume, _parent: CowVolume | undefined): boolean;
    /** Called after volumes were transferred; whether that was enough. */
    stop(_vols: readonly Subvolume[]): boolean;
    /**
     * Finds out what would be transferred, and changes nothing.
     *
     * @param trans - tells where volumes go; without it name clashes at the destination are not foreseen
     */
    plan(options?: ReplicateOptions, trans?: Pick<TransferLike, 'targetOf'>): Promise<ReplicationPlan>;
    /**
     * Carries out a plan. What broken-off runs left at the destination is dealt with first.
     *
     * @returns whether all succeeded. What failed is told to the transfer, and stops only what depends on it.
     * @throws the signal's reason after an abort
     */
    run(trans: TransferLike, plan: ReplicationPlan, options?: RunOptions): Promise<boolean>;
    /**
     * Plans and carries out.
     *
     * @returns whether all succeeded; errors are told to the transfer
     * @throws the signal's reason after an abort
     */
    sync(trans: TransferLike, options?: SyncOptions): Promise<boolean>;
}

/** How to report. */
interface ProgressTransferOptions extends TransferOptions {
    /** Seconds between reports; default 1. */
    readonly period?: number | undefined;
    /** Shown one after the other, round and round, to indicate activity. */
    readonly progSeq?: readonly string[] | undefined;
}
/** A transfer that tells how far it is. Override {@link reportProgress}. */
declare class ProgressTransfer extends Transfer {
    #private;
    constructor({ period, progSeq, ...options }?: ProgressTransferOptions);
    /**
     * Called at the start, every period, and once more at the end with the final count.
     *
     * @param _total - bytes so far
     * @param _prev - the total of the call before
     * @param _seq - of the sequence that indicates activity; "" if there is none
     */
    reportProgress(_total: number, _prev: number, _seq: string, _vols: readonly Subvolume[]): Promise<void>;
    /** The same bytes, counted and reported on their way. What a report throws ends the transfer. */
    progress(flow: Bytes, seq: readonly string[], vols: readonly Subvolume[]): AsyncGenerator<Uint8Array, void, undefined>;
    protected flow(bytes: Bytes, vols: readonly Subvolume[]): Bytes;
}

/** What of a file system's subvolumes a root can reach. */
interface ListScope {
    /** Number of the subvolume that is the root. */
    readonly rootId: number;
    /** Where the root lies in its file system; the top level is "". */
    readonly rootPath: RawPath;
    /**
     * - `all`: every subvolume below the root
     * - `strict`: only those that lie in the root itself, not in a subvolume of it
     * - `isolated`: as `strict`, and no others are looked at to find out what came from what
     */
    readonly scope: 'all' | 'strict' | 'isolated';
}

/** How to reach a host by OpenSSH's `ssh`. What is not given comes from its configuration. */
interface SshOptions {
    /** A name or an address; of an IPv6 address the brackets do not matter. */
    readonly host: string;
    readonly user?: string | undefined;
    readonly port?: number | undefined;
    /** File of a private key. */
    readonly identityFile?: string | undefined;
    /** File of the keys of hosts. A host whose key is not in it, or is another, is refused. */
    readonly knownHostsFile?: string | undefined;
    /** File of a configuration instead of the user's and the system's. */
    readonly configFile?: string | undefined;
    /** Compress what goes over the connection. */
    readonly compress?: boolean | undefined;
    /** Let ssh ask for passwords and unknown keys at the terminal. Default: it fails instead. */
    readonly interactive?: boolean | undefined;
}

/** What roots on file systems have in common. */
interface LocalRootOptions {
    /** Put `sudo -n` in front of what needs root. Default: no. */
    readonly sudo?: boolean | undefined;
    /**
     * - `all` (default): every subvolume below the root
     * - `strict`: only those that lie in the root itself, not in a subvolume of it
     * - `isolated`: as `strict`, and no others are looked at to find out what came from what
     */
    readonly scope?: ListScope['scope'] | undefined;
}
/** A root on another host. */
interface SshRootOptions extends LocalRootOptions, SshOptions {
}
/** What makes the roots of each protocol, from their options. */
interface RootMakers {
    readonly local: (options?: LocalRootOptions) => RootFactory;
    readonly ssh: (options: SshRootOptions) => RootFactory;
    readonly file: (options?: FileRootOptions) => RootFactory;
    readonly 'file-dump': (options?: DumpRootOptions) => RootFactory;
}
/**
 * What makes the roots of a protocol: `local`, `ssh`, `file` (a dump to read) or `file-dump` (a directory to write dumps to).
 *
 * @throws TypeError for another protocol
 * @example
 * const roots = defaultRoot('ssh')({ host: 'backup.example', user: 'root' })
 * const { root, path } = await roots.getRoot('/mnt/pool/snapshots')
 */
declare function defaultRoot<P extends keyof RootMakers>(protocol: P): RootMakers[P];

/** Text as the bytes that the system has for it: UTF-8, a character per byte. */
declare function rawOf(text: string): RawText;
/** Raw bytes as text for people; what is no UTF-8 shows as U+FFFD. */
declare function textOf(raw: RawText): string;

/** How long what is kept, as units of the calendar. */
interface RetentionPolicy {
    /** Everything younger is kept; `all` everything, `latest` only the latest. Default `all`: nothing is deleted. */
    readonly minimum?: 'all' | 'latest' | Span | undefined;
    /** The first of each hour, day, …, this many back; `Infinity` for all. */
    readonly hourly?: number | undefined;
    readonly daily?: number | undefined;
    readonly weekly?: number | undefined;
    readonly monthly?: number | undefined;
    readonly yearly?: number | undefined;
    /** When a day begins, 0 to 23, UTC; default 0. */
    readonly hourOfDay?: number | undefined;
    /** When a week begins; default `sunday`. */
    readonly dayOfWeek?: DayOfWeek | undefined;
}
/** A number of units. */
interface Span {
    readonly count: number;
    readonly unit: Unit;
}
/** Hours, days, weeks, months, years. */
type Unit = 'h' | 'd' | 'w' | 'm' | 'y';
/** In the order of their numbers, from 0. */
declare const daysOfWeek: readonly ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
/** A day on which a week may begin. */
type DayOfWeek = (typeof daysOfWeek)[number];
/**
 * Reads a policy as btrbk writes one.
 *
 * @param minimum - `all`, `latest`, `no`, or a number and `h`, `d`, `w`, `m` or `y`
 * @param schedule - some of `24h 14d 8w 6m 2y`, each a number or `*` for all; `no` for none
 * @throws TypeError that says what is wrong
 * @example
 * parsePolicy('2d', '14d 8w *m')
 */
declare function parsePolicy(minimum: string, schedule?: string): RetentionPolicy;

/** A snapshot, a received copy or a dump, as retention sees it. */
interface RetentionItem {
    /** Names it on its side: a path. */
    readonly id: string;
    /** What it is one of; each series has a schedule of its own. The name of a snapshot without its time. */
    readonly series: string;
    /** When its snapshot was made, in milliseconds since the Unix epoch. */
    readonly time: number;
    /** Of items with the same time, the one with the higher number is the later; default 0. */
    readonly counter?: number | undefined;
    /** Of the volume. Items on two sides are the same if they share one, or a received one. */
    readonly uuid: string;
    readonly receivedUuid?: string | undefined;
    /** Of the volume without which it cannot be restored: the parent of a dump. Absent for what stands alone, as subvolumes do. */
    readonly needs?: string | undefined;
    /** Why it stays, whatever the policy. It stands for no day and no week, and is never the latest. */
    readonly pinned?: string | undefined;
}
/** A place that things are kept in. */
interface RetentionSide {
    /** For messages. */
    readonly name: string;
    /** Default: everything is kept. */
    readonly policy?: RetentionPolicy | undefined;
    /** `undefined`: it could not be reached, and what it has is not known. */
    readonly items: readonly RetentionItem[] | undefined;
}
/** What becomes of one item, and why. */
interface RetentionDecision {
    readonly item: RetentionItem;
    /** Sentences for people; never empty. */
    readonly reasons: readonly string[];
}
/** What becomes of the items of one side. */
interface RetentionSidePlan {
    readonly name: string;
    /** In the order of their series and times, as {@link delete}. */
    readonly keep: readonly RetentionDecision[];
    /** To be deleted in this order: what needs another comes before it. */
    readonly delete: readonly RetentionDecision[];
}
/** What would be deleted, and what not. Plain data: nothing has happened. */
interface RetentionPlan {
    readonly sides: readonly RetentionSidePlan[];
    /** Why nothing is deleted at all. */
    readonly refused?: string;
}
/** What to plan. */
interface RetentionRequest {
    readonly source: RetentionSide;
    readonly destinations: readonly RetentionSide[];
    /** Milliseconds since the Unix epoch. */
    readonly now: number;
}
/**
 * Decides what is deleted. Pure: a dry run shows the very plan that would be carried out.
 *
 * Whatever the policies say, of each series stay the latest item of each side; the latest that the source has in common with each destination, on both,
 * since the next increment starts from it; and what a kept dump needs. Nothing is deleted anywhere when a side could not be reached: what it has
 * in common with the others is not known.
 */
declare function planRetention({ source, destinations, now }: RetentionRequest): RetentionPlan;

/**
 * Snapshots, and received copies of them, for {@link planRetention}. What can be written to, is not complete, or does not have a name with a time is
 * left out, so it is never deleted.
 *
 * A series are the snapshots of one name; those of the same name in other directories are another one where `byDirectory` is set.
 */
declare function snapshotItems(volumes: readonly Subvolume[], { byDirectory }?: {
    readonly byDirectory?: boolean | undefined;
}): readonly RetentionItem[];
/**
 * Dumps for {@link planRetention}. What has no record, or no name with a time, stays, and so does what it needs.
 */
declare function dumpItems(dumps: readonly Dump[], { byDirectory }?: {
    readonly byDirectory?: boolean | undefined;
}): readonly RetentionItem[];

/**
 * When a snapshot is made: `always`; `on-change`, when the volume has changed since the last one; `on-demand`, when it has, and there is a destination
 * that can be reached and so lacks it.
 */
type SnapshotMode = 'always' | 'on-change' | 'on-demand';
/** What is known when it is to be decided. */
interface SnapshotSituation {
    readonly mode: SnapshotMode;
    readonly source: Subvolume;
    /** Snapshots of the series that may be the last. */
    readonly snapshots: readonly Subvolume[];
    /** What each destination has; `undefined`: it cannot be reached. */
    readonly destinations: readonly (readonly Subvolume[] | undefined)[];
}
/** Whether a snapshot is made, and why. */
interface SnapshotDecision {
    readonly make: boolean;
    /** A sentence for people. */
    readonly reason: string;
    /** The last one, if it still shows the volume as it is. */
    readonly current?: Subvolume;
}
/**
 * Decides whether a snapshot is made. Pure.
 *
 * A volume has changed when its generation is not the one in which the last snapshot was made: making one leaves both the same. When in doubt it has
 * changed.
 */
declare function needsSnapshot({ mode, source, snapshots, destinations }: SnapshotSituation): SnapshotDecision;

/** What to make a snapshot of, and when. */
interface CreateSnapshotOptions extends AbortOptions {
    /** Where it goes, relative to the root. */
    readonly directory: RawPath;
    /** What stands before the time in its name; default the name of the subvolume. */
    readonly series?: RawText | undefined;
    /** Default `always`. */
    readonly mode?: SnapshotMode | undefined;
    /** What each destination has, for `on-demand`; `undefined`: it cannot be reached. */
    readonly destinations?: readonly (readonly Subvolume[] | undefined)[] | undefined;
    /** Milliseconds since the Unix epoch; default `Date.now`. */
    readonly now?: (() => number) | undefined;
    /** Only say what would be done. */
    readonly dryRun?: boolean | undefined;
}
/** What was done, or would be. */
interface CreatedSnapshot {
    readonly made: boolean;
    /** A sentence for people. */
    readonly reason: string;
    /** Of the snapshot that was or would be made, or that shows the subvolume as it is; `undefined` if there is none. */
    readonly path: RawPath | undefined;
}
/**
 * Makes a read-only snapshot of a subvolume, if it is called for. Its name tells the time in UTC, and of two in a minute the second gets a counter.
 *
 * @param source - relative to the root
 * @throws StorageError `NOT_FOUND` if there is no such subvolume, `NOT_SUPPORTED` for a root that makes no snapshots
 */
declare function createSnapshot(root: BtrfsRoot, source: RawPath, options: CreateSnapshotOptions): Promise<CreatedSnapshot>;

/** What the name of a snapshot tells. */
interface SnapshotName {
    /** What it is a snapshot of, as the name says. A character per byte. */
    readonly series: RawText;
    /** Milliseconds since the Unix epoch. */
    readonly time: number;
    /** From 1 for a second one of the same time; 0 for the first. */
    readonly counter: number;
}
/**
 * The name of a snapshot: `home.20261121T1030+0000`, in UTC; a second one of the same minute is `home.20261121T1030+0000_1`.
 *
 * @throws TypeError for a series that is no plain name, or too long, and for a time before the year 0 or after 9999
 */
declare function snapshotName({ series, time, counter }: Omit<SnapshotName, 'counter'> & {
    readonly counter?: number;
}): RawText;
/**
 * Reads a name back: ours, and those of btrbk (`home.20261121`, `home.20261121T1030`, `home.20261121T103000+0100`, with `_1` behind). Without a zone it is
 * UTC.
 *
 * @returns `undefined` for a name of another kind
 */
declare function parseSnapshotName(name: RawText): SnapshotName | undefined;

/** Options of `btrfs`. */
interface BtrfsOptions extends AbortOptions {
    /**
     * Keep the last snapshot, so that the next listing needs only what has changed since; default true. Its blocks stay in use until then, also those of
     * files that were deleted.
     */
    readonly keep?: boolean | undefined;
}
/**
 * A subvolume of a btrfs file system, or a directory in one, as a storage: all that `fs` of `@syncline/fs` can do, and snapshots, from which a sync that only
 * reads it takes all files as they were at one moment.
 *
 * Snapshots are made in the directory `.syncline-snapshots` of the subvolume, which takes no part in any sync. What a killed process left there is removed
 * by the next one. Root is needed, as everywhere where changes of btrfs are told.
 *
 * @param path - absolute, or relative to the working directory; it may be missing
 * @throws StorageError `NOT_SUPPORTED` if the path is not on btrfs, or btrfs-progs are not there; `PERMISSION_DENIED` without root
 * @example
 * const storage = await btrfs('/srv/data')
 * const frozen = await storage.snapshot?.()
 */
declare function btrfs(path: string, options?: BtrfsOptions): Promise<WritableStorage>;

/** Opens `btrfs:/absolute/path`. With `?keep=false` no snapshot is kept between runs. */
declare const plugin: StoragePlugin;

export { type AppliedVolume, type ApplyOptions, type ApplyToStorageOptions, BtrSync, type BtrSyncOptions, BtrfsError, type BtrfsOptions, type BtrfsRoot, type Chain, Chains, type ChmodCommand, type ChownCommand, type CloneCommand, type CommandFailure, type CommandName, CowTree, CowVolume, type CreateSnapshotOptions, type CreatedSnapshot, type DayOfWeek, type Dump, type DumpCheck, type DumpContentOptions, type DumpDecoder, type DumpEncoding, type DumpIdentity, type DumpIndex, type DumpPart, type DumpProblem, type DumpRecord, type DumpReport, DumpRoot, type DumpRootOptions, type EncodedWriteCommand, type EndCommand, type FallocateCommand, FileRoot, type FileRootOptions, type InspectOptions, type KeyFunction, type LinkCommand, type LocalRootOptions, type MakeCommand, type Matches, type MknodCommand, type PathChange, type PlannedTransfer, ProgressTransfer, type ProgressTransferOptions, type RawPath, type RawText, type ReadDumpsOptions, type ReceiveMeta, type ReceiveOptions, type Recovery, type RemoveCommand, type RemoveXattrCommand, type RenameCommand, type ReplicateOptions, type ReplicationPlan, type RestoreOptions, type RestorePlan, type RestorePlanOptions, type RestoreReport, type RestoreToBtrfsOptions, type RestoreToDirectoryOptions, type RestoreToStorageOptions, type RetentionDecision, type RetentionItem, type RetentionPlan, type RetentionPolicy, type RetentionRequest, type RetentionSide, type RetentionSidePlan, type RootFactory, type RootMakers, type RootPath, type RunOptions, type SendFlow, type SendOptions, type SetFileAttributesCommand, type SetXattrCommand, type SnapshotCommand, type SnapshotDecision, type SnapshotMode, type SnapshotName, type SnapshotSituation, type Span, type SshOptions, type SshRootOptions, type StreamCommand, type StreamItem, StreamParser, type StreamTime, StreamValidator, type SubvolCommand, type Subvolume, type SubvolumeDetails, type SymlinkCommand, type SyncOptions, type TransfOptions, Transfer, TransferAborted, type TransferLike, type TransferOptions, type TruncateCommand, type Unapplied, type Unit, type UpdateExtentCommand, type UtimesCommand, type ValidateOptions, type ValidatedOptions, type VerifyDumpsOptions, type VolumeSummary, type WriteCommand, type WriteDumpsOptions, type WrittenDump, abandonUpload, applyStream, applyToStorage, btrfs, createSnapshot, decodeRange, defaultKeys, defaultRoot, directoryOf, dumpContent, dumpItems, encodeCommand, encodeHeader, inspectStream, matchVolumes, nameOf, needsSnapshot, parsePolicy, parseSnapshotName, planRestore, planRetention, plugin, rawOf, readDumps, removeDump, restoreToBtrfs, restoreToDirectory, restoreToStorage, snapshotItems, snapshotName, streamUuid, textOf, validated, verifyDumps, withVolumeName, writeDumps };
