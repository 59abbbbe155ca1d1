import type { CommandFamily } from '@syncline/core'
import { send } from './send.ts'

/** The commands that this package brings: `syncline snapshot …`. */
export const families: readonly CommandFamily[] = [{ name: 'snapshot', summary: 'Replicate, keep and restore btrfs snapshots', commands: { send } }]
