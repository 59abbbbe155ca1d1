import { StorageError, type ReadableStorage } from '@syncline/core'
import type { BtrfsRoot } from '../roots/root.ts'
import type { RawPath } from '../stream/command.ts'
import { directoryOf, streamUuid } from '../subvolume/subvolume.ts'
import { dumpContent, type DumpContentOptions } from './dump-content.ts'
import { readDumps, type Dump, type DumpProblem } from './read-dumps.ts'
import { planRestore, type RestorePlan, type RestorePlanOptions } from './restore-plan.ts'

/** How dumps are restored. */
export interface RestoreOptions extends DumpContentOptions, Pick<RestorePlanOptions, 'select'> {
  /** Called before a step begins. */
  readonly onStep?: ((dump: Dump, index: number, plan: RestorePlan) => void) | undefined
}

/** What came of a restore. */
export interface RestoreReport<R> {
  readonly plan: RestorePlan
  /** What was restored, in order, and what the target says of it. */
  readonly restored: readonly { readonly dump: Dump; readonly result: R }[]
  /** What was not, and why; what starts from that among them. A chain that fails stops no other. */
  readonly failed: readonly { readonly dump: Dump; readonly error: unknown }[]
  /** What lies with the dumps and cannot be read. */
  readonly problems: readonly DumpProblem[]
}

/**
 * Restores dumps with what a target offers to take a stream, each after what it starts from. Every byte is checked on its way.
 *
 * @param present - volumes that the target has, by the UUID in their stream
 * @param take - must reject unless all of the stream was taken
 */
export async function restoreDumps<R>(
  storage: ReadableStorage,
  present: ReadonlySet<string>,
  take: (dump: Dump, content: AsyncGenerator<Uint8Array, void, undefined>) => Promise<R>,
  { select, onStep, signal, decode }: RestoreOptions = {},
): Promise<RestoreReport<R>> {
  const { dumps, problems } = await readDumps(storage, { signal })
  const plan = planRestore(dumps, { select, present })
  const restored: { dump: Dump; result: R }[] = []
  const failed: { dump: Dump; error: unknown }[] = []
  for (const { dump, volume } of plan.missing)
    failed.push({
      dump,
      error: new StorageError('NOT_FOUND', `${dump.path} starts from volume ${volume}, which nothing leads to`, { path: dump.path }),
    })
  for (const [index, dump] of plan.steps.entries()) {
    signal?.throwIfAborted()
    const before = failed.find(other => other.dump.uuid === dump.parentUuid)
    if (before !== undefined) {
      failed.push({
        dump,
        error: new StorageError('NOT_FOUND', `${before.dump.path}, which ${dump.path} starts from, could not be restored`, { path: dump.path }),
      })
      continue
    }
    onStep?.(dump, index, plan)
    try {
      restored.push({ dump, result: await take(dump, dumpContent(storage, dump, { signal, decode })) })
    } catch (error) {
      signal?.throwIfAborted()
      failed.push({ dump, error })
    }
  }
  return { plan, restored, failed, problems }
}

/** How dumps are restored to btrfs. */
export interface RestoreToBtrfsOptions extends RestoreOptions {
  /** Where to, relative to the root; default the root. */
  readonly path?: RawPath | undefined
  /** Make the directories that the volumes were in; needed where several have the same name. */
  readonly replicateDirectories?: boolean | undefined
}

/**
 * Restores dumps as subvolumes. What the file system has, is not received again, and increments start from it.
 *
 * @returns for each what it is there
 */
export async function restoreToBtrfs(
  storage: ReadableStorage,
  root: BtrfsRoot,
  options: RestoreToBtrfsOptions = {},
): Promise<RestoreReport<RawPath>> {
  const { path = '', replicateDirectories = false, signal } = options
  const present = new Set<string>()
  for (const volume of await root.list({ signal })) if (volume.readonly) present.add(streamUuid(volume))
  return await restoreDumps(
    storage,
    present,
    async (dump, content) => {
      const directory = replicateDirectories ? directoryOf(dump.name) : ''
      const place = [path, directory].filter(part => part !== '').join('/')
      // Without naming the volume: what it is, is checked here, and what it may clone from, only its sender knew.
      await root.receive(content, place, { volumes: [] }, { create: replicateDirectories, signal })
      return place
    },
    options,
  )
}
