import type { CommandFamily } from '@syncline/core'
import { snarf } from './snarf.ts'

/** What this package brings to the command line. */
export const families: readonly CommandFamily[] = [snarf]
