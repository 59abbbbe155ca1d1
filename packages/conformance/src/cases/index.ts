import type { Case } from '../types.ts'
import { aborting } from './aborting.ts'
import { changing } from './changing.ts'
import { conditions } from './conditions.ts'
import { directories } from './directories.ts'
import { hashing } from './hashing.ts'
import { identity } from './identity.ts'
import { listing } from './listing.ts'
import { names } from './names.ts'
import { reading } from './reading.ts'
import { removing } from './removing.ts'
import { snapshots } from './snapshots.ts'
import { uploading } from './uploading.ts'
import { writing } from './writing.ts'

/** Every test of the suite. */
export const cases: readonly Case[] = [
  ...identity,
  ...listing,
  ...reading,
  ...writing,
  ...conditions,
  ...removing,
  ...directories,
  ...names,
  ...changing,
  ...hashing,
  ...uploading,
  ...snapshots,
  ...aborting,
]
