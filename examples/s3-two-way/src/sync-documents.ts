import { collectText, SyncEngine, SyncPair, type ConflictInfo, type SyncResult, type WritableStorage } from '@syncline/core'
import { fs, processOwner } from '@syncline/fs'
import { s3, type S3Options } from '@syncline/s3'

/** Keeps a directory and a bucket the same. The state lies in a directory of its own, so that the next call knows who deleted and changed what. */
export async function syncDocuments(directory: string, bucket: S3Options, state: string): Promise<SyncResult> {
  const source = fs(directory)
  const destination = s3(bucket)
  const engine = new SyncEngine({
    mode: 'two-way',
    conflictResolution: 'manual',
    conflictHandler: conflict => decide(conflict, source, destination),
    owner: processOwner(),
  })
  try {
    return await engine.syncPair(new SyncPair({ source, destination, state: fs(state) }))
  } finally {
    await source.close?.()
    await destination.close?.()
  }
}

/** The side with every line of the other wins; where both have lines of their own, both stay; what is no list waits for a person. */
async function decide(
  { path, source, destination }: ConflictInfo,
  ours: WritableStorage,
  theirs: WritableStorage,
): Promise<'source' | 'destination' | 'both' | 'skip'> {
  if (source?.kind !== 'file' || destination?.kind !== 'file' || !/\.(csv|txt)$/.test(path)) return 'skip'
  const left = new Set((await collectText(ours.read(path))).split('\n'))
  const right = new Set((await collectText(theirs.read(path))).split('\n'))
  if ([...right].every(line => left.has(line))) return 'source'
  return [...left].every(line => right.has(line)) ? 'destination' : 'both'
}
