import { StorageError, type AbortOptions } from '@syncline/core'
import type { BtrfsError } from '../roots/btrfs-error.ts'
import type { BtrfsRoot } from '../roots/root.ts'
import { textOf } from '../subvolume/raw-text.ts'
import type { Subvolume } from '../subvolume/subvolume.ts'
import { CowTree, type CowVolume } from './cow-tree.ts'
import { defaultKeys, doubtfulReceived, matchVolumes, type KeyFunction } from './diff.ts'
import { makePlan, type PlanRules } from './make-plan.ts'
import type { PlannedTransfer, ReplicationPlan } from './plan.ts'
import { describeRecovery, TransferAborted, type TransferLike } from './transfer.ts'

/** What makes volumes of the two sides equal. */
export interface BtrSyncOptions {
  /** Applied to the volumes of the source; default: UUID and received UUID. */
  readonly srckeys?: readonly KeyFunction[] | null | undefined
  /** Applied to the volumes of the destination; default: UUID and received UUID. */
  readonly dstkeys?: readonly KeyFunction[] | null | undefined
}

/** What to replicate. Functions stand in for the methods of the same name. */
export interface ReplicateOptions extends AbortOptions {
  /** Transfer volumes with one parent from one directory together. */
  readonly batch?: boolean | undefined
  /** Also transfer volumes that are at the destination. */
  readonly transferExisting?: boolean | undefined
  /** Tell the sender what else both sides have, so that it can share extents with it. It takes the kernel time to find them. Default: no. */
  readonly clones?: boolean | undefined
  readonly volgroups?: ((roots: readonly CowVolume[]) => Iterable<readonly CowVolume[]>) | undefined
  readonly target?: ((vol: CowVolume) => boolean) | undefined
  readonly parent?: ((vol: CowVolume) => CowVolume | undefined) | undefined
  readonly check?: ((vol: CowVolume, parent: CowVolume | undefined) => boolean) | undefined
}

/** How to carry out a plan. */
export interface RunOptions extends AbortOptions {
  /** Run transfers that do not depend on each other beside each other: so many at a time, or four. Default: one after the other. */
  readonly parallel?: boolean | number | undefined
  readonly check?: ReplicateOptions['check']
  readonly stop?: ((vols: readonly Subvolume[]) => boolean) | undefined
}

/** What to replicate, and how. */
export interface SyncOptions extends ReplicateOptions, RunOptions {
  readonly check?: ReplicateOptions['check']
}

/** What both sides have. */
interface Sides {
  readonly source: CowTree
  readonly destination: readonly Subvolume[]
  /** For UUIDs of the source what is equal at the destination. */
  readonly present: Map<string, readonly Subvolume[]>
  readonly problems: ReadonlyMap<string, string>
}

const someAtATime = 4

/**
 * Replicates read-only subvolumes from one root to another, as what changed since what both have wherever that can be done.
 *
 * Override the methods, or give functions to {@link BtrSync.sync}, to choose otherwise.
 *
 * @example
 * const roots = defaultRoot('local')()
 * const [source, destination] = await Promise.all([roots.getRoot('/mnt/pool'), roots.getRoot('/mnt/backup')])
 * const isDone = await new BtrSync(source.root, destination.root).sync(new Transfer({ recvpath: destination.path }))
 */
export class BtrSync {
  readonly #src: BtrfsRoot
  readonly #dst: BtrfsRoot
  readonly #srckeys: readonly KeyFunction[]
  readonly #dstkeys: readonly KeyFunction[]
  #sides: Sides | undefined

  constructor(src: BtrfsRoot, dst: BtrfsRoot, { srckeys, dstkeys }: BtrSyncOptions = {}) {
    this.#src = src
    this.#dst = dst
    this.#srckeys = srckeys ?? defaultKeys
    this.#dstkeys = dstkeys ?? defaultKeys
  }

  /** The given volumes and all that came from them, in groups whose volumes do not depend on each other. */
  volgroups(roots: readonly CowVolume[]): Iterable<readonly CowVolume[]> {
    return CowTree.bfs(roots)
  }

  /** Whether a volume is to be considered. */
  target(_vol: CowVolume): boolean {
    return true
  }

  /** The nearest that a volume came from, of those that the destination has, beginning with the volume itself; `undefined`: it is sent whole. */
  parent(vol: CowVolume): CowVolume | undefined {
    for (const ancestor of CowTree.ancestors(vol)) if (this.#sides?.present.has(ancestor.uuid) === true) return ancestor
    return undefined
  }

  /** Whether a volume is to be sent as what changed since the parent, or whole if that is `undefined`. */
  check(_vol: CowVolume, _parent: CowVolume | undefined): boolean {
    return true
  }

  /** Called after volumes were transferred; whether that was enough. */
  stop(_vols: readonly Subvolume[]): boolean {
    return false
  }

  /**
   * Finds out what would be transferred, and changes nothing.
   *
   * @param trans - tells where volumes go; without it name clashes at the destination are not foreseen
   */
  async plan(options: ReplicateOptions = {}, trans?: Pick<TransferLike, 'targetOf'>): Promise<ReplicationPlan> {
    const { signal } = options
    const [source, destination] = await Promise.all([this.#src.list({ signal }), this.#dst.list({ signal })])
    return this.#planFor(source, destination, options, trans)
  }

  /**
   * Carries out a plan. What broken-off runs left at the destination is dealt with first.
   *
   * @returns whether all succeeded. What failed is told to the transfer, and stops only what depends on it.
   * @throws the signal's reason after an abort
   */
  async run(trans: TransferLike, plan: ReplicationPlan, options: RunOptions = {}): Promise<boolean> {
    for (const problem of plan.problems) trans.err(new StorageError('PRECONDITION_FAILED', problem))
    let isGood = plan.problems.length === 0
    const isPresent = await this.#recover(trans, options)
    const failed = new Set<string>()
    const groups = new Map<number, PlannedTransfer[]>()
    for (const transfer of plan.transfers) {
      if (transfer.volumes.every(isPresent)) continue
      const group = groups.get(transfer.group)
      if (group === undefined) groups.set(transfer.group, [transfer])
      else group.push(transfer)
    }
    const atATime = options.parallel === true ? someAtATime : options.parallel === undefined || options.parallel === false ? 1 : options.parallel
    if (!(Number.isInteger(atATime) && atATime > 0)) throw new TypeError(`parallel must be a number of transfers from 1, got ${atATime}`)
    let isEnough = false
    for (const group of groups.values()) {
      const waiting = group[Symbol.iterator]()
      const work = async (): Promise<void> => {
        for (const transfer of waiting) {
          if (isEnough && atATime === 1) return
          options.signal?.throwIfAborted()
          if (!(await this.#attempt(trans, transfer, failed, options))) {
            isGood = false
            for (const { uuid } of transfer.volumes) failed.add(uuid)
          } else if (options.stop?.(transfer.volumes) ?? this.stop(transfer.volumes)) isEnough = true
        }
      }
      const ends = await Promise.allSettled(Array.from({ length: Math.min(atATime, group.length) }, work))
      for (const end of ends) if (end.status === 'rejected') throw end.reason
      if (isEnough) break
    }
    return isGood
  }

  /**
   * Plans and carries out.
   *
   * @returns whether all succeeded; errors are told to the transfer
   * @throws the signal's reason after an abort
   */
  async sync(trans: TransferLike, options: SyncOptions = {}): Promise<boolean> {
    let lists: readonly (readonly Subvolume[])[]
    try {
      lists = await trans.tryGather(
        signal => this.#src.list({ signal: both(signal, options.signal) }),
        signal => this.#dst.list({ signal: both(signal, options.signal) }),
      )
    } catch (error) {
      options.signal?.throwIfAborted()
      if (error instanceof TransferAborted) return false
      throw error
    }
    const [source = [], destination = []] = lists
    return this.run(trans, this.#planFor(source, destination, options, trans), options)
  }

  #planFor(
    source: readonly Subvolume[],
    destination: readonly Subvolume[],
    options: ReplicateOptions,
    trans: Pick<TransferLike, 'targetOf'> | undefined,
  ): ReplicationPlan {
    const sides = this.#compare(source, destination)
    this.#sides = sides
    const rules: PlanRules = {
      batch: options.batch === true,
      transferExisting: options.transferExisting === true,
      clones: options.clones === true,
      volgroups: options.volgroups ?? (roots => this.volgroups(roots)),
      target: options.target ?? (vol => this.target(vol)),
      parent: options.parent ?? (vol => this.parent(vol)),
      check: options.check ?? ((vol, parent) => this.check(vol, parent)),
      targetOf: trans?.targetOf?.bind(trans),
    }
    // While it is planned, what is planned counts as being there.
    const present = new Map(sides.present)
    const made = makePlan({ ...sides, names: [this.#src.name, this.#dst.name] }, rules)
    this.#sides = { ...sides, present }
    return made
  }

  #compare(source: readonly Subvolume[], destination: readonly Subvolume[]): Sides {
    const tree = new CowTree(source)
    const doubtful = doubtfulReceived(destination)
    const counts = ({ readonly, unfinished, receivedUuid }: Subvolume): boolean =>
      readonly && unfinished !== true && !(receivedUuid !== undefined && doubtful.has(receivedUuid))
    const theirs = new CowTree(destination, counts)
    const present = new Map<string, readonly Subvolume[]>(matchVolumes(tree.roots, theirs.roots, this.#srckeys, this.#dstkeys))
    const ambiguous = doubtfulReceived(source)
    const problems = new Map<string, string>()
    for (const { uuid, receivedUuid, path, readonly } of source)
      if (readonly && receivedUuid !== undefined && ambiguous.has(receivedUuid))
        problems.set(
          uuid,
          `${textOf(path ?? uuid)} cannot be told from other snapshots: a subvolume that can be written to has their received UUID ${receivedUuid}; ` +
            'clear that with "btrfs property set -f SUBVOLUME ro true" and "… ro false" there, and make new snapshots',
        )
    for (const { uuid, readonly, problem, unfinished } of source)
      if (readonly && problem !== undefined && unfinished !== true) problems.set(uuid, `the subvolume ${uuid} is left out: ${problem}`)
    return { source: tree, destination, present, problems }
  }

  /** @returns whether a volume is at the destination now, thanks to what was recovered */
  async #recover(trans: TransferLike, { signal }: RunOptions): Promise<(volume: Subvolume) => boolean> {
    const nothing = (): boolean => false
    if (this.#dst.recover === undefined) return nothing
    const listed = this.#sides?.destination ?? (await this.#dst.list({ signal }))
    if (!listed.some(({ unfinished }) => unfinished === true)) return nothing
    const recovery = await this.#dst.recover(listed, { signal })
    for (const line of describeRecovery(recovery)) trans.note?.(line)
    if (recovery.finished.length === 0) return nothing
    const now = (await this.#dst.list({ signal })).filter(({ readonly, unfinished }) => readonly && unfinished !== true)
    const finished = new CowTree(
      now.filter(({ path }) => path !== undefined && recovery.finished.includes(path)),
      () => true,
    )
    return volume => matchVolumes(new CowTree([volume], () => true).roots, finished.roots, this.#srckeys, this.#dstkeys).size > 0
  }

  /** @returns whether the transfer succeeded, by its parent or by one that stands in for it */
  async #attempt(trans: TransferLike, transfer: PlannedTransfer, failed: ReadonlySet<string>, options: RunOptions): Promise<boolean> {
    const { volumes, parent, otherParents } = transfer
    const names = volumes.map(nameOfVolume).join(', ')
    if (parent !== undefined && failed.has(parent.uuid)) {
      trans.err(new StorageError('PRECONDITION_FAILED', `${names} is not sent, because ${nameOfVolume(parent)} failed, which it builds on`))
      return false
    }
    const maySendWhole = volumes.every(volume => this.#mayBeWhole(volume, options))
    const parents = [parent, ...otherParents.filter(({ uuid }) => !failed.has(uuid)), ...(parent !== undefined && maySendWhole ? [undefined] : [])]
    let { clones } = transfer
    for (let at = 0; at < parents.length;) {
      const [isLast, against] = [at === parents.length - 1, parents[at]]
      const triesAgain = ({ missesParent, missesClone }: BtrfsError): boolean => (missesClone && clones.length > 0) || (missesParent && !isLast)
      let problem: BtrfsError | undefined
      try {
        await trans.transf(volumes, against, this.#src, this.#dst, {
          // Without a parent the sender would look for one among them, and fail where they have nothing in common.
          clones: against === undefined ? [] : clones.filter(({ uuid }) => uuid !== against.uuid),
          signal: options.signal,
          triesAgain: error => {
            if (triesAgain(error)) problem = error
            return problem === error
          },
        })
        return true
      } catch (error) {
        options.signal?.throwIfAborted()
        if (problem === undefined) {
          if (!(error instanceof TransferAborted)) trans.err(error, volumes, against)
          return false
        }
        if (problem.missesClone) clones = []
        else at++
        const next = parents[at]
        trans.note?.(
          `${this.#dst.name} does not find ${against === undefined ? 'a clone source' : nameOfVolume(against)}: ` +
            `sending ${names} ${next === undefined ? 'whole' : `as what changed since ${nameOfVolume(next)}`}`,
        )
      }
    }
    return false
  }

  #mayBeWhole(volume: Subvolume, options: RunOptions): boolean {
    const known = this.#sides?.source.get(volume.uuid)
    if (known === undefined) return true
    return options.check?.(known, undefined) ?? this.check(known, undefined)
  }
}

function both(signal: AbortSignal, other: AbortSignal | undefined): AbortSignal {
  return other === undefined ? signal : AbortSignal.any([signal, other])
}

function nameOfVolume({ path, uuid }: Subvolume): string {
  return textOf(path ?? uuid)
}
