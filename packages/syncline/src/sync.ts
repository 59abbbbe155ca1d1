import { join } from 'node:path'
import {
  pairId,
  SyncEngine,
  SyncPair,
  SyncProgressTracker,
  type ReadableStorage,
  type SyncOptions,
  type SyncPauseController,
  type SyncProgressEvent,
  type SyncResult,
  type SyncStateManager,
  type WritableStorage,
} from '@syncline/core'
import { processOwner } from '@syncline/fs'
import { open } from './open.ts'
import { openStateAt, stateHome } from './state-directory.ts'

/** Options of {@link sync}: those of the engine, and where the state is. */
export interface SyncPlacesOptions extends SyncOptions {
  /** A directory or URL, a storage, or a state manager; default: one directory per pair in the user's state directory, the same that the command line uses. */
  readonly state?: string | WritableStorage | SyncStateManager | undefined
  readonly onProgress?: ((event: SyncProgressEvent) => unknown) | undefined
  readonly pauseController?: SyncPauseController | undefined
}

/**
 * Makes two places the same. Paths and URLs are opened, and closed again; storages are used as they are.
 *
 * Resolves also when paths failed, conflicts stay open or a guard refused: `exitCode` and the lists of the result tell.
 *
 * @throws TypeError for a wrong option or place; `LockedError` if another run has the pair; StorageError if a root or the state cannot be read
 * @example
 * const { stats, conflicts } = await sync('./notes', '/mnt/usb/notes')
 */
export async function sync(
  source: string | URL | ReadableStorage,
  destination: string | URL | ReadableStorage,
  options: SyncPlacesOptions = {},
): Promise<SyncResult> {
  const { state, onProgress, pauseController, ...rest } = options
  const opened: ReadableStorage[] = []
  const use = async (place: string | URL | ReadableStorage): Promise<ReadableStorage> => {
    if (typeof place === 'object' && !(place instanceof URL)) return place
    const storage = await open(place, rest.signal === undefined ? {} : { signal: rest.signal })
    opened.push(storage)
    return storage
  }
  try {
    const sides = { source: await use(source), destination: await use(destination) }
    const id = await pairId(sides.source, sides.destination)
    const place = typeof state === 'object' ? state : await openStateAt(state ?? join(stateHome(process.env), id))
    const engine = new SyncEngine({ owner: processOwner(), progressTracker: new SyncProgressTracker(onProgress), pauseController })
    return await engine.syncPair(new SyncPair({ ...sides, state: place, id }), rest)
  } finally {
    for (const storage of opened) await storage.close?.()
  }
}
