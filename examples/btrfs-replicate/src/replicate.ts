import {
  BtrSync,
  defaultRoot,
  parsePolicy,
  planRetention,
  snapshotItems,
  textOf,
  type BtrfsRoot,
  type RetentionSide,
  type RootPath,
  type Subvolume,
} from '@syncline/btrfs'
import { TellingTransfer } from './telling-transfer.ts'

/** What is kept on each side, as `14d 8w *m`. */
export interface Schedules {
  readonly source: string
  readonly destination: string
}

/** What came of it. */
export interface Replication {
  readonly errors: readonly string[]
  /** Paths of snapshots that were deleted, those of the source first. */
  readonly deleted: readonly string[]
}

/**
 * Brings the snapshots in a directory to another file system, and then deletes on both sides what no schedule keeps.
 *
 * Nothing is deleted if anything failed.
 */
export async function replicate(from: string, to: string, schedules: Schedules, show: (line: string) => void): Promise<Replication> {
  const roots = defaultRoot('local')()
  const [source, destination] = await Promise.all([roots.getRoot(from), roots.getRoot(to)])
  const giveUp = new AbortController()
  const transfer = new TellingTransfer({ show, giveUp: error => giveUp.abort(error), recvpath: destination.path, createRecvpath: true })
  const sync = new BtrSync(source.root, destination.root)
  try {
    await sync.sync(transfer, { target: volume => liesIn(source, volume), parallel: 2, signal: giveUp.signal })
  } catch (error) {
    // The transfer has told why.
    if (!giveUp.signal.aborted) throw error
  }
  const { errors } = transfer
  return { errors, deleted: errors.length > 0 ? [] : await prune(source, destination, schedules, show) }
}

async function prune(source: RootPath, destination: RootPath, schedules: Schedules, show: (line: string) => void): Promise<readonly string[]> {
  const first = await lookAt(source, schedules.source)
  const second = await lookAt(destination, schedules.destination)
  const plan = planRetention({ source: first.side, destinations: [second.side], now: Date.now() })
  const deleted: string[] = []
  for (const [index, { root, volumes }] of [first, second].entries()) {
    for (const { item } of plan.sides[index]?.delete ?? []) {
      const volume = volumes.find(({ uuid }) => uuid === item.uuid)
      if (volume === undefined) continue
      // It is looked once more whether this very snapshot is there.
      await root.remove?.(volume)
      deleted.push(`${root.name}/${textOf(item.id)}`)
      show(`deleted ${root.name}/${textOf(item.id)}`)
    }
  }
  return deleted
}

/** What a place has, now: what was just received, too. */
async function lookAt(place: RootPath, schedule: string): Promise<{ root: BtrfsRoot; volumes: readonly Subvolume[]; side: RetentionSide }> {
  const volumes = (await place.root.list()).filter(volume => liesIn(place, volume))
  return { root: place.root, volumes, side: { name: place.root.name, policy: parsePolicy('latest', schedule), items: snapshotItems(volumes) } }
}

function liesIn({ path: directory }: RootPath, { path }: Subvolume): boolean {
  return path !== undefined && (directory === '' || path.startsWith(`${directory}/`))
}
