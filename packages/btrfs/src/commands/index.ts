import type { CommandFamily } from '@syncline/core'
import { create } from './create.ts'
import { inspect } from './inspect.ts'
import { list } from './list.ts'
import { prune } from './prune.ts'
import { restore } from './restore.ts'
import { send } from './send.ts'
import { verify } from './verify.ts'

/** The commands that this package brings: `syncline snapshot …`. */
export const families: readonly CommandFamily[] = [
  {
    name: 'snapshot',
    summary: 'Replicate, keep and restore btrfs snapshots',
    commands: { send, list, create, prune, verify, restore, inspect },
  },
]
