import { SyncAction } from './plan.ts'
import type { SyncMode } from './modes.ts'

/** What a side has at a path: `N` something that was not there at the last sync, `=` what was there, `M` that modified, `-` nothing. */
export type SideState = 'N' | '=' | 'M' | '-'

/**
 * What becomes of a path. Beside the actions: `SETTLE` both agree, which the state learns; `FORGET` it leaves the state; `KEEP` it is left alone;
 * `RESOLVE` a conflict that the policy decides; `FIRST_CONTACT` the same, but `initialSync` is asked first.
 */
export type Outcome = SyncAction | 'SETTLE' | 'FORGET' | 'KEEP' | 'RESOLVE' | 'FIRST_CONTACT'

/** One line of the table of modes. */
export interface ModeRow {
  readonly modes: readonly SyncMode[]
  /** Whether the state knows the path. */
  readonly ancestor: boolean
  readonly source: readonly SideState[]
  readonly destination: readonly SideState[]
  /** For paths that both sides have: whether they are equal by the comparison mode. */
  readonly equal?: boolean
  readonly outcome: Outcome
  /** Why, in words; becomes the reason of the action. */
  readonly reason: string
}

const twoWay: readonly SyncMode[] = ['two-way']
const oneWay: readonly SyncMode[] = ['source-to-destination', 'source-backup', 'destination-to-source', 'destination-backup']
const up: readonly SyncMode[] = ['source-to-destination', 'source-backup']
const down: readonly SyncMode[] = ['destination-to-source', 'destination-backup']
const any: readonly SideState[] = ['N', '=', 'M']
const nothing: readonly SideState[] = ['-']

/**
 * The one table of modes: the planner looks its decisions up here, its test is generated from it and the documentation is printed from it.
 * For every mode and every combination exactly one row holds.
 */
export const modeTable: readonly ModeRow[] = [
  { modes: twoWay, ancestor: false, source: ['N'], destination: nothing, outcome: SyncAction.UPLOAD_NEW, reason: 'new at the source' },
  { modes: twoWay, ancestor: false, source: nothing, destination: ['N'], outcome: SyncAction.DOWNLOAD_NEW, reason: 'new at the destination' },
  { modes: twoWay, ancestor: false, source: ['N'], destination: ['N'], equal: true, outcome: 'SETTLE', reason: 'the same on both sides' },
  {
    modes: twoWay,
    ancestor: false,
    source: ['N'],
    destination: ['N'],
    equal: false,
    outcome: 'FIRST_CONTACT',
    reason: 'new on both sides, and different',
  },
  { modes: twoWay, ancestor: true, source: ['='], destination: ['='], equal: true, outcome: 'SETTLE', reason: 'unchanged on both sides' },
  {
    modes: twoWay,
    ancestor: true,
    source: ['='],
    destination: ['='],
    equal: false,
    outcome: 'RESOLVE',
    reason: 'unchanged on both sides since the last sync, but different by this comparison',
  },
  {
    modes: twoWay,
    ancestor: true,
    source: ['M'],
    destination: ['='],
    equal: false,
    outcome: SyncAction.UPLOAD_UPDATE,
    reason: 'changed at the source',
  },
  {
    modes: twoWay,
    ancestor: true,
    source: ['='],
    destination: ['M'],
    equal: false,
    outcome: SyncAction.DOWNLOAD_UPDATE,
    reason: 'changed at the destination',
  },
  {
    modes: twoWay,
    ancestor: true,
    source: ['M'],
    destination: ['=', 'M'],
    equal: true,
    outcome: 'SETTLE',
    reason: 'changed, and the same on both sides',
  },
  { modes: twoWay, ancestor: true, source: ['='], destination: ['M'], equal: true, outcome: 'SETTLE', reason: 'changed, and the same on both sides' },
  {
    modes: twoWay,
    ancestor: true,
    source: ['M'],
    destination: ['M'],
    equal: false,
    outcome: 'RESOLVE',
    reason: 'changed on both sides since the last sync',
  },
  { modes: twoWay, ancestor: true, source: nothing, destination: ['='], outcome: SyncAction.DELETE_DESTINATION, reason: 'deleted at the source' },
  { modes: twoWay, ancestor: true, source: ['='], destination: nothing, outcome: SyncAction.DELETE_SOURCE, reason: 'deleted at the destination' },
  {
    modes: twoWay,
    ancestor: true,
    source: ['M'],
    destination: nothing,
    outcome: SyncAction.UPLOAD_RESTORE,
    reason: 'changed at the source, deleted at the destination: an edit beats a deletion',
  },
  {
    modes: twoWay,
    ancestor: true,
    source: nothing,
    destination: ['M'],
    outcome: SyncAction.DOWNLOAD_RESTORE,
    reason: 'deleted at the source, changed at the destination: an edit beats a deletion',
  },
  { modes: [...twoWay, ...oneWay], ancestor: true, source: nothing, destination: nothing, outcome: 'FORGET', reason: 'deleted on both sides' },

  { modes: oneWay, ancestor: false, source: any, destination: any, equal: true, outcome: 'SETTLE', reason: 'the same on both sides' },
  { modes: oneWay, ancestor: true, source: any, destination: any, equal: true, outcome: 'SETTLE', reason: 'the same on both sides' },
  { modes: up, ancestor: false, source: any, destination: nothing, outcome: SyncAction.UPLOAD_NEW, reason: 'only at the source' },
  { modes: up, ancestor: true, source: any, destination: nothing, outcome: SyncAction.UPLOAD_RESTORE, reason: 'gone from the destination' },
  {
    modes: ['source-to-destination'],
    ancestor: false,
    source: nothing,
    destination: any,
    outcome: SyncAction.DELETE_DESTINATION,
    reason: 'not at the source',
  },
  {
    modes: ['source-to-destination'],
    ancestor: true,
    source: nothing,
    destination: any,
    outcome: SyncAction.DELETE_DESTINATION,
    reason: 'deleted at the source',
  },
  {
    modes: ['source-backup'],
    ancestor: false,
    source: nothing,
    destination: any,
    outcome: 'KEEP',
    reason: 'only at the destination, which a backup keeps',
  },
  {
    modes: ['source-backup'],
    ancestor: true,
    source: nothing,
    destination: any,
    outcome: 'KEEP',
    reason: 'deleted at the source, which a backup keeps',
  },
  { modes: up, ancestor: false, source: any, destination: any, equal: false, outcome: SyncAction.UPLOAD_UPDATE, reason: 'differs from the source' },
  { modes: up, ancestor: true, source: any, destination: any, equal: false, outcome: SyncAction.UPLOAD_UPDATE, reason: 'differs from the source' },
  { modes: down, ancestor: false, source: nothing, destination: any, outcome: SyncAction.DOWNLOAD_NEW, reason: 'only at the destination' },
  { modes: down, ancestor: true, source: nothing, destination: any, outcome: SyncAction.DOWNLOAD_RESTORE, reason: 'gone from the source' },
  {
    modes: ['destination-to-source'],
    ancestor: false,
    source: any,
    destination: nothing,
    outcome: SyncAction.DELETE_SOURCE,
    reason: 'not at the destination',
  },
  {
    modes: ['destination-to-source'],
    ancestor: true,
    source: any,
    destination: nothing,
    outcome: SyncAction.DELETE_SOURCE,
    reason: 'deleted at the destination',
  },
  {
    modes: ['destination-backup'],
    ancestor: false,
    source: any,
    destination: nothing,
    outcome: 'KEEP',
    reason: 'only at the source, which a backup keeps',
  },
  {
    modes: ['destination-backup'],
    ancestor: true,
    source: any,
    destination: nothing,
    outcome: 'KEEP',
    reason: 'deleted at the destination, which a backup keeps',
  },
  {
    modes: down,
    ancestor: false,
    source: any,
    destination: any,
    equal: false,
    outcome: SyncAction.DOWNLOAD_UPDATE,
    reason: 'differs from the destination',
  },
  {
    modes: down,
    ancestor: true,
    source: any,
    destination: any,
    equal: false,
    outcome: SyncAction.DOWNLOAD_UPDATE,
    reason: 'differs from the destination',
  },
]

/** Rows that come before those of `source-backup` when changes of the destination are accepted: its other reading, still without any deletion. */
export const acceptRows: readonly ModeRow[] = [
  {
    modes: ['source-backup'],
    ancestor: false,
    source: nothing,
    destination: any,
    outcome: SyncAction.DOWNLOAD_NEW,
    reason: 'new at the destination, whose changes are accepted',
  },
  {
    modes: ['source-backup'],
    ancestor: true,
    source: ['='],
    destination: ['M'],
    equal: false,
    outcome: SyncAction.DOWNLOAD_UPDATE,
    reason: 'changed at the destination, whose changes are accepted',
  },
]

/** What a decision is made from. */
export interface Situation {
  readonly mode: SyncMode
  readonly ancestor: boolean
  readonly source: SideState
  readonly destination: SideState
  /** Undefined unless both sides have something. */
  readonly equal: boolean | undefined
  readonly acceptDestinationChanges?: boolean | undefined
}

/** The row that holds. Pure: the same situation always gives the same decision. */
export function reconcile(situation: Situation): ModeRow {
  const rows = situation.acceptDestinationChanges === true ? [...acceptRows, ...modeTable] : modeTable
  const row = rows.find(candidate => holds(candidate, situation))
  if (row === undefined) throw new TypeError(`no row of the mode table holds for ${JSON.stringify(situation)}`)
  return row
}

function holds(row: ModeRow, situation: Situation): boolean {
  return (
    row.ancestor === situation.ancestor &&
    row.equal === situation.equal &&
    row.source.includes(situation.source) &&
    row.destination.includes(situation.destination) &&
    row.modes.includes(situation.mode)
  )
}
