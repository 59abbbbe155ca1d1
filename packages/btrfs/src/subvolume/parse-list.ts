import { StorageError } from '@syncline/core'
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

const start = 'ID (\\d+) gen (\\d+) cgen (\\d+) top level (\\d+) parent_uuid (\\S+) +received_uuid (\\S+) +uuid (\\S+) path '
const record = new RegExp(`^${start}([^]*)$`)
const boundary = new RegExp(`\\n(?=${start.replaceAll(/[()]/g, '')})`)

/**
 * Reads what `btrfs subvolume list -a -c -u -q -R` prints.
 *
 * The name of a subvolume is everything to the end of its line, blanks and bytes that are no UTF-8 included. With a line break in a name it cannot be told
 * where that ends: such a subvolume is listed with a `problem`, and only that one.
 *
 * Behind a line break a name may look like a line of the listing, and so tell of a read-only subvolume that is not there. Such a line comes after its
 * own subvolume in both listings. As numbers rise in the one and fall in the other, it breaks the order of one of them.
 *
 * @param output - with rising numbers; a character per byte
 * @param readonlyOutput - what `-r --sort=-rootid` makes of it: read-only ones, with falling numbers
 * @throws StorageError `CORRUPT` if a name imitates a line
 */
export function parseList(output: RawText, readonlyOutput: RawText, { rootId, rootPath, scope }: ListScope): readonly Subvolume[] {
  const records = recordsOf(output)
  const readonlyIds = new Set(recordsOf(readonlyOutput).map(idOf).reverse())
  if (!isRising(records.map(idOf)) || !isRising([...readonlyIds]))
    throw new StorageError(
      'CORRUPT',
      'a subvolume has a name with a line break that looks like a line of the listing, so the listing cannot be relied on; ' +
        "find it with: find DIRECTORY -inum 256 -name '*path*' | cat -A",
    )
  const volumes: Subvolume[] = []
  for (const [, id, generation, createdGeneration, topLevel, parentUuid, receivedUuid, uuid = '', path = ''] of records) {
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

function recordsOf(output: RawText): readonly RegExpExecArray[] {
  const text = output.endsWith('\n') ? output.slice(0, -1) : output
  return text.split(boundary).flatMap(each => {
    const fields = record.exec(each)
    return fields === null ? [] : [fields]
  })
}

function idOf([, id]: RegExpExecArray): number {
  return Number(id)
}

function isRising(ids: readonly number[]): boolean {
  return ids.every((id, at) => at === 0 || id > (ids[at - 1] as number))
}

/** A path relative to a directory, name by name: `data2` does not lie in `data`. */
function pathBelow(directory: RawPath, path: RawPath): RawPath | undefined {
  if (directory === '') return path
  return path.startsWith(`${directory}/`) ? path.slice(directory.length + 1) : undefined
}

function given(uuid: string | undefined): string | undefined {
  return uuid === undefined || uuid === '-' ? undefined : uuid
}
