import { ExitCode, type FamilyCommand, type FamilyTone } from '@syncline/core'
import type { StatusItem, WorkState } from '../workdir/index.ts'
import { withWorkingCopy } from './objects-call.ts'

const letters: Readonly<Record<WorkState, string>> = {
  unchanged: '=',
  modified: 'M',
  added: 'A',
  removed: 'R',
  conflict: 'C',
  unregistered: '?',
  lost: '!',
  'added-lost': '!',
  reborn: '!',
  'lost-original': '!',
  blocked: '!',
  nonexistent: '!',
}

const remarks: Readonly<Partial<Record<WorkState, string>>> = {
  lost: 'its file is gone; update brings it back, remove removes the object',
  'added-lost': 'it was added, and its file is gone; revert forgets it',
  reborn: 'it was removed, and is there again; revert or delete it',
  'lost-original': 'its original copy is gone; update makes one',
  blocked: 'neither a file nor a directory',
  nonexistent: 'there is nothing',
}

/** `syncline objects status`. */
export const status: FamilyCommand = {
  summary: 'Show what was changed in a working copy',
  usage: ['[WORKDIR [PATH...]]'],
  details: [
    'Letters: M changed, A added, R removed, C conflict, ? not registered, ! something is missing or in the way, = unchanged (with --verbose).',
    'Paths are relative to WORKDIR, as status shows them. Extras and annotations of an object have paths of their own.',
  ],
  examples: ['syncline objects status ./wiki-files', 'syncline objects status ./wiki-files wiki/recipes --verbose'],
  options: { verbose: { short: 'v', text: 'Show also what is unchanged' } },
  completes: 'place',
  run: call =>
    withWorkingCopy(call, async ({ work, paths }) => {
      const items = await work.status(paths.length === 0 ? undefined : paths, { signal: call.signal })
      const counts: Record<string, number> = {}
      for (const item of items) {
        counts[item.state] = (counts[item.state] ?? 0) + 1
        if (item.state === 'unchanged' && !call.options.has('verbose')) continue
        call.print(`${letters[item.state]} ${item.path}${item.kind === 'directory' ? '/' : ''}${remarkOn(item)}`, toneOf(item))
        call.json({ type: 'item', letter: letters[item.state], ...item })
      }
      call.json({ type: 'status_complete', ...counts })
      return items.some(({ state }) => state === 'conflict') ? ExitCode.CONFLICTS : ExitCode.OK
    }),
}

function remarkOn({ state, conflict, attributesChanged }: StatusItem): string {
  if (conflict !== undefined) return conflict === 'in-file' ? ': both versions are in the file' : ': not merged; choose --ours or --theirs'
  const remark = remarks[state] ?? (attributesChanged === true ? 'its attributes' : undefined)
  return remark === undefined ? '' : `: ${remark}`
}

function toneOf({ state }: StatusItem): FamilyTone | undefined {
  if (state === 'conflict' || letters[state] === '!') return 'bad'
  return state === 'unchanged' || state === 'unregistered' ? 'faint' : undefined
}

/** `syncline objects diff`. */
export const diff: FamilyCommand = {
  summary: 'Show changes of a working copy as a patch',
  usage: ['[WORKDIR [PATH...]]'],
  details: ['Compares files with their original copies, without the objects.'],
  examples: ['syncline objects diff ./wiki-files', 'syncline objects diff ./wiki-files wiki/home --unified 10'],
  options: {
    unified: { short: 'U', value: 'LINES', default: '3', text: 'Lines around each change' },
    'new-file': { short: 'N', text: 'Show also what was added and removed, as a whole' },
  },
  completes: 'place',
  run: call =>
    withWorkingCopy(call, async ({ work, paths }) => {
      const lines = call.options.text('unified') ?? '3'
      if (!/^\d{1,6}$/.test(lines)) throw call.usageError(`--unified must be a number of lines, got ${JSON.stringify(lines)}`)
      const diffs = await work.diff(paths.length === 0 ? undefined : paths, {
        signal: call.signal,
        context: Number(lines),
        wholeFiles: call.options.has('new-file'),
      })
      for (const { path, state, patch } of diffs) {
        call.json({ type: 'item', path, state, patch: patch ?? null })
        if (call.wantsJson || call.isQuiet) continue
        await call.write(new TextEncoder().encode(patch ?? `Index: ${path}\nBinary files differ\n`))
      }
      call.json({ type: 'diff_complete', files: diffs.length })
      return ExitCode.OK
    }),
}
