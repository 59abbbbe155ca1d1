import type { Dump } from '../dumps/read-dumps.ts'
import { parseSnapshotName } from '../snapshots/snapshot-name.ts'
import { directoryOf, nameOf, type Subvolume } from '../subvolume/subvolume.ts'
import type { RetentionItem } from './plan-retention.ts'

/**
 * Snapshots, and received copies of them, for {@link planRetention}. What can be written to, is not complete, or does not have a name with a time is
 * left out, so it is never deleted.
 *
 * A series are the snapshots of one name; those of the same name in other directories are another one where `byDirectory` is set.
 */
export function snapshotItems(
  volumes: readonly Subvolume[],
  { byDirectory = false }: { readonly byDirectory?: boolean | undefined } = {},
): readonly RetentionItem[] {
  return volumes.flatMap(({ path, readonly, unfinished, uuid, receivedUuid }) => {
    const parsed = path === undefined || !readonly || unfinished === true ? undefined : parseSnapshotName(nameOf(path))
    if (path === undefined || parsed === undefined) return []
    const { series, time, counter } = parsed
    return [
      {
        id: path,
        series: byDirectory ? `${directoryOf(path)}/${series}` : series,
        time,
        counter,
        uuid,
        ...(receivedUuid !== undefined && { receivedUuid }),
      },
    ]
  })
}

/**
 * Dumps for {@link planRetention}. What has no record, or no name with a time, stays, and so does what it needs.
 */
export function dumpItems(
  dumps: readonly Dump[],
  { byDirectory = false }: { readonly byDirectory?: boolean | undefined } = {},
): readonly RetentionItem[] {
  return dumps.map(({ path, name, uuid, parentUuid, record }): RetentionItem => {
    const base = { id: path, uuid, ...(parentUuid !== undefined && { needs: parentUuid }) }
    const parsed = parseSnapshotName(nameOf(name))
    if (parsed === undefined) return { ...base, series: name, time: 0, pinned: 'its name has no time' }
    const { series, time, counter } = parsed
    const item = { ...base, series: byDirectory ? `${directoryOf(name)}/${series}` : series, time, counter }
    return record === undefined ? { ...item, pinned: 'it has no record that says that it is whole' } : item
  })
}
