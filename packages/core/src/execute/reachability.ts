import { isStorageError, messageOf, StorageError } from '../errors.ts'
import type { Path, ReadableStorage } from '../protocol.ts'

/** Items that fail in a row because a store cannot be reached, before it is asked whether it is there at all. */
const failuresInARow = 3

/**
 * Whether the stores of a run are still there.
 *
 * A store that is gone would let every item that is left wait for as long as a try lasts. So when several have failed in a row, all stores are
 * asked for their roots; if one does not answer, nothing more is tried.
 */
export class Reachability {
  readonly #storages: readonly ReadableStorage[]
  readonly #signal: AbortSignal | undefined
  /** Items in a row that failed because a store could not be reached. */
  #failures = 0
  #asking: Promise<void> | undefined
  /** The store that is gone for the rest of the run, and what it said. */
  #lost: { readonly name: string; readonly error: StorageError } | undefined

  constructor(storages: readonly ReadableStorage[], signal: AbortSignal | undefined) {
    this.#storages = storages
    this.#signal = signal
  }

  /** An item was done. */
  reached(): void {
    this.#failures = 0
  }

  /** An item failed. */
  failed(error: unknown): void {
    if (isUnreachable(error)) this.#failures++
  }

  /** @throws StorageError if a store is gone, and `path` therefore need not be tried */
  async check(path: Path): Promise<void> {
    if (this.#failures < failuresInARow) return
    this.#asking ??= this.#askAll().finally(() => (this.#asking = undefined))
    await this.#asking
    if (this.#lost === undefined) return
    const { name, error } = this.#lost
    throw new StorageError(error.code, `${path} was not tried, because ${name} cannot be reached any more: ${messageOf(error)}`, {
      path,
      cause: error,
    })
  }

  async #askAll(): Promise<void> {
    if (this.#lost !== undefined) return
    for (const storage of this.#storages) {
      try {
        await storage.stat('', { signal: this.#signal })
      } catch (error) {
        if (!isUnreachable(error)) continue
        this.#lost = { name: storage.name, error }
        return
      }
    }
    this.#failures = 0
  }
}

/** A failure that says nothing of the path: the way to the store is broken. */
function isUnreachable(error: unknown): error is StorageError {
  return isStorageError(error, 'UNAVAILABLE') || isStorageError(error, 'TIMEOUT')
}
