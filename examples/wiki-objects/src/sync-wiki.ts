import { collect, SyncEngine, SyncPair, toBytes, type ConflictInfo, type SyncResult, type WritableStorage } from '@syncline/core'
import { Check, Checkout, Commit, repositoryFromStorage, SnarfRepository, type CommitItem } from '@syncline/snarf/objects'
import { applyChanges } from './apply-changes.ts'
import { isEntries, mergeEntries, readAllEntries } from './merge-entries.ts'
import { space, type Wiki } from './wiki.ts'

/** Where the parts of a synchronized wiki lie. */
export interface WikiPlaces {
  /** The wiki as files. */
  readonly files: WritableStorage
  /** What is shared with others. */
  readonly bucket: WritableStorage
  /** State of this end: of the sync, and the wiki as it was last written to the files. */
  readonly state: WritableStorage
}

/** What {@link syncWiki} did. */
export interface WikiSync {
  readonly files: SyncResult
  /** What became of the objects. */
  readonly objects: readonly CommitItem[]
}

/**
 * Brings the changes of a wiki into a bucket, and those of others from the bucket into the wiki.
 *
 * May be killed anywhere: what the wiki changed is found by comparing it with its last copy, and only that is written over the files; what came from
 * others stays in the files until it is in the wiki. The wiki may be edited meanwhile: then the commit refuses, and the next call goes on.
 */
export async function syncWiki(wiki: Wiki, { files, bucket, state }: WikiPlaces): Promise<WikiSync> {
  const now = new SnarfRepository()
  await new Checkout(space, now).perform(wiki, 'wiki')
  const { contentRevision } = await new Check(space, now).check(wiki, '', 'wiki')
  await applyChanges(await lastCopy(state), now, files)
  await keepCopy(state, now)

  const before = await readAllEntries(files)
  const engine = new SyncEngine({ mode: 'two-way', conflictResolution: 'manual', conflictHandler: decide })
  const pair = new SyncPair({ source: files, destination: bucket, state })
  const first = await engine.syncPair(pair)
  const result = (await mergeEntries(before, files, bucket)) ? await engine.syncPair(pair) : first

  const repository = repositoryFromStorage(files)
  const { items } = await new Commit(space, repository).perform(wiki, '', 'wiki', { missing: 'delete', expectedContentRevision: contentRevision })
  const after = new SnarfRepository()
  await new Checkout(space, after).perform(wiki, 'wiki')
  await keepCopy(state, after)
  return { files: result, objects: items }
}

/** Lists of entries are merged by name afterwards; of two texts of a page, both are kept in the bucket until somebody decides. */
function decide({ path }: ConflictInfo): 'skip' | 'both' {
  return isEntries(path) ? 'skip' : 'both'
}

async function lastCopy(state: WritableStorage): Promise<SnarfRepository> {
  const entry = await state.stat('wiki.snarf')
  return new SnarfRepository(entry === undefined ? undefined : await collect(state.read('wiki.snarf')))
}

async function keepCopy(state: WritableStorage, copy: SnarfRepository): Promise<void> {
  await state.write('wiki.snarf', toBytes(copy.archive()))
}
