import type { RawPath, RawText } from '../stream/command.ts'
import { parsePartName } from './part-name.ts'
import { nameOf, type Subvolume } from './subvolume.ts'

/** What of a file system's subvolumes a root can reach. */
export interface ListScope {
  /** Number of the subvolume that is the root. */
  readonly rootId: number
  /** Where the root lies in its file system; the top level is "". */
  readonly rootPath: RawPath
  /**
   * - `all`: every subvolume below the root
   * - `strict`: only those that lie in the root itself, not in a subvolume of it
   * - `isolated`: as `strict`, and no others are looked at to find out what came from what
   */
  readonly scope: 'all' | 'strict' | 'isolated'
}

/** Printed in front of what is not directly in the subvolume that was asked for. */
const treePrefix = '<FS_TREE>/'

const line = /^ID (\d+) gen (\d+) cgen (\d+) top level (\d+) parent_uuid (\S+) +received_uuid (\S+) +uuid (\S+) path ([^]*)$/

/**
 * Reads what `btrfs subvolume list -a -c -u -q -R` prints.
 *
 * The name of a subvolume is everything to the end of its line, blanks and bytes that are no UTF-8 included. With a line break in a name it cannot be told
 * where that ends: such a subvolume is listed with a `problem`, and only that one.
 *
 * @param output - a character per byte
 * @param readonlyIds - numbers of the subvolumes that are read-only
 */
export function parseList(output: RawText, readonlyIds: ReadonlySet<number>, { rootId, rootPath, scope }: ListScope): readonly Subvolume[] {
  const volumes: Subvolume[] = []
  for (const record of output.split(/\n(?=ID \d+ gen \d+ cgen \d+ top level )/)) {
    const fields = line.exec(record.endsWith('\n') ? record.slice(0, -1) : record)
    if (fields === null) continue
    const [, id, generation, createdGeneration, topLevel, parentUuid, receivedUuid, uuid = '', path = ''] = fields
    const isDirect = Number(topLevel) === rootId
    if (scope === 'isolated' && !isDirect) continue
    const treePath = !isDirect && path.startsWith(treePrefix) ? path.slice(treePrefix.length) : path
    const problem = path.includes('\n') ? 'its name has a line break' : undefined
    const relative = problem === undefined ? pathBelow(rootPath, treePath) : undefined
    const readonly = readonlyIds.has(Number(id))
    const isUnfinished = parsePartName(nameOf(treePath)) !== undefined
    volumes.push({
      uuid,
      parentUuid: given(parentUuid),
      receivedUuid: given(receivedUuid),
      generation: Number(generation),
      createdGeneration: Number(createdGeneration),
      id: Number(id),
      path: relative,
      readonly,
      sendable: readonly && relative !== undefined && !isUnfinished && (scope === 'all' || isDirect),
      ...(isUnfinished ? { unfinished: true } : {}),
      ...(problem === undefined ? {} : { problem }),
    })
  }
  return volumes
}

/** Reads the numbers of what `btrfs subvolume list -a -r` prints. */
export function parseIds(output: RawText): ReadonlySet<number> {
  return new Set(Array.from(output.matchAll(/^ID (\d+) gen \d+ top level \d+ path /gm), ([, id]) => Number(id)))
}

/** A path relative to a directory, name by name: `data2` does not lie in `data`. */
function pathBelow(directory: RawPath, path: RawPath): RawPath | undefined {
  if (directory === '') return path
  return path.startsWith(`${directory}/`) ? path.slice(directory.length + 1) : undefined
}

function given(uuid: string | undefined): string | undefined {
  return uuid === undefined || uuid === '-' ? undefined : uuid
}
