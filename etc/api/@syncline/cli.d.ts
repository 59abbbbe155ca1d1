// index.d.ts
import { CommandFamily, LockOwner, AbortOptions, SymlinkMode, ReadableStorage, WritableStorage } from '@syncline/core';

/** Where text goes: standard output or standard error. */
interface OutputStream {
    write(text: string): void;
    /** Content as it is. Resolves when there is room for more. */
    writeBytes(content: Uint8Array): Promise<void>;
    readonly isTTY: boolean;
    /** Width of the terminal now; absent where there is none. */
    readonly columns?: number | undefined;
    /** Height of the terminal now; absent where there is none. */
    readonly rows?: number | undefined;
}
/** How a location is opened. */
interface OpenOptions extends AbortOptions {
    /** What happens to symbolic links, for the storages that have them. */
    readonly symlinks?: SymlinkMode | undefined;
}
/** A place, told apart from every other one. */
interface Place {
    /** Absolute path or URL that opens the same place from any working directory; never with a credential. */
    readonly location: string;
    /** A local path as it is on disk, symbolic links resolved as far as the path exists; absent for other storages. */
    readonly realPath?: string;
}
/** Which state is meant: one that the user named, or the one that is kept for a pair by default. */
type StateReference = {
    readonly location: string;
} | {
    readonly pair: string;
};
/** A pair that was synced before with the default state. */
interface KnownPair {
    readonly source: string;
    readonly destination: string;
}
/** A family of commands, as it is listed before its package is loaded. */
interface FamilySummary {
    readonly name: string;
    readonly summary: string;
}
/**
 * The tests of the storage protocol: `conformance` of `@syncline/conformance`. It comes from outside, because commands need it for `doctor` alone and this
 * package stands on core alone.
 */
type ConformanceSuite = (runner: {
    describe(name: string, define: () => void): void;
    test(name: string, run: (context?: unknown) => Promise<void>): void;
}, factory: () => Promise<{
    readonly storage: ReadableStorage;
    readonly dispose: () => Promise<void>;
}>, options: {
    readonly largeListing: number;
    readonly patienceMs: number;
}) => void;
/** The world as the commands see it. The executable injects the real one, a test its own. */
interface CliEnvironment {
    /** Of the program, for `version`. */
    readonly version: string;
    /** Environment variables: NO_COLOR, FORCE_COLOR, TERM, CI, LANG, LC_ALL, SYNCLINE_DEBUG. */
    readonly variables: Readonly<Record<string, string | undefined>>;
    readonly stdout: OutputStream;
    readonly stderr: OutputStream;
    /** Asks a person; absent unless standard input and standard error are terminals. */
    readonly confirm?: (question: string, byDefault: boolean) => Promise<boolean>;
    /** Asks a person for one of several words; absent where `confirm` is. The default answers what is not understood after all. */
    readonly choose?: (question: string, answers: readonly string[], byDefault: string) => Promise<string>;
    /** Families of commands that packages bring, for help; none of them is loaded. */
    readonly families?: readonly FamilySummary[];
    /**
     * Loads a family of commands by its name.
     *
     * @returns undefined if no package brings it
     * @throws UsageError if it is known, but its package is not installed or not usable
     */
    loadFamily?(name: string): Promise<CommandFamily | undefined>;
    /** Whose locks this process takes. */
    owner(): Promise<LockOwner>;
    /** Milliseconds since the Unix epoch. */
    now(): number;
    /** Opens a path or a URL. */
    open(location: string, options?: OpenOptions): Promise<ReadableStorage>;
    /** Resolves a path or a URL without opening it. */
    locate(location: string): Promise<Place>;
    /** Opens the storage of a state, which need not exist yet. */
    stateStorage(state: StateReference): Promise<WritableStorage>;
    /** Where that state is. */
    locateState(state: StateReference): Promise<Place>;
    /** Pairs that have a state in the default place. */
    knownPairs(): Promise<readonly KnownPair[]>;
    /** The tests of the storage protocol; absent: `doctor` leaves them out. */
    conformance?(): Promise<ConformanceSuite>;
    /** A whole local text file. Rejects with the platform's error. */
    readFile(file: string): Promise<string>;
    /** Replaces a local text file atomically; `-` is standard output. */
    writeFile(file: string, lines: Iterable<string>): Promise<void>;
    /** Calls back at every SIGINT and SIGTERM. @returns a function that stops it */
    onInterrupt(callback: (signal: 'SIGINT' | 'SIGTERM') => void): () => void;
    /** Ends the process now, without waiting for anything. */
    exit(code: number): void;
}

/**
 * Runs one command line.
 *
 * @param argv - the words after the program's name
 * @returns the exit code; errors are explained on standard error, never thrown
 */
declare function run(argv: readonly string[], environment: CliEnvironment): Promise<number>;

/** `docs/cli.md`, made from the same tables as parsing and help. @param families - commands that packages bring; each has a page of its own */
declare function renderReference(families: readonly FamilySummary[]): string;

/** `docs/cli/FAMILY.md`, made from what parsing and help use. @param from - the package that brings the family */
declare function renderFamilyReference({ name, summary, commands }: CommandFamily, from: string): string;

/** Text of unknown origin, such as a file name, with every character that could act on a terminal written out. */
declare function escapeControls(text: string): string;

/** A mistake on the command line or in a file it names: nothing was touched, exit code 2. */
declare class UsageError extends Error {
    readonly name = "UsageError";
    /** What to do about it. */
    readonly hint: string | undefined;
    constructor(message: string, hint?: string, options?: ErrorOptions);
}

export { type CliEnvironment, type ConformanceSuite, type FamilySummary, type KnownPair, type OpenOptions, type OutputStream, type Place, type StateReference, UsageError, escapeControls, renderFamilyReference, renderReference, run };
