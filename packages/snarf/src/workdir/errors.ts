import type { Path } from '@syncline/core'

/** A command cannot be carried out on a working copy. Nothing has been changed, unless the message says so. */
export class WorkingCopyError extends Error {
  override readonly name: string = 'WorkingCopyError'
  readonly path: Path | undefined

  constructor(message: string, path?: Path) {
    super(message)
    this.path = path
  }
}

/** It would have lost what is nowhere else. */
export class UnsavedError extends WorkingCopyError {
  override readonly name = 'UnsavedError'
}
