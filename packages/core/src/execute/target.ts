import type { Side } from '../modes.ts'
import type { PlanItem } from '../plan.ts'

/** The side that an action changes; undefined for none. */
export function targetSide({ action }: PlanItem): Side | undefined {
  if (action.startsWith('UPLOAD') || action === 'DELETE_DESTINATION' || action === 'RENAME_DESTINATION') return 'destination'
  if (action.startsWith('DOWNLOAD') || action === 'DELETE_SOURCE' || action === 'RENAME_SOURCE') return 'source'
  return undefined
}
