import { ProgressTransfer, textOf, type Subvolume, type TransferOptions } from '@syncline/btrfs'
import { isStorageError, messageOf } from '@syncline/core'

/** How to tell. */
export interface TellingOptions extends TransferOptions {
  readonly show: (line: string) => void
  /** Called with the error when there is no use in going on. */
  readonly giveUp: (error: unknown) => void
}

/** A transfer that shows how far it is, and that ends everything when the destination is full. Other errors stop only what builds on what failed. */
export class TellingTransfer extends ProgressTransfer {
  readonly errors: string[] = []
  readonly #show: (line: string) => void
  readonly #giveUp: (error: unknown) => void

  constructor({ show, giveUp, ...options }: TellingOptions) {
    super({ ...options, period: 0.5 })
    this.#show = show
    this.#giveUp = giveUp
  }

  override async reportProgress(total: number, _previous: number, _symbol: string, volumes: readonly Subvolume[]): Promise<void> {
    this.#show(`${namesOf(volumes)}: ${total} bytes`)
  }

  override async reportDone(volumes: readonly Subvolume[], parent: Subvolume | undefined): Promise<void> {
    this.#show(`${namesOf(volumes)}: done, ${parent === undefined ? 'whole' : `what changed since ${namesOf([parent])}`}`)
  }

  override err(error: unknown): void {
    this.errors.push(messageOf(error))
    this.#show(`failed: ${messageOf(error)}`)
    if (isStorageError(error, 'NO_SPACE')) this.#giveUp(error)
  }

  override note(text: string): void {
    this.#show(text)
  }
}

function namesOf(volumes: readonly Subvolume[]): string {
  return volumes.map(({ path, uuid }) => textOf(path ?? uuid)).join(', ')
}
