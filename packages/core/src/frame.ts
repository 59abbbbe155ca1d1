import type { ModeRow } from './mode-table.ts'
import type { Side } from './modes.ts'
import { isBelow } from './path.ts'
import type { Path } from './protocol.ts'
import type { Site } from './site.ts'

/** A directory whose rows are still coming. */
export interface Frame {
  readonly path: Path
  /** Something below stays or comes on that side, so a directory there cannot go. */
  readonly holds: Record<Side, boolean>
  /** Something below is created on that side, so a directory that is missing there comes back. */
  readonly creates: Record<Side, boolean>
  /** Nothing below is touched: the directory could not be read, or a conflict about it is open. */
  readonly blocked: boolean
  /** The directory goes from this side, or stays there alone, when the frame closes, unless something in it holds it or goes across. */
  readonly pending?: { readonly site: Site; readonly row: ModeRow; readonly from: Side }
  /** A directory that this side has not, and cannot have on its own: it will be there if something is written in it. */
  readonly implied?: { readonly site: Site; readonly missing: Side }
  /** A leaf on one side stands against this directory: the rows below are kept until it is known what they hold. */
  readonly clash?: { readonly site: Site; readonly row: ModeRow; readonly directory: Side; readonly rows: Site[] }
  /** The directory has won over a leaf or a deletion: what was deleted below on the other side comes back. */
  readonly restores?: Side
  /** The leaf has won: everything below goes from this side before the leaf is written. */
  readonly clears?: Side
}

/** A directory that opens below `parent`, whose fate it shares. */
export function openFrame(path: Path, parent?: Frame): Frame {
  return {
    path,
    holds: { source: false, destination: false },
    creates: { source: false, destination: false },
    blocked: parent?.blocked ?? false,
    ...(parent?.restores !== undefined && { restores: parent.restores }),
    ...(parent?.clears !== undefined && { clears: parent.clears }),
  }
}

/** Whether a path is in the directory of a frame, at any depth. */
export function belongs(path: Path, frame: Path): boolean {
  return frame === '' || isBelow(path, frame)
}
