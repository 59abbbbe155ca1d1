import type { Scenario } from '../src/scenario.ts'
import { conflicts } from './conflicts.ts'
import { directories } from './directories.ts'
import { edits } from './edits.ts'
import { names } from './names.ts'
import { oneWay } from './one-way.ts'
import { renames } from './renames.ts'
import { rules } from './rules.ts'

/** All of them. */
export const scenarios: readonly Scenario[] = [...edits, ...renames, ...conflicts, ...directories, ...names, ...rules, ...oneWay]
