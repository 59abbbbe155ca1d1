import type { RawPath } from '../stream/command.ts'
import type { Subvolume } from '../subvolume/subvolume.ts'

/** What is to be transferred at once, and how. Plain data. */
export interface PlannedTransfer {
  /** More than one only in a batch: they have one parent, and lie in one directory. */
  readonly volumes: readonly Subvolume[]
  /** They are sent as changes against it; `undefined`: whole. */
  readonly parent?: Subvolume | undefined
  /** Tried in turn if the destination cannot find the parent; whole comes last. */
  readonly otherParents: readonly Subvolume[]
  /** What both sides have, and extents may be shared with. */
  readonly clones: readonly Subvolume[]
  /** Transfers of a group do not depend on each other, only on those of groups before. */
  readonly group: number
  /** Why so, in words for people. */
  readonly why: string
  /** Where it goes, relative to the destination. */
  readonly target?: RawPath | undefined
}

/** What a replication will do. Nothing has happened yet. */
export interface ReplicationPlan {
  /** Name of the source's root. */
  readonly source: string
  /** Name of the destination's root. */
  readonly destination: string
  /** In the order in which they are carried out. */
  readonly transfers: readonly PlannedTransfer[]
  /** How many volumes that were asked for are at the destination. */
  readonly present: number
  /** What cannot be transferred, and why, in words for people. Running the plan does not succeed then. */
  readonly problems: readonly string[]
}
