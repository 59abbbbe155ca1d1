// commands.d.ts
import { CommandFamily } from '@syncline/core';

/** What this package brings to the command line. */
declare const families: readonly CommandFamily[];

export { families };

// commit-HASH.d.ts
import { Path, Bytes, AbortOptions } from '@syncline/core';
import { c as ClassRegistry, P as Pickler } from './pickler-HASH.js';

/**
 * What `Entries.xml` says of one child: attributes in the order in which they were set. `{}` means "not registered".
 *
 * Known are `type`, `factory`, `provides`, `id`, `key`, `keytype`, `binary`, `flag` and `conflict`; all others belong to the synchronizer and are kept.
 */
type EntryAttributes = Readonly<Record<string, string>>;
/** The children of one directory by file name. */
type Entries = ReadonlyMap<string, EntryAttributes>;
/** The text of an `Entries.xml` is not what it has to be, or a value cannot be written to one. */
declare class InvalidEntriesFileError extends Error {
    readonly name = "InvalidEntriesFileError";
}
/** The attributes as an object that inherits nothing, so that an attribute named `__proto__` is an attribute. */
declare function attributesOf(pairs: Iterable<readonly [string, string]>): EntryAttributes;

/** Limits of {@link readEntries}. */
interface ReadEntriesOptions {
    /** For messages: the path of the file; default `Entries.xml`. */
    readonly path?: string;
    /** Bytes at most; default 256 MiB. */
    readonly maximumSize?: number;
    /** Reads the old form, an XML pickle of a dictionary of dictionaries, whose document element is `pickle`. Absent: such a file is refused. */
    readonly unpickle?: (text: string) => unknown;
}
/**
 * Reads an `Entries.xml`. Of two entries of one name the last one counts; unknown attributes are kept; nothing but the five entities of XML is expanded.
 *
 * @throws InvalidEntriesFileError with line and column for anything that is no list of entries
 */
declare function readEntries(content: Uint8Array | string, options?: ReadEntriesOptions): Entries;

/** Name of the directory that holds what fssync itself needs, in every directory of a repository. */
declare const zopeDirectory = "@@Zope";
/** Where the metadata of the children of `directory` are. */
declare function entriesPath(directory: Path): Path;
/** What {@link Metadata} needs of the place where the files are. */
interface MetadataFiles {
    /** Resolves to `undefined` if there is no such file. */
    read(path: Path): Promise<Uint8Array | undefined>;
    /** Absent: the metadata can be read, and changed in memory only. */
    write?(path: Path, content: Uint8Array): Promise<void>;
}
/**
 * The metadata of a repository: one `Entries.xml` per directory, each read once, when it is first asked for.
 *
 * @example
 * const metadata = new Metadata({ read: path => readIfThere(storage, path), write: (path, content) => storage.write(path, toBytes(content)) })
 * await metadata.set('docs/a.txt', { ...(await metadata.get('docs/a.txt')), flag: 'removed' })
 * await metadata.flush()
 */
declare class Metadata {
    #private;
    constructor(files: MetadataFiles, options?: Omit<ReadEntriesOptions, 'path'>);
    /** The attributes of what is at `path`; `{}` if it is not registered. */
    get(path: Path): Promise<EntryAttributes>;
    /** Names of the registered children of a directory, in byte order. */
    names(directory: Path): Promise<readonly string[]>;
    /** Replaces the attributes of what is at `path`; `undefined` or `{}` unregisters it. Written by {@link flush}. */
    set(path: Path, attributes: EntryAttributes | undefined): Promise<void>;
    /**
     * Writes every directory that was changed; one whose last entry went keeps an empty file.
     *
     * @throws what the write of a directory threw; several as an `AggregateError`, after all were tried. What failed is tried again by the next flush.
     */
    flush(): Promise<void>;
}
/** Whether there is at least one attribute. */
declare function isRegistered(attributes: EntryAttributes): boolean;

/** The content and the repository cannot be brought together, e.g. because an object exists already. */
declare class SynchronizationError extends Error {
    readonly name: string;
    /** In the repository, where one place is to blame. */
    readonly path: Path | undefined;
    constructor(message: string, options?: {
        readonly path?: Path;
        readonly cause?: unknown;
    });
}
/** There is no synchronizer for the class of an object, and no default one. */
declare class MissingSynchronizerError extends SynchronizationError {
    readonly name = "MissingSynchronizerError";
    /** Dotted name. */
    readonly className: string;
    constructor(className: string, options?: {
        readonly path?: Path;
    });
}
/** The content or the repository is not what it was when it was checked or planned. Nothing has been changed. */
declare class RevisionError extends SynchronizationError {
    readonly name = "RevisionError";
}
/** An error of Python with its arguments, of any type: what its text shows are their representations, as in the seed's `'1', '2', '3'`. */
declare class PyError extends Error {
    readonly name = "PyError";
    readonly args: readonly unknown[];
    constructor(...args: readonly unknown[]);
}
/** One path that could not be committed, and why. */
interface PathError {
    /** In the repository. */
    readonly path: Path;
    readonly error: unknown;
}
/**
 * Some paths could not be committed. Nothing has been committed, and what was begun has been undone.
 *
 * The message lists every path: `test: '1', '2', '3'` for one; for several, one a line, each indented by four spaces, after an empty line.
 */
declare class CommitError extends AggregateError {
    readonly name = "CommitError";
    readonly entries: readonly PathError[];
    /** Paths of objects that are not what they were before; empty but for synchronizers that load what they cannot dump. */
    readonly notUndone: readonly Path[];
    constructor(entries: readonly PathError[], notUndone?: readonly Path[]);
    /** As the last lines of the original's traceback: `Exception: test: …` for one path, `Exceptions: …` for several. */
    toString(): string;
}

/**
 * Attributes of an object that are not part of its body, by name.
 *
 * Whether they become one file or a file each depends on the synchronizer of this class, whose dotted name is `zope.fssync.synchronizer.Extras`.
 */
declare class Extras extends Map<string, unknown> {
    constructor(values?: Readonly<Record<string, unknown>> | Iterable<readonly [string, unknown]>);
}
/** A copy of an object's annotations by namespace; its dotted name is `zope.fssync.synchronizer.SynchronizableAnnotations`. */
declare class SynchronizableAnnotations extends Map<string, unknown> {
    constructor(values?: Iterable<readonly [string, unknown]>);
    /**
     * Brings the annotations of an object up to these; namespaces that these do not have stay.
     *
     * @param equals - whether two values are the same
     * @returns the namespaces whose values changed, in order. They are compared before they are replaced, unlike in the original.
     */
    modify(target: Map<string, unknown>, equals: (a: unknown, b: unknown) => boolean): readonly string[];
}

/** Where a synchronizer writes the body of an object. Text is written as UTF-8. */
interface Writeable {
    /** A promise resolves when more can be taken. Small bodies need not wait for it. The chunk is not used after it is settled. */
    write(chunk: Uint8Array | string): void | Promise<void>;
}
/** What can write a body. */
interface Dumper {
    dump(writeable: Writeable): void | Promise<void>;
}
/** Size and SHA-256 of a body: equal only for equal bodies. */
type Digest = string;

/** Something to do when everything has been loaded; what it returns is done in the next pass. */
type Callback = () => Callback | void | Promise<Callback | void>;
/** What a synchronizer changed of an object beside its body. */
interface Modification {
    readonly part: 'metadata' | 'extras' | 'annotations';
    /** Of the markers, attributes or namespaces. */
    readonly names: readonly string[];
}
/**
 * Takes an object apart into metadata, extras and annotations, and puts them back. Base of the synchronizers that also keep a body or children.
 *
 * @typeParam T - the class of the objects it is for
 */
declare abstract class Synchronizer<T = unknown> {
    /** `file` has a body, `directory` has children. */
    abstract readonly kind: 'file' | 'directory';
    /** The body is a pickle of the whole object, which is made anew when it is read. */
    readonly isDefault: boolean;
    readonly context: T;
    readonly space: ObjectSpace;
    constructor(context: T, space: ObjectSpace);
    /** The object. */
    getObject(): T;
    /** Attributes for `Entries.xml`: `factory`, by whose name the object is made again, and `provides`, its marker interfaces. */
    metadata(): EntryAttributes | undefined;
    /** Adds the marker interfaces that `provides` names; none is ever taken away. @throws UnknownClassError for a marker that is not registered */
    setMetadata(attributes: EntryAttributes): Modification | undefined;
    /** The object's annotations, if it has any. */
    annotations(): SynchronizableAnnotations | undefined;
    /** Gives the object these annotations beside those it has. */
    setAnnotations(annotations: SynchronizableAnnotations): Modification | undefined;
    /** Attributes that are kept in files of their own. None by default. */
    extras(): Extras | undefined;
    /** Sets the attributes that the object has already and whose values differ; others are left out, so that no file can invent an attribute. */
    setExtras(extras: Extras): Modification | undefined;
}
/** A synchronizer of objects with a body. The base class writes an empty one and ignores what it is given. */
declare class FileSynchronizer<T = unknown> extends Synchronizer<T> {
    readonly kind = "file";
    /** Writes the body. */
    dump(_writeable: Writeable): void | Promise<void>;
    /** Reads the body into the object that is there. May return what is to be done when everything has been loaded. */
    load(_readable: Bytes): Callback | void | Promise<Callback | void>;
}
/** Keeps an object whole, as a pickle. Extras and annotations are inside it. */
declare class DefaultSynchronizer<T = unknown> extends FileSynchronizer<T> {
    readonly isDefault = true;
    /** None: an entry without a factory has a pickle as its body. */
    metadata(): EntryAttributes | undefined;
    annotations(): undefined;
    dump(writeable: Writeable): void | Promise<void>;
    /** @throws TypeError always: a pickle makes a new object, see {@link loadPickle} */
    load(_readable: Bytes): never;
}
/** What {@link DirectorySynchronizer} can keep: a Map, a plain object, or an object with a Map's methods. */
interface ContainerLike {
    entries(): Iterable<readonly [unknown, unknown]> | AsyncIterable<readonly [unknown, unknown]>;
    has(key: unknown): boolean | Promise<boolean>;
    get(key: unknown): unknown;
    set(key: unknown, value: unknown): unknown;
    delete(key: unknown): unknown;
}
/** A synchronizer of objects with children. Override the five methods for a container of another shape. */
declare class DirectorySynchronizer<T = unknown> extends Synchronizer<T> {
    #private;
    readonly kind = "directory";
    /** Keys and children. */
    entries(): Iterable<readonly [unknown, unknown]> | AsyncIterable<readonly [unknown, unknown]>;
    has(key: unknown): boolean | Promise<boolean>;
    /** The child, or a promise of it. */
    get(key: unknown): unknown;
    /** Puts a child in, in the place of the one that is there. */
    set(key: unknown, value: unknown): void | Promise<void>;
    delete(key: unknown): void | Promise<void>;
}
/** Any synchronizer. */
type AnySynchronizer = FileSynchronizer | DirectorySynchronizer;

/**
 * Makes an object **and puts it into its container**: for objects that cannot be made without one. Registered under the name of a factory, it is
 * asked instead of the class.
 */
interface ObjectGenerator {
    create(container: DirectorySynchronizer, key: unknown): unknown;
}
/** Makes an object for a file, empty; `undefined` if it does not know one for this name. */
type FileFactory = (name: string, container: unknown) => object | undefined;
/** Makes an object for a directory; `undefined` if it does not know one for this name. */
type DirectoryFactory = (name: string, container: unknown) => object | undefined;
/**
 * Makes objects for files whose entries name neither factory nor type: what people put into a working copy themselves.
 *
 * @example
 * new FileGenerator({ '.txt': () => new Note(), '': () => new Attachment() }) // "" is for every other extension
 */
declare class FileGenerator {
    #private;
    /** @param factories - by extension with its dot; `.` for names without one, the empty string for all others */
    constructor(factories?: Readonly<Record<string, FileFactory>>);
    /** The empty object for a file, or `undefined` for what is read as a pickle. @param extension - with its dot, `.` if there is none */
    create(container: unknown, name: string, extension: string): object | undefined;
    /** Gives the object its body: sets `data`, to text if it is a string already, else to bytes. Override for other classes. */
    load(object: object, readable: Bytes): Promise<void>;
}
/** Makes objects for directories whose entries name neither factory nor type. */
declare class DirectoryGenerator {
    #private;
    constructor(factory: DirectoryFactory);
    create(container: unknown, name: string): object | undefined;
}

/** What an {@link ObjectSpace} is made of. */
interface ObjectSpaceOptions {
    /** The classes, markers, generators and key types that files may name. */
    readonly registry: ClassRegistry<AnySynchronizer, ObjectGenerator>;
    /** The format of objects without a body of their own; default the XML pickle. */
    readonly pickler?: Pickler | undefined;
    /** The id that `Entries.xml` keeps of an object. */
    readonly entryId?: ((object: unknown) => string | number | undefined) | undefined;
    /**
     * What becomes of an object of the tree that a pickle of another place holds. `path` (default): the pickle refers to it by its path, and gets that very
     * object back. `value`: the pickle has a copy. With `persistentId` or `persistentLoad`, these decide; with `zope-3.6.1`, the default is `value`.
     */
    readonly references?: 'path' | 'value' | undefined;
    /** Says which objects a pickle refers to instead of holding them. */
    readonly persistentId?: ((object: object) => string | undefined) | undefined;
    /** Finds the object that a pickle refers to. `container` is what the object of the pickle will be put into. */
    readonly persistentLoad?: ((id: string, container: unknown) => unknown) | undefined;
    /** The annotations of an object; default {@link attributeAnnotations}. */
    readonly annotationsOf?: ((object: object, create: boolean) => Map<string, unknown> | undefined) | undefined;
    /** Makes objects for files whose entries name neither factory nor type. */
    readonly fileGenerator?: FileGenerator | undefined;
    /** Makes objects for directories whose entries name neither factory nor type. */
    readonly directoryGenerator?: DirectoryGenerator | undefined;
    /**
     * `zope-3.6.1` writes exactly the original's pickles, and repeats what it does and nobody should: file names that depend on the order of a container, and errors of earlier
     * commits that are reported again. Default `fixed`.
     */
    readonly compat?: 'fixed' | 'zope-3.6.1' | undefined;
}
/** A class of synchronizers. */
type SynchronizerType<T> = new (context: T, space: ObjectSpace) => AnySynchronizer;
/**
 * A world of objects: their classes, how they are taken apart, and how they refer to each other. What Zope keeps in global registries.
 *
 * @example
 * const registry = new ClassRegistry<AnySynchronizer, ObjectGenerator>().defineClass('wiki.Page', Page)
 * const space = new ObjectSpace({ registry })
 *   .synchronizer('wiki.Page', PageSynchronizer)
 *   .synchronizer('__builtin__.dict', DirectorySynchronizer)
 *   .defaultSynchronizer(DefaultSynchronizer)
 */
declare class ObjectSpace {
    readonly registry: ClassRegistry<AnySynchronizer, ObjectGenerator>;
    readonly pickler: Pickler;
    readonly compat: 'fixed' | 'zope-3.6.1';
    private readonly settings;
    private readonly locations;
    constructor(options: ObjectSpaceOptions);
    get fileGenerator(): FileGenerator | undefined;
    get directoryGenerator(): DirectoryGenerator | undefined;
    /** Registers the synchronizer of one class, by its dotted name. Subclasses are not meant: what is forgotten is kept whole, not cut down. */
    synchronizer<T>(className: string, type: SynchronizerType<T>): this;
    /** Registers the synchronizer of every class without one of its own. */
    defaultSynchronizer(type: SynchronizerType<unknown>): this;
    /** The synchronizer of an object: of its exact class, else the default one, else `undefined`. */
    getSynchronizer(object: unknown): AnySynchronizer | undefined;
    /** As {@link getSynchronizer}. @throws MissingSynchronizerError if there is none */
    requireSynchronizer(object: unknown): AnySynchronizer;
    /** The dotted name of an object's class. @throws UnknownClassError if it is not registered */
    typeOf(object: unknown): string;
    /** For messages: a class by its own name. */
    describe(object: unknown): string;
    /** What `Entries.xml` keeps as the id of an object; `undefined` if it has none. */
    entryId(object: unknown): string | undefined;
    annotationsOf(object: object, create?: boolean): Map<string, unknown> | undefined;
    /** A copy of an object's annotations, if it has any. */
    annotations(object: unknown): SynchronizableAnnotations | undefined;
    private viewOr;
    pickle(object: unknown): Uint8Array;
    /**
     * The object of a pickle.
     *
     * @param container - what it will be put into
     * @param into - an empty object of the pickle's class that it becomes, for whom others know it already
     */
    unpickle(pickle: Uint8Array, container: unknown, into?: object): unknown;
    /**
     * Looks at a pickle without an object coming into being where others refer to it: what is wrong with it, and what it refers to.
     *
     * References to other objects may be to such as do not exist yet: a pickle with references may be wrong behind them.
     */
    examine(pickle: Uint8Array): {
        readonly problem?: unknown;
        readonly references: readonly string[];
    };
    /** Whether two values are the same: one, or with the same pickle. */
    equals(a: unknown, b: unknown): boolean;
}

/** How a repository treats names that the content tells apart and its files may not. */
interface NameRules {
    /** Names that differ in case only are the same file. */
    readonly caseInsensitive: boolean;
    /** The Unicode form that file names have; `none` leaves them as they are. */
    readonly unicodeForm: 'none' | 'NFC' | 'NFD';
}

/** Options of every repository. */
type RepositoryOptions = Partial<NameRules>;
/** A place for serialized objects: files by path, of which `@@Zope/Entries.xml` in each directory holds the metadata of its children. */
declare abstract class Repository implements NameRules {
    #private;
    /** For messages. */
    abstract readonly name: string;
    readonly caseInsensitive: boolean;
    readonly unicodeForm: 'none' | 'NFC' | 'NFD';
    /** Writes at once that help; 1 keeps their order. */
    readonly concurrency: number;
    constructor({ caseInsensitive, unicodeForm }?: RepositoryOptions);
    /** What is at `path`; `undefined` if nothing is. A directory may be there because a file below it is. */
    abstract kindOf(path: Path, options?: AbortOptions): Promise<'file' | 'directory' | undefined>;
    /** The body of a file. Rejects with `NOT_FOUND` if there is none. */
    abstract read(path: Path, options?: AbortOptions): Bytes;
    /** Replaces a file. */
    abstract write(path: Path, content: Uint8Array | Bytes, options?: AbortOptions): Promise<void>;
    /** Removes a file, and the directories that are left empty by it; missing is fine. Absent: nothing can be removed. */
    remove?(path: Path, options?: AbortOptions): Promise<void>;
    /** Paths of all files. */
    abstract paths(options?: AbortOptions): AsyncIterable<Path>;
    /** Looks again at what has been seen before. Tasks call it when they begin. */
    refresh(): void;
    /** Resolves when everything written is durable. */
    flush(_options?: AbortOptions): Promise<void>;
    /** The metadata as they are now. What is changed in them is written by their `flush`. */
    metadata(options?: AbortOptions): Metadata;
    /** A whole file; `undefined` if there is none. */
    readIfThere(path: Path, options?: AbortOptions): Promise<Uint8Array | undefined>;
    /** As names are compared here. */
    normalize(name: string): string;
    /** The file name for a key of a directory, other than all that were given out before. */
    disambiguate(directory: Path, key: string): string;
    /** Makes the names that were given out free again. */
    forgetNames(): void;
}

/**
 * Stands for the state of a part of the content and of the repository: equal only if every body, key, class, attribute, marker, extra and annotation
 * is equal. A check returns it, and a commit that is given it refuses to run against any other state.
 */
type Revision = string;
/** The states that a check looked at. */
interface Revisions {
    /** Of content and repository. */
    readonly revision: Revision;
    /** Of the content alone: stays the same whatever becomes of the repository. */
    readonly contentRevision: Revision;
}

/** What a commit does to an object: makes it, changes it in place, puts another one in its place, takes it away. */
type CommitAction = 'create' | 'update' | 'replace' | 'delete';
/** One change that a commit makes. Survives `JSON.stringify`. */
interface CommitItem {
    readonly action: CommitAction;
    /** In the repository. */
    readonly path: Path;
    /** Of the object in its container, as text. */
    readonly key: string;
    /** `body` also stands for a directory itself. */
    readonly part: 'body' | 'metadata' | 'extras' | 'annotations';
    /** A clause for people: why. */
    readonly reason: string;
}
/** What a commit will do, in order. Nothing has been changed. The revisions are those of the planning, or empty strings if there are problems. */
interface CommitPlan extends Revisions {
    readonly items: readonly CommitItem[];
    /** Paths that cannot be committed; with any, nothing is. */
    readonly problems: readonly PathError[];
}

/** One object's turn in a commit. */
interface CommitStep {
    /** What the object is put into. */
    readonly container: unknown;
    readonly key: unknown;
    readonly path: Path;
    /** Adds something to be done when everything has been loaded. */
    readonly addCallback: (callback: Callback) => void;
    /** Does it. */
    run(): Promise<void>;
}
/** Something that happened to an object; told after everything has succeeded. */
type ObjectEvent = {
    readonly type: 'created';
    readonly object: unknown;
    readonly path: Path;
} | {
    readonly type: 'modified';
    readonly object: unknown;
    readonly path: Path;
    readonly modifications: readonly Modification[];
};

/** Options of {@link Commit.plan}. */
interface PlanOptions extends AbortOptions {
    /**
     * Objects that the repository does not have and does not flag as removed: `keep` (default) or `delete`. With `delete`, the content becomes what the
     * repository is; a directory without metadata is then an error, never an empty one.
     */
    readonly missing?: 'keep' | 'delete';
}
/** Options of {@link Commit.perform}. */
interface CommitOptions extends PlanOptions {
    /** The state that was checked. If content or repository are in another one, nothing is committed. */
    readonly expectedRevision?: Revision;
    /** The state of the content alone that was checked. */
    readonly expectedContentRevision?: Revision;
    /** Plans only. Default false. */
    readonly dryRun?: boolean;
}
/** What a commit did, or would do. */
interface CommitResult {
    readonly items: readonly CommitItem[];
}
/**
 * Brings content up to a repository: makes what is new, changes what differs, takes away what is flagged as removed.
 *
 * A commit is planned before it changes anything, and is one transaction: if anything fails, on whatever path, everything is brought back, and the
 * error names all paths. Nothing is written to the repository.
 *
 * @example
 * const { conflicts, revision } = await new Check(space, repository).check(root, '', 'site')
 * if (conflicts.length === 0) await new Commit(space, repository).perform(root, '', 'site', { expectedRevision: revision })
 */
declare class Commit {
    #private;
    readonly space: ObjectSpace;
    repository: Repository;
    /** Is told what happened to objects. */
    onEvent: ((event: ObjectEvent) => void) | undefined;
    /** Makes what the content does not have. May be replaced, as in the original. */
    synchNew: (step: CommitStep) => Promise<void>;
    /** Changes, replaces or takes away what the content has. May be replaced, as in the original. */
    synchOld: (step: CommitStep) => Promise<void>;
    constructor(space: ObjectSpace, repository: Repository);
    /**
     * Says what {@link Commit.perform} would do.
     *
     * @param name - of the child of `container`; the empty string for all children
     * @param path - where it lies in the repository
     */
    plan(container: object, name: string, path: Path, options?: PlanOptions): Promise<CommitPlan>;
    /**
     * @param name - of the child of `container`; the empty string for all children
     * @param path - where it lies in the repository
     * @throws CommitError with every path that failed, RevisionError if something is not as expected; both leave the content as it was
     * @throws SynchronizationError if callbacks do not end, and what a callback throws, as it is; the content is brought back then too
     */
    perform(container: object, name: string, path: Path, options?: CommitOptions): Promise<CommitResult>;
    protected makePlan(container: object, name: string, path: Path, options: PlanOptions, ignoreFlags: boolean): Promise<CommitPlan>;
    /** Does what a plan of this object says. @throws as {@link Commit.perform} */
    apply(container: object, plan: CommitPlan, options?: CommitOptions): Promise<CommitResult>;
}
/** Brings what a repository has into a container that does not have it. */
declare class Checkin extends Commit {
    /** As {@link Commit.perform}, with every flag taken for `added`. @throws SynchronizationError if the container has a child of this name */
    plan(container: object, name: string, path: Path, options?: PlanOptions): Promise<CommitPlan>;
}

export { type AnySynchronizer as A, type PlanOptions as B, type Callback as C, DefaultSynchronizer as D, type Entries as E, type FileFactory as F, PyError as G, type ReadEntriesOptions as H, InvalidEntriesFileError as I, type Revision as J, RevisionError as K, SynchronizationError as L, Metadata as M, type NameRules as N, ObjectSpace as O, type PathError as P, Synchronizer as Q, Repository as R, SynchronizableAnnotations as S, type SynchronizerType as T, attributesOf as U, entriesPath as V, type Writeable as W, isRegistered as X, readEntries as Y, zopeDirectory as Z, type Digest as _, type Revisions as a, type RepositoryOptions as b, Checkin as c, Commit as d, type CommitAction as e, CommitError as f, type CommitItem as g, type CommitOptions as h, type CommitPlan as i, type CommitResult as j, type CommitStep as k, type ContainerLike as l, type DirectoryFactory as m, DirectoryGenerator as n, DirectorySynchronizer as o, type Dumper as p, type EntryAttributes as q, Extras as r, FileGenerator as s, FileSynchronizer as t, type MetadataFiles as u, MissingSynchronizerError as v, type Modification as w, type ObjectEvent as x, type ObjectGenerator as y, type ObjectSpaceOptions as z };

// format.d.ts
import { Path, AbortOptions, Bytes } from '@syncline/core';
import { S as SnarfLimits, D as Duplicates } from './member-names-HASH.js';

/** How sizes are written, and whether directories are records. */
type SnarfLayout = 'unpadded' | 'padded';
/** What one header line says. */
interface SnarfHeader {
    readonly kind: 'file' | 'directory';
    /** The root of the archive is "". */
    readonly path: Path;
    /** Bytes of the body; 0 for a directory. */
    readonly size: number;
}
/**
 * The header line of a member.
 *
 * Padded sizes have eight digits, or more where eight do not do: every reader takes the digits up to the space.
 *
 * @throws StorageError `INVALID_PATH` for a path that no archive can hold
 */
declare function encodeHeader({ kind, path, size }: SnarfHeader, layout?: SnarfLayout): Uint8Array<ArrayBuffer>;
/**
 * Reads a header line without its line feed.
 *
 * @param where - for messages, e.g. "record 3 at byte 120"
 * @throws StorageError `CORRUPT` for what is no header, `INVALID_PATH` for a path that leaves the root or is none
 */
declare function parseHeader(line: Uint8Array, where: string): SnarfHeader;

/**
 * Says why a snarf archive cannot hold a path, or `undefined` if it can.
 *
 * A header is one line of UTF-8: a path with a line feed, or with half of a surrogate pair, has no place in it.
 */
declare function memberPathProblem(path: Path): string | undefined;
/**
 * Says why a path would mean something else, or nothing, on Windows, or `undefined` if it is an ordinary path there.
 *
 * On other systems such names are ordinary. Whoever extracts on Windows must refuse them: `C:x` and `a\..\..\b` leave the root.
 */
declare function windowsPathProblem(path: Path): string | undefined;

/**
 * The order of a tree in an archive: names of one directory by their UTF-8 bytes, each directory right before what it holds.
 *
 * Not the key order of listings, in which "a-b" comes before "a/": there a directory is compared as if it ended in "/".
 *
 * @returns negative, zero or positive
 */
declare function compareMemberPaths(a: Path, b: Path): number;

/** How an archive is read. */
interface ReadSnarfOptions extends AbortOptions {
    readonly limits?: SnarfLimits;
    /**
     * A file that comes twice: `error` (default), or `last`, as the original reads archives that something was appended to. A reader that goes from
     * front to back is then given both.
     */
    readonly duplicates?: Duplicates;
}
/** A member of an archive. */
interface SnarfMember extends SnarfHeader {
    /** Bytes of the archive before the body. */
    readonly offset: number;
}
/** A member that is being read. */
interface SnarfRecord extends SnarfMember {
    /** The body, once, and before the next member is asked for; what is not read is skipped. A chunk is valid until the next one is asked for. */
    readonly content: Bytes;
}
/**
 * Reads an archive from front to back, in constant memory but for the names.
 *
 * Nothing is written anywhere, and every path is relative and inside the root: what is no such path ends the reading.
 *
 * @throws StorageError `CORRUPT` for what is no archive or ends too early, `INVALID_PATH` for a path outside of the root, `NOT_SUPPORTED` beyond the limits
 * @example
 * for await (const { kind, path, content } of readSnarf(storage.read('site.snarf')))
 *   if (kind === 'file') console.log(path, (await collect(content)).length)
 */
declare function readSnarf(content: Bytes, options?: ReadSnarfOptions): AsyncGenerator<SnarfRecord, void, undefined>;
/**
 * Reads only the headers of an archive, jumping over large bodies: an index for reading any member later.
 *
 * @param open - content of the archive from a byte on
 * @param size - bytes of the archive
 * @throws as {@link readSnarf}
 */
declare function indexSnarf(open: (offset: number) => Bytes, size: number, options?: ReadSnarfOptions): AsyncGenerator<SnarfMember, void, undefined>;

/** A member to write. */
type SnarfInput = {
    readonly kind: 'directory';
    readonly path: Path;
} | {
    readonly kind: 'file';
    readonly path: Path;
    /** Bytes of the content. Absent: the content is collected in memory first, because the header comes before it. */
    readonly size?: number | undefined;
    readonly content: Bytes | Uint8Array;
};
/** How an archive is written. */
interface WriteSnarfOptions extends AbortOptions {
    /**
     * `unpadded` (default): sizes as they are, directories are records. `padded`: eight digits, and directories are left out: only files imply them.
     */
    readonly layout?: SnarfLayout;
    /** Bytes of a member without a size that are collected at most; default 64 MiB. */
    readonly collectBytes?: number;
}
/**
 * The bytes of an archive, in the order of the members given: a stream in constant memory.
 *
 * Paths are checked one by one; that no two members have the same path is the caller's matter.
 *
 * @throws StorageError `INVALID_PATH` for a path that no archive can hold, `CORRUPT` for content of another length than its size
 * @example
 * await storage.write('site.snarf', writeSnarf([{ kind: 'file', path: 'index.html', content: toBytes('<p>') , size: 3 }]))
 */
declare function writeSnarf(members: Iterable<SnarfInput> | AsyncIterable<SnarfInput>, { layout, collectBytes, signal }?: WriteSnarfOptions): AsyncGenerator<Uint8Array, void, undefined>;

export { Duplicates, type ReadSnarfOptions, type SnarfHeader, type SnarfInput, type SnarfLayout, SnarfLimits, type SnarfMember, type SnarfRecord, type WriteSnarfOptions, compareMemberPaths, encodeHeader, indexSnarf, memberPathProblem, parseHeader, readSnarf, windowsPathProblem, writeSnarf };

// index.d.ts
import { StoragePlugin, WritableStorage, Path, Capabilities, ListOptions, Entry, AbortOptions, ReadOptions, Bytes, WriteOptions, FileEntry, RemoveOptions } from '@syncline/core';
import { S as SnarfLimits, D as Duplicates } from './member-names-HASH.js';

/** Opens `snarf:/path/of/site.snarf`, and archives on other storages: `snarf:s3://bucket/site.snarf`, `snarf:sftp://host/site.snarf`. */
declare const plugin: StoragePlugin;

/** Where content waits until the archive is rewritten. */
interface Spool {
    /** Keeps a copy. Resolves to where it is: bytes before it. Several calls at a time are fine. */
    append(content: Uint8Array): Promise<number>;
    /** Exactly `length` bytes that were appended. */
    read(offset: number, length: number): Promise<Uint8Array>;
    /** Gives everything up. */
    close(): Promise<void>;
}
/**
 * A spool in memory.
 *
 * @param most - bytes; default 256 MiB. `append` rejects beyond it with `NO_SPACE`
 */
declare function memorySpool(most?: number): Spool;

/**
 * A spool in a file that has no name: it is gone when the process ends, however it ends. On Windows it has a name and is removed by `close`.
 *
 * Needs Node, Bun or Deno.
 *
 * @param directory - default: the directory for temporary files, which some systems keep in memory
 */
declare function fileSpool(directory?: string): Promise<Spool>;

/** Options of {@link snarfStorage}. */
interface SnarfStorageOptions {
    /** What is accepted of the archive. */
    readonly limits?: SnarfLimits;
    /** A file that is in the archive twice: `error` (default), or `last`, as the original reads archives that something was appended to. */
    readonly duplicates?: Duplicates;
    /** Makes the place where content waits for `flush`; default {@link memorySpool}. `fileSpool` makes one on a disk. */
    readonly spool?: () => Spool | Promise<Spool>;
}
/**
 * A snarf archive that lies on any storage, as a storage.
 *
 * Changes are kept aside: others see them, and they are durable, after `flush` or `close`, all together. Then the archive is written anew, once, and takes
 * the place of the old one in one step of the inner storage. A crash before leaves the old archive whole. If somebody else has replaced the archive
 * meanwhile, `flush` rejects with `PRECONDITION_FAILED` and writes nothing.
 *
 * The format keeps neither times nor permissions nor links. Files are told apart by content: `hash` reads a file whose SHA-256 is not known yet.
 *
 * @param inner - where the archive lies; it is closed by `close`
 * @param path - of the archive on it
 * @example
 * const site = snarfStorage(fs('/srv/backup'), 'site.snarf', { spool: fileSpool })
 * await site.write('index.html', toBytes('<p>hello'))
 * await site.close()
 */
declare function snarfStorage(inner: WritableStorage, path: Path, options?: SnarfStorageOptions): SnarfStorage;
/** What {@link snarfStorage} makes. */
declare class SnarfStorage implements WritableStorage {
    #private;
    readonly name: string;
    readonly hash?: NonNullable<WritableStorage['hash']>;
    constructor(inner: WritableStorage, path: Path, { limits, duplicates, spool }?: SnarfStorageOptions);
    get capabilities(): Capabilities;
    list(path: Path, { signal, recursive, descend }?: ListOptions): AsyncGenerator<readonly Entry[]>;
    stat(path: Path, { signal }?: AbortOptions): Promise<Entry | undefined>;
    read(path: Path, { signal, offset, length, ifMatch }?: ReadOptions): AsyncGenerator<Uint8Array>;
    write(path: Path, content: Bytes, options?: WriteOptions): Promise<FileEntry>;
    remove(path: Path, { signal, ifMatch }?: RemoveOptions): Promise<void>;
    makeDirectory(path: Path, { signal }?: AbortOptions): Promise<void>;
    /** Needs no content: both files have the same bytes of the archive until it is written anew. */
    copy(from: Path, to: Path, options?: WriteOptions): Promise<FileEntry>;
    move(from: Path, to: Path, { signal, ifMatch }?: WriteOptions): Promise<void>;
    /** Says why the format cannot hold a path. */
    refuses(path: Path): string | undefined;
    /** Writes the archive anew if anything has changed. */
    flush({ signal }?: AbortOptions): Promise<void>;
    /** Flushes, and closes the inner storage too. */
    close(): Promise<void>;
}

export { SnarfStorage, type SnarfStorageOptions, type Spool, fileSpool, memorySpool, plugin, snarfStorage };

// member-names-HASH.d.ts
/** What a reader accepts at most. An archive may come from anywhere, and a few bytes of it can claim anything. */
interface SnarfLimits {
    /** Files and directories, those that paths only imply among them; default 1,000,000. */
    readonly entries?: number;
    /** Bytes of all files together; default 2^53 - 1, the largest exact number. */
    readonly bytes?: number;
    /** UTF-8 bytes of one path; default 4096, as on Linux. */
    readonly pathBytes?: number;
}

/** What becomes of a file that an archive holds twice. */
type Duplicates = 'error' | 'last';

export type { Duplicates as D, SnarfLimits as S };

// objects.d.ts
import { E as Entries, O as ObjectSpace, R as Repository, a as Revisions, b as RepositoryOptions } from './commit-HASH.js';
export { A as AnySynchronizer, C as Callback, c as Checkin, d as Commit, e as CommitAction, f as CommitError, g as CommitItem, h as CommitOptions, i as CommitPlan, j as CommitResult, k as CommitStep, l as ContainerLike, D as DefaultSynchronizer, m as DirectoryFactory, n as DirectoryGenerator, o as DirectorySynchronizer, p as Dumper, q as EntryAttributes, r as Extras, F as FileFactory, s as FileGenerator, t as FileSynchronizer, I as InvalidEntriesFileError, M as Metadata, u as MetadataFiles, v as MissingSynchronizerError, w as Modification, N as NameRules, x as ObjectEvent, y as ObjectGenerator, z as ObjectSpaceOptions, P as PathError, B as PlanOptions, G as PyError, H as ReadEntriesOptions, J as Revision, K as RevisionError, S as SynchronizableAnnotations, L as SynchronizationError, Q as Synchronizer, T as SynchronizerType, W as Writeable, U as attributesOf, V as entriesPath, X as isRegistered, Y as readEntries, Z as zopeDirectory } from './commit-HASH.js';
export { C as ClassBase, a as ClassDefinition, b as ClassOptions, c as ClassRegistry, d as ClassType, D as Definition, K as KeyType, N as NamedFunction, P as Pickler, R as Reduced } from './pickler-HASH.js';
export { P as PyByteArray, a as PyComplex, b as PyDate, c as PyDateTime, d as PyDecimal, e as PyFloat, f as PyFrozenSet, g as PyInt, h as PyOrderedDict, i as PyString, j as PyTimeZone, k as PyTuple, l as PyUnicode, m as PyValue, n as PyZonedDateTime, U as UnknownClassError, p as pythonDictOrder } from './python-times-HASH.js';
import { Path, AbortOptions, Bytes, ReadableStorage } from '@syncline/core';

/**
 * The text of an `Entries.xml`: entries in byte order of their names, attributes in the order of a Python 2 dictionary.
 *
 * The attributes are inserted as a checkout of the original does: `type`, then the synchronizer's (a dictionary of their own, of `factory`, `provides` and
 * others in byte order), `id`, `key`, `keytype`, `flag`, `conflict`. Always the same order, so a file that is read and written again keeps its bytes.
 *
 * @throws InvalidEntriesFileError if a name or value cannot be in XML, or an attribute has no XML name
 */
declare function writeEntries(entries: Entries): string;

/** Options of a {@link Check}. */
interface CheckOptions {
    /** Throws a `SynchronizationError` at the first conflict. Default false. */
    readonly raiseOnConflicts?: boolean;
}
/** What a check found. */
interface CheckResult extends Revisions {
    /** Paths where content and repository do not fit, each once, in the order in which they were found. */
    readonly conflicts: readonly Path[];
}
/**
 * Finds out whether the content is still what was checked out, so that a commit overwrites nothing that it has not seen.
 *
 * What was changed in the repository is no conflict where its original copy (`@@Zope/Original`) equals the object; without such a copy the file itself
 * must.
 */
declare class Check {
    #private;
    readonly space: ObjectSpace;
    readonly repository: Repository;
    constructor(space: ObjectSpace, repository: Repository, { raiseOnConflicts }?: CheckOptions);
    /** Paths of all conflicts that this object has found so far. */
    errors(): readonly Path[];
    /**
     * @param name - of the child of `container` that is checked; the empty string for all of them
     * @param path - where it lies in the repository
     * @throws SynchronizationError for a name that is a path
     */
    check(container: object, name: string, path: Path, options?: AbortOptions): Promise<CheckResult>;
}

/** Options of {@link Checkout.perform}. */
interface CheckoutOptions extends AbortOptions {
    /** Removes the files of objects that earlier checkouts wrote below the same name and that are gone. What is not registered stays. Default false. */
    readonly removeStale?: boolean;
    /**
     * The container of the object, which lies at `location`: where only a part is checked out, pickles refer to what lies elsewhere in it. Default: what is
     * not below the object has no path, and is held by value.
     */
    readonly container?: object;
}
/** What a checkout did. */
interface CheckoutResult {
    /** Files that it wrote, or found written already. */
    readonly files: number;
    /** Paths of objects without a synchronizer: they are not in the repository. */
    readonly skipped: readonly Path[];
    /** Files of earlier checkouts that were removed. */
    readonly removed: readonly Path[];
}
/**
 * Writes an object and everything below it to a repository.
 *
 * @example
 * await new Checkout(space, repository).perform(root, 'site')
 */
declare class Checkout {
    readonly space: ObjectSpace;
    repository: Repository;
    constructor(space: ObjectSpace, repository: Repository);
    /**
     * @param name - under which the object is stored
     * @param location - directory of the repository; default its root
     * @throws SynchronizationError with the path of an object that cannot be stored. What was written before stays.
     */
    perform(object: unknown, name: string, location?: Path, options?: CheckoutOptions): Promise<CheckoutResult>;
}

/** Dotted names of the marker interfaces that an object itself was given, in the order in which it was given them. */
declare function providedBy(object: unknown): readonly string[];
/** Marks an object with these interfaces and no others. */
declare function directlyProvides(object: object, ...names: readonly string[]): void;
/** Marks an object with these interfaces too. */
declare function alsoProvides(object: object, ...names: readonly string[]): void;
/**
 * The annotations of an object, by namespace: a Map in a property that no listing of properties shows.
 *
 * @param create - gives an object without annotations an empty Map
 */
declare function attributeAnnotations(object: object, create?: boolean): Map<string, unknown> | undefined;

/**
 * A repository in one snarf archive in memory, whose bytes are what the original writes: sizes of eight digits, no directories, members in the order
 * in which they were written.
 *
 * As in the original, a second checkout appends, and of two members of one name the later one is read. Every directory above a member is known.
 * For archives that do not fit into memory, use `repositoryFromStorage` with the storage of an archive.
 *
 * @example
 * const snarf = new SnarfRepository()
 * await new Checkout(space, snarf).perform(root, 'test')
 * await writeFile('site.snarf', snarf.archive())
 */
declare class SnarfRepository extends Repository {
    #private;
    readonly name = "snarf:";
    /** @param archive - read when it is first needed */
    constructor(archive?: Uint8Array, options?: RepositoryOptions);
    /** The whole archive. */
    archive(): Uint8Array;
    kindOf(path: Path): Promise<'file' | 'directory' | undefined>;
    read(path: Path): AsyncGenerator<Uint8Array, void, undefined>;
    write(path: Path, content: Uint8Array | Bytes): Promise<void>;
    paths(): AsyncGenerator<Path, void, undefined>;
}

/** Options of {@link repositoryFromStorage}. */
interface StorageRepositoryOptions extends RepositoryOptions {
    /**
     * Leaves files as they are that have the content already, so that their times and versions stay. Default true.
     * Files of another size are written without a look into them.
     */
    readonly keepUnchanged?: boolean;
}
/**
 * A repository in the files of any storage: a directory, a bucket, an archive.
 *
 * A storage that does not promise `exactNames` is taken to fold case, and file names are decomposed (NFD) there; the keys of objects come back as
 * they were. A storage that can only be read can be committed from.
 */
declare function repositoryFromStorage(storage: ReadableStorage, options?: StorageRepositoryOptions): Repository;

export { Check, type CheckOptions, type CheckResult, Checkout, type CheckoutOptions, type CheckoutResult, Entries, ObjectSpace, Repository, RepositoryOptions, Revisions, SnarfRepository, type StorageRepositoryOptions, alsoProvides, attributeAnnotations, directlyProvides, providedBy, repositoryFromStorage, writeEntries };

// pickle.d.ts
import { P as Pickler, c as ClassRegistry, e as DumpOptions, L as LoadOptions } from './pickler-HASH.js';
export { C as ClassBase, a as ClassDefinition, b as ClassOptions, d as ClassType, D as Definition, K as KeyType, N as NamedFunction, R as Reduced } from './pickler-HASH.js';
export { P as PyByteArray, a as PyComplex, b as PyDate, c as PyDateTime, d as PyDecimal, e as PyFloat, f as PyFrozenSet, g as PyInt, h as PyOrderedDict, i as PyString, j as PyTimeZone, k as PyTuple, l as PyUnicode, m as PyValue, n as PyZonedDateTime, U as UnknownClassError, p as pythonDictOrder } from './python-times-HASH.js';

/** A value that cannot be written. The message names the place inside the value. */
declare class PicklingError extends Error {
    readonly name: string;
    /** Where in the value, e.g. `$.pages["home"].author`. */
    readonly place: string;
    constructor(message: string, place: string, options?: {
        readonly cause?: unknown;
    });
}
/** Text that is no pickle, or one that may not be read here. The message names line and column, both from 1. */
declare class UnpicklingError extends Error {
    readonly name: string;
    readonly line: number;
    readonly column: number;
    constructor(message: string, position: {
        readonly line: number;
        readonly column: number;
    }, options?: {
        readonly cause?: unknown;
    });
}

/**
 * Reads and writes JSON that people can read and compare: names sorted, one value a line, what JSON has no type for under names such as `$class`,
 * `$ref` and `$bytes`.
 *
 * @example
 * new JSONPickler(new ClassRegistry().defineClass('app.models.Page', Page)).dump(new Page())
 */
declare class JSONPickler implements Pickler {
    #private;
    readonly name = "json";
    readonly extension = ".json";
    constructor(registry: ClassRegistry);
    dump(value: unknown, options?: DumpOptions): Uint8Array;
    load(text: Uint8Array | string, options?: LoadOptions): unknown;
}

/**
 * Reads and writes YAML 1.2: what {@link JSONPickler} writes, with text of several lines as such.
 *
 * Anchors, aliases and YAML's own tags are refused; references are `$ref`, as in JSON.
 */
declare class YAMLPickler implements Pickler {
    #private;
    readonly name = "yaml";
    readonly extension = ".yaml";
    constructor(registry: ClassRegistry);
    dump(value: unknown, options?: DumpOptions): Uint8Array;
    load(text: Uint8Array | string, options?: LoadOptions): unknown;
}

export { ClassRegistry, DumpOptions, JSONPickler, LoadOptions, Pickler, PicklingError, UnpicklingError, YAMLPickler };

// pickler-HASH.d.ts
/** A class, as a value. */
type ClassType<T extends object = object> = abstract new (...args: never[]) => T;
/** A function that is known by name: written as `<global>`, and called when an object says it is made by it. */
type NamedFunction = (...args: readonly unknown[]) => unknown;
/** How an object is made again: by calling `callable` with `args`, then giving it `state`. */
interface Reduced {
    /** Dotted name of a registered class or function. */
    readonly callable: string;
    readonly args: readonly unknown[];
    /** Nothing is written for `undefined`. */
    readonly state?: unknown;
}
/** How objects of one class are taken apart and made again. Everything is optional: by default the own enumerable properties are kept. */
interface ClassOptions<T extends object = object> {
    /**
     * How Python would hold the class; decides the elements of the XML pickle only.
     * `new`: a new-style class (default). `classic`: a class without `object` as base. `persistent`: made by `copy_reg.__newobj__`, as classes
     * of the ZODB are.
     */
    readonly style?: 'new' | 'classic' | 'persistent';
    /** Makes an empty object. Default: one with the class's prototype; the constructor does not run. */
    create?(): T;
    /** What is kept of the object. A plain object or a Map with string keys is its attributes. Default: its own enumerable properties. */
    getState?(object: T): unknown;
    /** Gives a new object what `getState` returned. Default: sets the properties. */
    setState?(object: T, state: unknown): void;
    /** Says how the object is made again, instead of its class and state. */
    reduce?(object: T): Reduced;
    /** Makes an object from the arguments of `reduce`. Needed if a `reduce` names this class. */
    construct?(...args: readonly unknown[]): T;
    /** The container or value that the object is by inheritance, written before its attributes. Default for subclasses of Map and Array. */
    readonly base?: ClassBase<T>;
    /** Other classes whose objects are written as objects of this one. */
    readonly variants?: readonly ClassType<T>[];
}
/** The built-in value inside an object of a subclass. */
interface ClassBase<T extends object = object> {
    /** Dotted name of the built-in class: `__builtin__.dict`, `__builtin__.list`, `__builtin__.int` … */
    readonly name: string;
    /** The value inside. */
    get(object: T): unknown;
    /** An object around a value. */
    create(value: unknown): T;
}
/** A registered class. */
interface ClassDefinition<T extends object = object> extends ClassOptions<T> {
    readonly name: string;
    readonly type: ClassType<T>;
}
/** A registered name: a class, or a function. */
type Definition = ClassDefinition | {
    readonly name: string;
    readonly type: NamedFunction;
    readonly isFunction: true;
};
/** Makes the key of an object from its name in the repository. */
type KeyType = (name: string) => unknown;
/**
 * The classes, functions, synchronizers, generators, markers and key types that may be named in stored data.
 *
 * Every name is dotted and exact, and so is the way back: an object belongs to the class whose prototype it has, never to a base class.
 * The built-in types of Python that have a counterpart (`__builtin__`, `copy_reg`, `datetime`, `decimal`, `collections`) are known from the start.
 * Two registries share nothing.
 *
 * @typeParam Synchronizer - what a synchronizer factory makes
 * @typeParam Generator - what makes objects for files without a class
 * @example
 * const registry = new ClassRegistry().defineClass('app.models.Page', Page)
 */
declare class ClassRegistry<Synchronizer = unknown, Generator = unknown> {
    #private;
    constructor();
    /**
     * Makes a class known by its dotted name.
     *
     * @throws TypeError if the name or the class is registered already, or the name is not dotted
     */
    defineClass<T extends object>(name: string, type: ClassType<T>, options?: ClassOptions<T>): this;
    /** Makes a function known by its dotted name. @throws TypeError as {@link ClassRegistry.defineClass} */
    defineFunction(name: string, type: NamedFunction): this;
    /** The class or function of a dotted name; the names of Python 3 (`builtins`, `copyreg`) are understood. @throws UnknownClassError */
    find(name: string): Definition;
    /** The name under which a class or a function is registered, as a value. */
    findValue(type: unknown): Definition | undefined;
    /** The class that an object has exactly; undefined if it is not registered. Base classes are not consulted. */
    classOf(object: object): ClassDefinition | undefined;
    /**
     * The dotted name of the class of any value: `__builtin__.str` for a string of printable ASCII, `__builtin__.dict` for a plain object.
     *
     * @throws UnknownClassError for an object whose class is not registered, for symbols and undefined
     */
    classNameOf(value: unknown): string;
    /** Registers what makes the synchronizers of one class. @param factory - also given what {@link ClassRegistry.synchronizerOf} was asked with */
    synchronizer(className: string, factory: (object: unknown, within?: unknown) => Synchronizer): this;
    /** Registers what makes the synchronizers of every class without one of its own. */
    defaultSynchronizer(factory: (object: unknown, within?: unknown) => Synchronizer): this;
    /** The synchronizer of an object: of its exact class, else the default one, else undefined. */
    synchronizerOf(object: unknown, within?: unknown): Synchronizer | undefined;
    /** Registers an interface that objects can be marked with. */
    marker(name: string, symbol: symbol): this;
    /** The marker of a name. @throws UnknownClassError */
    findMarker(name: string): symbol;
    /** Registers what makes objects of a factory name. */
    generator(factoryName: string, generator: Generator): this;
    /** The generator of a factory name, if there is one. */
    findGenerator(factoryName: string): Generator | undefined;
    /** Registers how names become keys of a class. */
    keyType(className: string, keyType: KeyType): this;
    /** How names become keys of a class. @throws UnknownClassError */
    findKeyType(className: string): KeyType;
}

/** How a value is written. */
interface DumpOptions {
    /**
     * Says which objects are written as a reference instead of by value, and under which id. Called once for each place of each object; the value
     * that is dumped itself is asked about too, as the original does.
     */
    readonly persistentId?: ((object: object) => string | undefined) | undefined;
    /** Reads what was written and writes it again; throws a `PicklingError` if that differs. Default false. */
    readonly verify?: boolean | undefined;
    /** Values inside values, default 1000; 200 for YAML. */
    readonly maxDepth?: number | undefined;
}
/** How a value is read. */
interface LoadOptions {
    /** Gives the object of an id. Without it, references to objects elsewhere are an error. */
    readonly persistentLoad?: ((id: string) => unknown) | undefined;
    /**
     * Keeps what JavaScript has no type for as `PyFloat`, `PyInt`, `PyUnicode` and `PyString`, so that writing the value again gives the same bytes.
     * Default false: numbers and strings.
     */
    readonly preserve?: boolean | undefined;
    /** An object without anything in it, of the class that the pickle names: the value becomes this very object, which others may know already. */
    readonly into?: object | undefined;
    /** Values inside values, default 1000; 200 for YAML. */
    readonly maxDepth?: number | undefined;
    /** Bytes of the text, default 256 MiB; 32 MiB for YAML. */
    readonly maxBytes?: number | undefined;
}
/**
 * Turns values into text and back. Only classes of the pickler's registry are written and read; text never runs code.
 *
 * Values are what JavaScript has: null, booleans, numbers, bigints, strings, `Uint8Array`, arrays, plain objects, `Map`, `Set`, `Date`, and objects
 * of registered classes; shared references and cycles stay what they are.
 */
interface Pickler {
    /** `xml`, `json` or `yaml`. */
    readonly name: string;
    /** Of files, with the dot. */
    readonly extension: string;
    /** @returns UTF-8 text, the same for the same value; @throws PicklingError naming the place of what cannot be written */
    dump(value: unknown, options?: DumpOptions): Uint8Array;
    /** @throws UnpicklingError naming line and column */
    load(text: Uint8Array | string, options?: LoadOptions): unknown;
}

export { type ClassBase as C, type Definition as D, type KeyType as K, type LoadOptions as L, type NamedFunction as N, type Pickler as P, type Reduced as R, type ClassDefinition as a, type ClassOptions as b, ClassRegistry as c, type ClassType as d, type DumpOptions as e };

// python-times-HASH.d.ts
import { R as Reduced } from './pickler-HASH.js';

/**
 * The order in which a dictionary of CPython 2.7 gives back its keys: that of its hash table, which depends on what was put in when.
 *
 * Entries.xml and `compat: 'zope-3.6.1'` need it, because the original wrote what the dictionary gave.
 *
 * @param keys - in the order in which they were put in; a key put in again changes nothing
 */
declare function pythonDictOrder(keys: Iterable<string>): string[];

/** A name that nobody registered, or an object of a class that nobody registered. Nothing is ever looked up by name outside a registry. */
declare class UnknownClassError extends Error {
    readonly name: string;
    /** The dotted name, or the JavaScript name of the class without one. */
    readonly className: string;
    constructor(className: string, message: string);
}

/** A value of a Python type that JavaScript cannot tell from another. */
declare abstract class PyValue<T extends bigint | number | string> {
    readonly value: T;
    constructor(value: T);
    valueOf(): T;
    toString(): string;
}
/** A Python `float`. Needed where JavaScript cannot tell: `1` is written as `<int>1</int>`, `new PyFloat(1)` as `<float>1.0</float>`. */
declare class PyFloat extends PyValue<number> {
}
/** A Python `int` that is no safe integer in JavaScript. (A bigint is a Python `long`, another type.) */
declare class PyInt extends PyValue<bigint> {
}
/** A Python `unicode` with an identity: it stays one where its text would be written as `str`, and two places can hold the same one. */
declare class PyUnicode extends PyValue<string> {
}
/** A Python `str` of text with an identity: two places can hold the same one. Printable ASCII, tabs and line breaks only; other bytes are a `Uint8Array`. */
declare class PyString extends PyValue<string> {
    constructor(value: string);
}
/** A Python `tuple`: an array that cannot be changed. */
declare class PyTuple<T = unknown> extends Array<T> {
    constructor(items: Iterable<T>);
    /** `map`, `filter` and the like give ordinary arrays. */
    static get [Symbol.species](): ArrayConstructor;
    /** A tuple whose items are still to come, so that they can refer to it. To be frozen when they are there. */
    static open<T>(): PyTuple<T>;
}
/** A Python `complex`. */
declare class PyComplex {
    readonly real: number;
    readonly imaginary: number;
    constructor(real: number, imaginary: number);
}
/** A Python `decimal.Decimal`, as the text it was made from: no digit is lost. */
declare class PyDecimal {
    readonly text: string;
    constructor(text: string);
    toString(): string;
}
/** A Python `datetime.date`: a day without a time. */
declare class PyDate {
    readonly year: number;
    /** From 1. */
    readonly month: number;
    readonly day: number;
    constructor(year: number, month: number, day: number);
}
/** A Python `datetime.datetime` with microseconds that a `Date` cannot hold. */
declare class PyDateTime extends Date {
    /** What comes after the milliseconds: 0 to 999. */
    readonly microseconds: number;
    constructor(milliseconds: number, microseconds: number);
}
/** A Python `frozenset`. */
declare class PyFrozenSet<T = unknown> extends Set<T> {
}
/** A Python `collections.OrderedDict`: its order is kept, where the items of other dictionaries are sorted. */
declare class PyOrderedDict<K = unknown, V = unknown> extends Map<K, V> {
}
/** A Python `bytearray`, whose bytes can change. (A `Uint8Array` is a `str`.) */
declare class PyByteArray extends Uint8Array {
}

/**
 * A time zone as Python's `pytz` knows them: UTC, a fixed offset, or a named zone with the offset that counted at the time in question. No table of zones
 * is needed to read one.
 */
declare class PyTimeZone {
    #private;
    /** `pytz.utc`. */
    static readonly utc: PyTimeZone;
    /** East of UTC. */
    readonly offsetSeconds: number;
    /** Such as `Europe/Berlin`; absent for UTC and fixed offsets. */
    readonly name: string | undefined;
    private constructor();
    /** `pytz.FixedOffset`. @param minutes - east of UTC */
    static fixed(minutes: number): PyTimeZone;
    /**
     * A named zone.
     *
     * @param offsetSeconds - east of UTC, daylight saving included
     * @param daylightSeconds - how much of it is daylight saving
     * @param abbreviation - such as `CET`
     */
    static named(name: string, offsetSeconds: number, daylightSeconds: number, abbreviation: string): PyTimeZone;
    /** A zone of pytz whose offset never changes: `Etc/GMT-5` is five hours east of UTC. @throws TypeError for other names */
    static constant(name: string): PyTimeZone;
    /** How Python makes it again. */
    reduce(): Reduced;
}
/** A Python `datetime.datetime` with a time zone. As a `Date` it is the moment itself. */
declare class PyZonedDateTime extends PyDateTime {
    readonly zone: PyTimeZone;
    /** @param milliseconds - of the moment since 1970 in UTC */
    constructor(milliseconds: number, microseconds: number, zone: PyTimeZone);
}

export { PyByteArray as P, UnknownClassError as U, PyComplex as a, PyDate as b, PyDateTime as c, PyDecimal as d, PyFloat as e, PyFrozenSet as f, PyInt as g, PyOrderedDict as h, PyString as i, PyTimeZone as j, PyTuple as k, PyUnicode as l, PyValue as m, PyZonedDateTime as n, pythonDictOrder as p };

// workdir.d.ts
import { Path, AbortOptions, WritableStorage } from '@syncline/core';
import { R as Repository, _ as Digest, q as EntryAttributes, j as CommitResult, O as ObjectSpace } from './commit-HASH.js';
import './pickler-BoETTIQp.js';

/** What an update does to one file of a working copy. */
type FileAction = 
/** Nothing on disk changes. */
'nothing'
/** The file is what the repository has already: only the original copy and the entry follow. */
 | 'fix'
/** The repository's file takes the place of the local one. */
 | 'copy'
/** Local and repository's changes are brought together. */
 | 'merge'
/** The local file, its original copy and its entry go. */
 | 'delete';
/** What a file of a working copy is after an update. */
type FileState = 'uptodate' | 'modified' | 'added' | 'removed' | 'conflict' | 'spurious' | 'nonexistent';
/** What an entry says that matters here; `undefined` if there is no entry. */
interface EntryFacts {
    readonly flag: 'added' | 'removed' | undefined;
    /** A merge has left both texts in the file, and nobody has resolved it. */
    readonly conflict: boolean;
    readonly binary: boolean;
}
/** Everything that {@link classify} decides by. Two files are equal only if both exist and have the same bytes. */
interface FileFacts {
    readonly localEntry: EntryFacts | undefined;
    readonly remoteEntry: EntryFacts | undefined;
    readonly hasLocal: boolean;
    readonly hasOriginal: boolean;
    readonly hasRemote: boolean;
    readonly localIsOriginal: boolean;
    readonly localIsRemote: boolean;
    readonly originalIsRemote: boolean;
}
/** A row of {@link fileRules}. */
interface FileRule {
    /** For messages, and for the test of the row. */
    readonly name: string;
    readonly when: (facts: FileFacts) => boolean;
    readonly action: FileAction;
    readonly state: FileState;
    /** The original lost data here, and this row stands before the one that did. */
    readonly repairs?: string;
}
/**
 * The state table, first match wins. Rows with `repairs` are ours; without them the table is that of the original.
 *
 * Nothing that exists only in the working copy is overwritten or deleted by any row.
 */
declare const fileRules: readonly FileRule[];
/**
 * Decides what an update does to a file. Pure: the same facts always give the same row.
 *
 * @param compat - `zope-3.6.1`: by the rows of the original alone, which lose data
 */
declare function classify(facts: FileFacts, compat?: 'fixed' | 'zope-3.6.1'): FileRule;

/** Formats that are merged by keys. */
type StructuredFormat = 'json' | 'yaml';

/** How a file is merged. `binary` never is. */
type MergeFormat = StructuredFormat | 'text' | 'binary';
/** What a merge gives; `undefined` if these files cannot be merged. */
interface MergedFile {
    readonly content: Uint8Array;
    /** Both versions are in the content, marked, for a person to decide. */
    readonly isConflict: boolean;
}
/** The format of a file by the end of its name. */
declare function formatOf(path: string): MergeFormat;
/**
 * Merges two versions of a file that come from a third.
 *
 * By keys where the format has keys: then what was changed under different keys is no conflict, and a key that both added is one wherever its lines are.
 *
 * @param original - absent: both versions were made on their own
 * @returns undefined for what is not text, too big to be merged, or too different
 */
declare function mergeFile(path: string, format: MergeFormat, local: Uint8Array, original: Uint8Array | undefined, remote: Uint8Array): MergedFile | undefined;

/** What an update does at one path: as with a file, or with a directory, which is made, or taken away when it is empty. */
type UpdateAction = FileAction | 'make' | 'clear';
/** One line of a report. Survives `JSON.stringify`. */
interface UpdateItem {
    readonly path: Path;
    readonly kind: 'file' | 'directory';
    readonly action: UpdateAction;
    readonly state: FileState;
    /** `C` conflict, `U` updated, `M` changed here, `A` added here, `R` removed here, `D` deleted, `N` new directory, `?` not registered, `*` nothing, `/` visited. */
    readonly letter: string;
    /** A clause for people: why. */
    readonly reason: string;
    /** The repository has something that the working copy has not seen, or the two do not fit. */
    readonly isBehind: boolean;
}

/** One path that could not be updated, and why. It is as it was. */
interface PathFailure {
    readonly path: Path;
    readonly error: unknown;
}

/** A command cannot be carried out on a working copy. Nothing has been changed, unless the message says so. */
declare class WorkingCopyError extends Error {
    readonly name: string;
    readonly path: Path | undefined;
    constructor(message: string, path?: Path);
}
/** It would have lost what is nowhere else. */
declare class UnsavedError extends WorkingCopyError {
    readonly name = "UnsavedError";
}

/** What a path of a working copy is, without a look at the repository. */
type WorkState = 'unchanged' | 'modified' | 'added' | 'removed'
/** Both sides changed it; see `resolve`. */
 | 'conflict'
/** Nobody has added it. */
 | 'unregistered'
/** It is registered, and its file is gone. An update brings it back. */
 | 'lost'
/** It was added, and its file is gone. */
 | 'added-lost'
/** It was removed, and a file is there again. */
 | 'reborn'
/** Its original copy is gone, so nothing tells whether it was changed. */
 | 'lost-original'
/** Something that is neither a file nor a directory lies there. */
 | 'blocked' | 'nonexistent';
/** One line of a status. Survives `JSON.stringify`. */
interface StatusItem {
    readonly path: Path;
    readonly kind: 'file' | 'directory';
    readonly state: WorkState;
    /** Its attributes were changed by hand. */
    readonly attributesChanged?: true;
    /** Of a conflict: whether both texts are in the file, or each is where it was. */
    readonly conflict?: 'in-file' | 'unmerged';
}

/** Options of `WorkingCopy.diff`. */
interface DiffOptions extends AbortOptions {
    /** Lines around a change; default 3. */
    readonly context?: number;
    /** Shows also what was added and removed, as a whole. Default false. */
    readonly wholeFiles?: boolean;
}
/** What was changed in one file. */
interface FileDiff {
    readonly path: Path;
    readonly state: WorkState;
    /** As a unified diff between the original copy and the file; `undefined` if one of them is no text, or they differ too much to be compared. */
    readonly patch: string | undefined;
}

/** Whose version a conflict ends with. */
interface ResolveChoice {
    readonly take: 'ours' | 'theirs';
    readonly repository: Repository;
}
/** A path that is in order again. */
interface Resolved {
    readonly path: Path;
    /** Where the file lies that was given up. */
    readonly saved?: Path;
}

/** Options of a {@link WorkingCopy}. */
interface WorkingCopyOptions {
    /** How a file is merged; default by the end of its name. What an entry calls binary is never merged. */
    readonly formatOf?: (path: Path, entry: EntryAttributes) => MergeFormat;
}
/** Options of {@link WorkingCopy.update}. */
interface UpdateOptions extends AbortOptions {
    /** Says what it would do. Default false. */
    readonly dryRun?: boolean;
    /** Files that were just committed, with what they were: of those the repository's version is taken. */
    readonly committed?: ReadonlyMap<Path, Digest>;
}
/** What an update did, or would do. */
interface UpdateResult {
    readonly items: readonly UpdateItem[];
    /** Paths that are as they were, because something came between. */
    readonly failures: readonly PathFailure[];
}
/** What an added object will be made of. */
interface AddOptions extends AbortOptions {
    /** Dotted name of the class of a pickle. */
    readonly type?: string | undefined;
    /** Dotted name of the class that makes the object, which then reads the file. */
    readonly factory?: string | undefined;
}
/**
 * The files of a repository, to be worked on: each with an untouched copy, so that changes can be seen, merged and taken back without the repository.
 *
 * It lies on any storage that replaces files in one step. Nothing that is only here is ever overwritten or deleted, and after a kill the next
 * command goes on. Of two commands at once, the one that would lose something of the other fails.
 *
 * @example
 * const work = new WorkingCopy(fs('./wiki-files'))
 * await work.update(repository)
 * for (const { path, state } of await work.status()) console.log(state, path)
 */
declare class WorkingCopy {
    #private;
    readonly storage: WritableStorage;
    constructor(storage: WritableStorage, options?: WorkingCopyOptions);
    /** Where it was checked out from, as `@@Zope/Root` says; `undefined` if it does not say. */
    root(options?: AbortOptions): Promise<string | undefined>;
    /** Writes `@@Zope/Root`. */
    setRoot(root: string, options?: AbortOptions): Promise<void>;
    /** Whether there is one. */
    exists(options?: AbortOptions): Promise<boolean>;
    /** The state of everything at or below some paths. */
    status(paths?: readonly Path[], options?: AbortOptions): Promise<readonly StatusItem[]>;
    /** What was changed here, as patches. */
    diff(paths?: readonly Path[], options?: DiffOptions): Promise<readonly FileDiff[]>;
    /** Brings the changes of a repository into the files. What both changed is merged; what cannot be is left as it is, and marked. */
    update(repository: Repository, options?: UpdateOptions): Promise<UpdateResult>;
    /** Registers a file, or a directory with everything in it, to be made by the next commit. @returns what was registered */
    add(path: Path, options?: AddOptions): Promise<readonly Path[]>;
    /** Makes a directory and registers it. */
    makeDirectory(path: Path, options?: AddOptions): Promise<void>;
    /**
     * Marks an object to be deleted by the next commit, and deletes its files, if every byte of them is in an original copy. What was only added is
     * unregistered, and its files stay.
     *
     * @throws WorkingCopyError naming what is changed or not registered, and would be lost
     */
    remove(path: Path, options?: AbortOptions): Promise<void>;
    /** Copies a file or directory under another name, and registers the copy as added, with the same class, extras and annotations. */
    copy(from: Path, to: Path, options?: AbortOptions): Promise<readonly Path[]>;
    /**
     * Ends conflicts at or below some paths.
     *
     * Without a choice, those that a merge left in a file: the file is what it shall be now. With `ours` or `theirs`, which need the repository, every
     * conflict; what `theirs` gives up is kept in `@@Zope/Saved`.
     */
    resolve(paths: readonly Path[], choice?: ResolveChoice, options?: AbortOptions): Promise<readonly Resolved[]>;
    /**
     * Takes back what was changed at or below some paths. What is given up is kept in `@@Zope/Saved`; what was added stays as a file.
     *
     * @returns what was reverted, with where the changed file is kept
     */
    revert(paths: readonly Path[], options?: AbortOptions): Promise<readonly Resolved[]>;
}

/** An object graph that working copies are made of. */
interface ObjectContent {
    readonly space: ObjectSpace;
    /** Under which the root lies in a working copy. */
    readonly name: string;
    /** A commit replaces it if it is an object without children whose pickle changed. */
    root: unknown;
}
/** Options of {@link commitObjects}. */
interface CommitObjectsOptions extends AbortOptions {
    /** Says what it would do. Default false. */
    readonly dryRun?: boolean;
    /**
     * Keeps the changed content, e.g. in a database. What it throws ends the commit; the content is in memory as it was committed, and the working copy as
     * it was before: a later commit does it again.
     */
    readonly save?: (root: unknown) => void | Promise<void>;
}
/** What a commit of a working copy did. */
interface CommitObjectsResult extends CommitResult {
    /** What the working copy got back: flags that are done, and what the content writes differently. */
    readonly update: UpdateObjectsResult;
}
/** The content changed since the last update, or conflicts are open. Nothing has been committed. */
declare class NotUpToDateError extends WorkingCopyError {
    readonly name = "NotUpToDateError";
    /** Paths in question. */
    readonly paths: readonly Path[];
    constructor(message: string, paths: readonly Path[]);
}
/** The working copy of an object graph on a storage. Pickles are merged by keys if they are JSON or YAML. */
declare function workingCopyOf({ space }: Pick<ObjectContent, 'space'>, storage: WritableStorage): WorkingCopy;
/** What an update did, or would do, and what it left out. */
interface UpdateObjectsResult extends UpdateResult {
    /** Paths of objects without a synchronizer: they are not in the working copy, and no commit touches them. */
    readonly skipped: readonly Path[];
}
/** Brings the objects as they are now into a working copy, which may be new. */
declare function updateObjects(content: ObjectContent, work: WorkingCopy, options?: UpdateOptions): Promise<UpdateObjectsResult>;
/** The objects as files, in memory, under the names that a working copy has for them. */
declare function stageObjects(content: ObjectContent, work: WorkingCopy, options?: AbortOptions): Promise<Repository>;
/**
 * Brings the changes of a working copy into its objects: all of them, or none.
 *
 * Refused is a working copy with conflicts, and one that has not seen everything that is in the content: bodies, attributes, extras, annotations, and
 * what is in directories that it removes. What is edited in the working copy meanwhile stays.
 *
 * @throws NotUpToDateError, CommitError, RevisionError; the content is what it was before
 */
declare function commitObjects(content: ObjectContent, work: WorkingCopy, options?: CommitObjectsOptions): Promise<CommitObjectsResult>;

/**
 * What a module exports so that `syncline objects` can work with its objects.
 *
 * @example
 * export const space = new ObjectSpace({ registry }).synchronizer('wiki.Page', PageSynchronizer)
 * export const name = 'wiki'
 * export const root = () => loadWiki('wiki.json')
 * export const save = wiki => storeWiki('wiki.json', wiki)
 */
interface ObjectsModule {
    /** The classes, and how each is kept. */
    readonly space: ObjectSpace;
    /** The root object, or a function that gives it, now or later: called once for each command. */
    readonly root: unknown;
    /** Under which the root lies in a working copy; default `root`. */
    readonly name?: string;
    /** Keeps the root after a commit has changed it; in one step, or not at all. Absent: there is nothing to commit to. */
    readonly save?: (root: unknown) => void | Promise<void>;
    /** Lets go of what `root` opened or locked; called last, whatever happened. */
    readonly close?: (root: unknown) => void | Promise<void>;
}

export { type AddOptions, type CommitObjectsOptions, type CommitObjectsResult, type DiffOptions, type EntryFacts, type FileAction, type FileDiff, type FileFacts, type FileRule, type FileState, type MergeFormat, type MergedFile, NotUpToDateError, type ObjectContent, type ObjectsModule, type PathFailure, type ResolveChoice, type Resolved, type StatusItem, type StructuredFormat, UnsavedError, type UpdateAction, type UpdateItem, type UpdateObjectsResult, type UpdateOptions, type UpdateResult, type WorkState, WorkingCopy, WorkingCopyError, type WorkingCopyOptions, classify, commitObjects, fileRules, formatOf, mergeFile, stageObjects, updateObjects, workingCopyOf };

// xmlpickle.d.ts
import { P as Pickler, c as ClassRegistry, e as DumpOptions, L as LoadOptions } from './pickler-HASH.js';

/**
 * A number as Python 2.7 writes it: the fewest digits that read back as the same number.
 *
 * @example
 * pyFloatRepr(1) // '1.0'
 * pyFloatRepr(1e16) // '1e+16'
 */
declare function pyFloatRepr(value: number): string;

/** How strings are written. `zope-3.6.1` leaves `]]>` as it is, which no reader takes. */
type Compat = 'fixed' | 'zope-3.6.1';

/** Of an XML pickler. */
interface XMLPicklerOptions {
    /**
     * `fixed` (default): the bytes of zope.fssync 3.6.1 wherever it can read them again and nothing is missing in them, and readable bytes elsewhere.
     * `zope-3.6.1`: exactly its bytes, with its faults.
     */
    readonly compat?: Compat | undefined;
}
/**
 * Reads and writes the XML pickle of zope.fssync.
 *
 * @example
 * const pickler = new XMLPickler(new ClassRegistry().defineClass('app.models.Page', Page))
 * const text = pickler.dump(new Page())
 * const page = pickler.load(text)
 */
declare class XMLPickler implements Pickler {
    #private;
    readonly name = "xml";
    readonly extension = ".xml";
    constructor(registry: ClassRegistry, options?: XMLPicklerOptions);
    dump(value: unknown, options?: DumpOptions): Uint8Array;
    load(text: Uint8Array | string, options?: LoadOptions): unknown;
}

export { type Compat, XMLPickler, type XMLPicklerOptions, pyFloatRepr };
