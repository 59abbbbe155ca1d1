import type { AbortOptions, Bytes } from '@syncline/core'
import type { RawPath } from '../stream/command.ts'
import type { Subvolume, SubvolumeDetails } from '../subvolume/subvolume.ts'

/** What to send beside the subvolumes themselves. */
export interface SendOptions extends AbortOptions {
  /** Send what changed since this subvolume, which the receiver must have. Relative to the root. */
  readonly parent?: RawPath | undefined
  /** Subvolumes that the receiver also has, and may share extents with. Relative to the root. */
  readonly clones?: readonly RawPath[] | undefined
}

/** A send stream on its way. */
export interface SendFlow {
  /**
   * The stream, pulled: nothing is read ahead beyond what the system buffers. The sender starts when the reading does, and ends when the reader leaves.
   *
   * Throws when the sender fails.
   */
  readonly bytes: Bytes
  /**
   * The same, faster, instead: for those who are done with a chunk when they ask for the next one, since its memory is used again. Absent where there is
   * no such way.
   */
  readonly lent?: Bytes | undefined
  /**
   * Settles when the sender has ended: rejects with what it said when it did not succeed, also where the reader left before. It never rejects unheard:
   * whoever only reads may ignore it.
   */
  readonly done: Promise<void>
}

/** What a stream that is received holds. */
export interface ReceiveMeta {
  /** In the order of the stream; none if it is not known what it holds, and then anything may come. */
  readonly volumes: readonly Subvolume[]
  /** What they were sent as changes against. */
  readonly parent?: Subvolume | undefined
  /** What they may share extents with. */
  readonly clones?: readonly Subvolume[] | undefined
}

/** How to receive. */
export interface ReceiveOptions extends AbortOptions {
  /** Make the directory that is received into. */
  readonly create?: boolean | undefined
  /** The chunks are used again once the next one is asked for. Given to those only who {@link BtrfsRoot.borrows | borrow}. */
  readonly lent?: boolean | undefined
}

/** What was found of transfers that were broken off. Paths are relative to the root. */
export interface Recovery {
  /** Half-received subvolumes of ours, which are deleted now. */
  readonly removed: readonly RawPath[]
  /** Completely received ones that had not got their name, and have it now. */
  readonly finished: readonly RawPath[]
  /** What could not be dealt with, and why, in words for people. */
  readonly left: readonly string[]
}

/**
 * A place that subvolumes are sent from or received into: a subvolume of a btrfs file system here or on another host, or a directory of dumps.
 *
 * Paths are relative to the root, without "." and "..", a character per byte; the root is "".
 */
export interface BtrfsRoot {
  /** For people: the path, with user and host in front where it is on another host. */
  readonly name: string
  /** Whether {@link receive} takes chunks whose memory is used again once it asks for the next one. Default: no. */
  readonly borrows?: boolean | undefined
  /**
   * All subvolumes that may matter, in the order in which they were made.
   *
   * @throws StorageError what the file system or the host said
   */
  list(options?: AbortOptions): Promise<readonly Subvolume[]>
  /** The subvolume at a path; `undefined` if nothing is there. @throws StorageError `NOT_SUPPORTED` if something else is there */
  show(path?: RawPath, options?: AbortOptions): Promise<SubvolumeDetails | undefined>
  /** Sends subvolumes as one stream after the other. @throws StorageError `NOT_SUPPORTED` where nothing can be sent from */
  send(paths: readonly RawPath[], options?: SendOptions): SendFlow
  /**
   * Receives into a directory. Resolves when all of it is there, complete, verified and durable under the names that the stream has for its volumes;
   * until then nothing has these names. Of several volumes, those that were complete before something failed have theirs.
   *
   * @throws StorageError `ALREADY_EXISTS` before anything is written if a name is taken, `CORRUPT` if the stream is not what it should be, `NOT_SUPPORTED` where nothing can be received
   */
  receive(flow: Bytes, path: RawPath, meta: ReceiveMeta, options?: ReceiveOptions): Promise<void>
  /** Deals with what transfers left that were broken off. Touches only what this package made, and nothing that is being received. */
  recover?(volumes: readonly Subvolume[], options?: AbortOptions): Promise<Recovery>
  /** Writes to disk what programs have written, so that generations tell of it. */
  sync?(options?: AbortOptions): Promise<void>
  /** Makes a read-only snapshot, durably. Replaces nothing. @throws StorageError `ALREADY_EXISTS` if something has the name */
  snapshot?(from: RawPath, to: RawPath, options?: AbortOptions): Promise<void>
  /** Deletes a subvolume that can only be read, durably. @throws StorageError `PRECONDITION_FAILED` if another one, or something else, is there */
  remove?(volume: Subvolume, options?: AbortOptions): Promise<void>
  close?(): Promise<void>
}

/** A root, and a place in it. */
export interface RootPath {
  readonly root: BtrfsRoot
  /** Relative to the root; "" is the root. */
  readonly path: RawPath
}

/** How roots of one kind are found. */
export interface RootFactory {
  /**
   * The root that a path lies in. The path itself need not be there.
   *
   * @param path - as the system of the root names it
   * @throws StorageError `NOT_SUPPORTED` if there is none
   */
  getRoot(path: string, options?: AbortOptions): Promise<RootPath>
  /** Whether a path is a root itself. */
  isRoot(path: string, options?: AbortOptions): Promise<boolean>
  /** Gives back what the roots share: a connection. They are of no use afterwards. */
  close(): Promise<void>
}
