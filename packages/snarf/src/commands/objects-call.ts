import type { FamilyCall } from '@syncline/core'
import type { ObjectsCall, WorkCall } from './objects-session.ts'

/** The option of every command that works with objects. */
export const moduleOptions = {
  module: {
    short: 'm',
    value: 'FILE',
    completes: 'file',
    text: 'JavaScript module that exports the classes and the root of the objects',
  },
  moved: { text: 'Accept a module that lies elsewhere than when the working copy was checked out' },
} as const

/** What help says about the module. */
export const moduleDetails =
  'The module exports space (an ObjectSpace), root (the root object, or a function that loads it), and optionally name, save and close. It is run: name only modules that you trust. A working copy never names the module that is run.'

/**
 * Opens the working copy that is the first operand, for `run`, and closes it whatever happens. What works with objects is loaded only now: it takes as
 * long as a small archive.
 */
export async function withWorkingCopy(call: FamilyCall, run: (opened: WorkCall) => Promise<number>, isNew = false): Promise<number> {
  const { useWorkingCopy } = await import('./objects-session.ts')
  return useWorkingCopy(call, run, isNew)
}

/** As {@link withWorkingCopy}, with the objects of the module that the call names. */
export async function withObjects(call: FamilyCall, run: (opened: ObjectsCall) => Promise<number>, isNew = false): Promise<number> {
  const { useObjects } = await import('./objects-session.ts')
  return useObjects(call, run, isNew)
}

/** The operands. @throws a usage error for fewer of them */
export function requireOperands(call: FamilyCall, least: number, what: string): void {
  if (call.operands.length < least) throw call.usageError(`${what}, and ${call.operands.length === 0 ? 'nothing' : 'only the first'} was given`)
}

/** @throws a usage error for paths where only a working copy is taken */
export function refusePaths(call: FamilyCall, what: string): void {
  if (call.operands.length > 1) throw call.usageError(`${what} the whole working copy, and paths were given: ${call.operands.slice(1).join(', ')}`)
}
