import type { CommandFamily } from '@syncline/core'
import { add, copy, mkdir, remove, resolve, revert } from './objects-edit.ts'
import { diff, status } from './objects-look.ts'
import { checkout, commit, update } from './objects-update.ts'

/** `syncline objects …`. */
export const objects: CommandFamily = {
  name: 'objects',
  summary: 'Work on objects as files',
  commands: { checkout, status, diff, update, add, remove, mkdir, copy, resolve, revert, commit },
}
