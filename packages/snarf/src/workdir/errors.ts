import type { Path } from '@syncline/core'

/** A command cannot be carried out on a working copy. Nothing has been changed, unless the message says so. */
export class WorkingCopyError extends Error {
  override readonly name = 'WorkingCopyError'
  readonly path: Path | undefined

  constructor(message: string, path?: Path) {
    super(message)
    this.path = path
  }
}
