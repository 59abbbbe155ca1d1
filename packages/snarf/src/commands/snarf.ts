import type { CommandFamily } from '@syncline/core'
import { create } from './create.ts'
import { extract } from './extract.ts'
import { list } from './list.ts'
import { verify } from './verify.ts'

/** `syncline snarf …`. */
export const snarf: CommandFamily = {
  name: 'snarf',
  summary: 'Write, read and check snarf archives',
  commands: { create, list, extract, verify },
}
