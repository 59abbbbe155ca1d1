import type { CommandFamily } from '@syncline/core'
import { objects } from './objects.ts'
import { snarf } from './snarf.ts'

/** What this package brings to the command line. */
export const families: readonly CommandFamily[] = [snarf, objects]
