import { ExitCode, gravestExitCode, messageOf, type FamilyCall, type FamilyCommand } from '@syncline/core'
import type { UpdateObjectsResult } from '../workdir/index.ts'
import { moduleDetails, moduleOptions, refusePaths, requireOperands, withObjects } from './objects-call.ts'

const dryRun = { short: 'n', text: 'Say what would be done, and do nothing' } as const

/** `syncline objects checkout`. */
export const checkout: FamilyCommand = {
  summary: 'Write objects as files, to be worked on',
  usage: ['--module FILE WORKDIR'],
  details: [
    'WORKDIR is a directory, or the URL of any other place that replaces files in one step. Files that are there already are not overwritten: where an object has their name, that is a conflict.',
    moduleDetails,
  ],
  examples: ['syncline objects checkout -m wiki.mjs ./wiki-files'],
  options: moduleOptions,
  completes: 'place',
  run: call => {
    requireOperands(call, 1, 'checkout takes the directory to write to')
    refusePaths(call, 'checkout writes')
    return withObjects(
      call,
      async ({ work, update: run }) => {
        const { signal } = call
        if (await work.exists({ signal }))
          throw call.usageError(`${call.operands[0] ?? ''} is a working copy already`, 'Bring it up to date with: syncline objects update')
        return report(call, await run({ signal }), 'checkout')
      },
      true,
    )
  },
}

/** `syncline objects update`. */
export const update: FamilyCommand = {
  summary: 'Bring the changes of the objects into a working copy',
  usage: ['--module FILE [WORKDIR]'],
  details: [
    'What both sides changed is merged: text by lines, JSON and YAML by keys, binary files never. What cannot be merged is a conflict: edit the file and say resolve, or take one version with resolve --ours or --theirs. The exit code is 4 then.',
    'Nothing that is only in the working copy is overwritten or deleted.',
    'Letters: U updated, M changed here (or merged), A added here, R removed here, D deleted, N new directory, C conflict, ? not registered.',
    moduleDetails,
  ],
  examples: ['syncline objects update -m wiki.mjs ./wiki-files', 'syncline objects update -m wiki.mjs ./wiki-files --dry-run'],
  options: { ...moduleOptions, 'dry-run': dryRun },
  completes: 'place',
  run: call => {
    refusePaths(call, 'update takes')
    const isDry = call.options.has('dry-run')
    return withObjects(call, async ({ update: run }) =>
      report(call, await run({ signal: call.signal, dryRun: isDry }), isDry ? 'update_plan' : 'update'),
    )
  },
}

/** `syncline objects commit`. */
export const commit: FamilyCommand = {
  summary: 'Bring the changes of a working copy into the objects',
  usage: ['--module FILE [WORKDIR]'],
  details: [
    'All changes are made, or none. Refused, with exit code 5, is a working copy with conflicts, and one that has not seen everything that is in the objects: update first.',
    'The changed objects are given to the save function of the module.',
    moduleDetails,
  ],
  examples: ['syncline objects commit -m wiki.mjs ./wiki-files --dry-run', 'syncline objects commit -m wiki.mjs ./wiki-files'],
  options: { ...moduleOptions, 'dry-run': dryRun },
  completes: 'place',
  run: call => {
    refusePaths(call, 'commit takes')
    const isDry = call.options.has('dry-run')
    return withObjects(call, async ({ canSave, commit: run }) => {
      if (!canSave && !isDry)
        throw call.usageError('the module exports no save function, so a commit would be forgotten', 'See what it would do with --dry-run.')
      const { items, update: back } = await run({ signal: call.signal, dryRun: isDry })
      for (const { action, path, key, part, reason } of items) {
        call.print(`${action} ${path}${part === 'body' ? '' : ` (${part})`}: ${reason}`)
        call.json({ type: 'item', action, path, key, part, reason })
      }
      call.print(items.length === 0 ? 'nothing to commit' : `${isDry ? 'would commit' : 'committed'} ${call.format.plural(items.length, 'change')}`)
      const { failures, code } = failuresOf(call, back)
      call.json({ type: isDry ? 'commit_plan_complete' : 'commit_complete', changes: items.length, failures })
      return code
    })
  },
}

function report(call: FamilyCall, result: UpdateObjectsResult, what: string): number {
  const counts: Record<string, number> = {}
  for (const { path, kind, letter, action, state, reason } of result.items) {
    counts[state] = (counts[state] ?? 0) + 1
    if (letter === '*' || letter === '/') continue
    call.print(`${letter} ${path}${kind === 'directory' ? '/' : ''}${letter === 'C' ? `: ${reason}` : ''}`, letter === 'C' ? 'bad' : undefined)
    call.json({ type: 'item', letter, path, kind, action, state, reason })
  }
  const { failures, code } = failuresOf(call, result)
  const { skipped } = result
  if (skipped.length > 0) call.note(`left out, because their classes have no synchronizer: ${skipped.join(', ')}`)
  call.json({ type: `${what}_complete`, ...counts, failures, skipped })
  return code
}

function failuresOf(call: FamilyCall, { items, failures }: UpdateObjectsResult): { readonly failures: readonly object[]; readonly code: number } {
  for (const { path, error } of failures) call.warn(`${path}: ${messageOf(error)}`)
  const hasConflicts = items.some(({ state }) => state === 'conflict')
  return {
    failures: failures.map(({ path, error }) => ({ path, message: messageOf(error) })),
    code: gravestExitCode([failures.length > 0 ? ExitCode.PARTIAL : ExitCode.OK, hasConflicts ? ExitCode.CONFLICTS : ExitCode.OK]),
  }
}
