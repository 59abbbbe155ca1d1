import type { SyncConfig } from './engine-types.ts'
import type { ReadableStorage, WritableStorage } from './protocol.ts'
import { SyncStateManager } from './state/state-manager.ts'
import { memory } from './storages/memory.ts'

/** Two storages that are kept the same, and how. Options given here hold for every run of the pair. */
export interface SyncPairOptions extends SyncConfig {
  readonly source: ReadableStorage
  /** The side across; a mode that writes to a side needs it to be writable. */
  readonly destination: ReadableStorage
  /**
   * Where the pair remembers what both sides had after the last sync. Without it the pair remembers as long as the object lives, and
   * a new object meets both sides as if for the first time: nothing is deleted then.
   */
  readonly state?: WritableStorage | SyncStateManager | undefined
  /** Identity of the pair; default: made from both storages' names. */
  readonly id?: string | undefined
}

/** @see SyncPairOptions */
export class SyncPair {
  readonly source: ReadableStorage
  readonly destination: ReadableStorage
  readonly state: SyncStateManager
  readonly id: string | undefined
  readonly config: SyncConfig

  constructor(options: SyncPairOptions) {
    const { source, destination, state, id, ...config } = options
    this.source = source
    this.destination = destination
    this.state = state instanceof SyncStateManager ? state : new SyncStateManager(state ?? memory())
    this.id = id
    this.config = config
  }
}
