import { collectText, SyncEngine, SyncPair, type ConflictInfo, type SyncResult, type WritableStorage } from '@syncline/core'
import { fs, processOwner } from '@syncline/fs'

/** Keeps two directories of notes the same. The state lies in a third one, so that the next call knows what was deleted and who changed what. */
export async function syncNotes(ours: string, theirs: string, state: string): Promise<SyncResult> {
  const source = fs(ours)
  const destination = fs(theirs)
  const pair = new SyncPair({ source, destination, state: fs(state) })
  const engine = new SyncEngine({
    mode: 'two-way',
    conflictResolution: 'manual',
    conflictHandler: conflict => preferLonger(conflict, source, destination),
    owner: processOwner(),
  })
  try {
    return await engine.syncPair(pair)
  } finally {
    await source.close?.()
    await destination.close?.()
  }
}

/** The longer text wins; what is no text, or no longer than the other, stays open until a person decides. What loses is kept in the trash. */
async function preferLonger(
  { path, source, destination }: ConflictInfo,
  ours: WritableStorage,
  theirs: WritableStorage,
): Promise<'source' | 'destination' | 'skip'> {
  if (source?.kind !== 'file' || destination?.kind !== 'file' || !path.endsWith('.md')) return 'skip'
  const [left, right] = await Promise.all([collectText(ours.read(path)), collectText(theirs.read(path))])
  if (left.length === right.length) return 'skip'
  return left.length > right.length ? 'source' : 'destination'
}
