import type { RawPath } from '../stream/command.ts'

/** A subvolume as a root lists it. Plain data: it survives `JSON.stringify`. */
export interface Subvolume {
  /** In lower case with dashes. */
  readonly uuid: string
  /** Of the subvolume that it was made from as a snapshot; that may be gone. */
  readonly parentUuid?: string | undefined
  /** Of the subvolume that it is a received copy of: the same content, wherever that is. */
  readonly receivedUuid?: string | undefined
  /** Of the file system when it last changed. */
  readonly generation?: number | undefined
  /** Of the file system when it was made. */
  readonly createdGeneration?: number | undefined
  /** Number in its file system; ascending in the order in which subvolumes were made. */
  readonly id?: number | undefined
  /** Relative to the root, a character per byte; `undefined` for what lies elsewhere in the file system and cannot be reached through the root. */
  readonly path?: RawPath | undefined
  /** Whether nobody can change it. Only these are sent, and only these count as copies. */
  readonly readonly: boolean
  /** Whether the root can send it, or send others as changes against it. */
  readonly sendable: boolean
  /** Whether its name says that it is being received, or was and nobody finished it: it counts as nothing. */
  readonly unfinished?: true | undefined
  /** Why it can be neither sent nor compared, in words for people. */
  readonly problem?: string | undefined
}

/** What is known of one subvolume. */
export interface SubvolumeDetails extends Subvolume {
  /** Where it lies in its file system; the top level is "". */
  readonly treePath: RawPath
  /** Milliseconds since the Unix epoch, in whole seconds. */
  readonly created?: number | undefined
}

/** The name of what a path leads to. */
export function nameOf(path: RawPath): RawPath {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** The directory of a path; "" at the root. */
export function directoryOf(path: RawPath): RawPath {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')))
}

/** The UUID that a send stream carries for a subvolume, and that its copy has as received UUID: that of the first of all copies. */
export function streamUuid(volume: Pick<Subvolume, 'uuid' | 'receivedUuid'>): string {
  return volume.receivedUuid ?? volume.uuid
}
