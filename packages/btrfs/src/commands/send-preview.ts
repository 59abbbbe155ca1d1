import type { FamilyCall } from '@syncline/core'
import type { PlannedTransfer, ReplicationPlan } from '../replicate/plan.ts'
import type { RawPath } from '../stream/command.ts'
import { textOf } from '../subvolume/raw-text.ts'
import type { Subvolume } from '../subvolume/subvolume.ts'

/** What a plan says, for people. @param into - where a volume goes, in words */
export function previewLines(
  plan: ReplicationPlan,
  { format, symbols }: Pick<FamilyCall, 'format' | 'symbols'>,
  { verbose, into }: { readonly verbose: boolean; readonly into: (volume: Subvolume) => string },
): readonly string[] {
  const rows = plan.transfers.flatMap(({ volumes, parent, why }) =>
    volumes.map(volume => {
      const how = parent === undefined ? 'full' : `incremental from ${nameOfVolume(parent)}`
      return [' ', nameOfVolume(volume), how, `${symbols.becomes} ${into(volume)}`, ...(verbose ? [why] : [])]
    }),
  )
  const count = rows.length
  const there = plan.present === 0 ? '' : `${count === 0 ? '' : ', '}${format.plural(plan.present, 'subvolume')} there already`
  return [
    `${plan.source} ${symbols.becomes} ${plan.destination}`,
    ...format.table(rows),
    ...plan.problems.map(problem => `   ! ${problem}`),
    count === 0 ? `   nothing to send${there === '' ? '' : `: ${there}`}` : `   ${format.plural(count, 'subvolume')} to send${there}`,
  ]
}

/** One transfer of a plan, for programs. */
export function transferObject(
  type: string,
  { source, destination }: ReplicationPlan,
  transfer: PlannedTransfer,
  into: (volume: Subvolume) => string,
): object {
  const { volumes, parent, why } = transfer
  const [first] = volumes
  return {
    type,
    source,
    destination,
    volumes: volumes.map(volumeObject),
    parent: parent === undefined ? null : volumeObject(parent),
    into: first === undefined ? null : into(first),
    why,
  }
}

/** A volume, for programs. */
export function volumeObject({ path, uuid, receivedUuid }: Subvolume): { path: string | null; uuid: string; receivedUuid: string | null } {
  return { path: path === undefined ? null : textOf(path), uuid, receivedUuid: receivedUuid ?? null }
}

/** A volume, for people. */
export function nameOfVolume({ path, uuid }: Subvolume): string {
  return path === undefined ? uuid : shownPath(path)
}

/** A path, for people. */
export function shownPath(path: RawPath): string {
  return path === '' ? '.' : textOf(path)
}
