import type { ResolvedConfig } from './config.ts'
import type { SyncOptions } from './engine-types.ts'
import type { SyncPair } from './sync-pair.ts'

/** One call of the engine. */
export interface Call {
  readonly pair: SyncPair
  readonly config: ResolvedConfig
  readonly options: SyncOptions
  readonly id: Promise<string>
  readonly started: number
  /** Aborts when the lock is somebody else's; undefined for a run that needs none. */
  readonly lost?: AbortSignal
}
