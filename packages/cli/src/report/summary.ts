import { joinPath, trashName, type OpenConflict, type PlanItem, type SyncFailure, type SyncResult } from '@syncline/core'
import { escapeControls } from '../terminal/escape.ts'
import { formatBytes, formatCount, formatDuration, formatPlural, formatRate } from '../terminal/format.ts'
import type { Style, Symbols, Tone } from '../terminal/style.ts'
import { padEnd } from '../terminal/width.ts'
import { describeEntry, refusalLines } from './plan-table.ts'

/** What a summary says besides the result. */
export interface SummaryContext {
  /** The command line that decides conflicts, without the path. */
  readonly resolveCommand: string
  /** Failures, conflicts and problems named at most; `Infinity` names all. */
  readonly rows: number
  /** Retries that were needed. */
  readonly retries: number
  /** Exit code that the process ends with. */
  readonly exitCode: number
}

/** How a run ended, for people: counts, bytes, time, failures with their paths, conflicts with what to do, where the trash is. No trailing newline. */
export function summary(result: SyncResult, style: Style, context: SummaryContext): string {
  const lines = [headline(result, style, context)]
  const done = counts(result, style)
  if (done !== '') lines.push(done)
  const facts = factsOf(result, style, context)
  if (facts !== '') lines.push(style.paint('faint', facts))
  lines.push(...trashLines(result, style), ...firstContactLines(result, style))
  lines.push(...refusalLines(result.refusals, style).map(line => `   ${line}`))
  lines.push(...troubles(result, style, context))
  return lines.join('\n')
}

/** Only what a person has to act on; empty if there is nothing. */
export function troubles(result: SyncResult, style: Style, { rows, resolveCommand }: Pick<SummaryContext, 'rows' | 'resolveCommand'>): string[] {
  return [
    ...failureLines('failed', result.failures, style, rows),
    ...failureLines('changed since the plan was made, left alone', result.stale, style, rows),
    ...problemLines(result, style, rows),
    ...conflictLines(result.conflicts, style, rows, resolveCommand),
  ]
}

function headline(result: SyncResult, style: Style, { exitCode }: SummaryContext): string {
  const { symbols } = style
  const time = formatDuration(result.stats.durationMs)
  const exit = exitCode === 0 ? '' : style.paint('faint', `   exit ${exitCode}`)
  if (result.refusals.length > 0) return `${style.paint('bad', symbols.failed)} ${style.paint('strong', 'refused, nothing was changed')}${exit}`
  if (result.cancelled)
    return `${style.paint('warning', '!')} ${style.paint('strong', 'stopped')} after ${time}; what was done is kept, the next run goes on${exit}`
  if (result.failures.length > 0)
    return `${style.paint('bad', symbols.failed)} ${style.paint('strong', `finished, ${formatPlural(result.failures.length, 'path')} failed`)} in ${time}${exit}`
  if (exitCode !== 0) {
    const open = [
      ...(result.conflicts.length > 0 ? [formatPlural(result.conflicts.length, 'conflict')] : []),
      ...(result.problems.length > 0 ? [`${formatPlural(result.problems.length, 'path')} that could not be read`] : []),
      ...(result.stale.length > 0 ? [`${formatPlural(result.stale.length, 'path')} left alone`] : []),
    ].join(', ')
    return `${style.paint('warning', '!')} ${style.paint('strong', open === '' ? 'finished' : `finished with ${open}`)} in ${time}${exit}`
  }
  const nothing = counts(result, style) === ''
  const agree = formatPlural(result.plan.counts.unchanged, 'path agrees', 'paths agree')
  if (nothing) return `${style.paint('good', symbols.done)} ${style.paint('strong', 'nothing to do')}: ${agree} ${style.paint('faint', `(${time})`)}`
  return `${style.paint('good', symbols.done)} ${style.paint('strong', 'finished')} in ${time}`
}

function counts({ stats }: SyncResult, style: Style): string {
  const { symbols } = style
  const part = (count: number, tone: Tone, symbol: keyof Symbols, words: string): string[] =>
    count > 0 ? [`${style.paint(tone, symbols[symbol])} ${formatCount(count)} ${words}`] : []
  // Both sides of one kind of change share a line, so that a narrow terminal wraps none.
  const lines = [
    [...part(stats.uploads, 'upload', 'upload', 'copied to destination'), ...part(stats.downloads, 'download', 'download', 'copied to source')],
    [
      ...part(stats.renamesDestination, 'move', 'moveAtDestination', 'moved at destination'),
      ...part(stats.renamesSource, 'move', 'moveAtSource', 'moved at source'),
    ],
    [
      ...part(stats.deletesDestination, 'bad', 'remove', 'deleted at destination'),
      ...part(stats.deletesSource, 'bad', 'remove', 'deleted at source'),
    ],
  ]
  return lines
    .filter(parts => parts.length > 0)
    .map(parts => `   ${parts.join('    ')}`)
    .join('\n')
}

function factsOf({ stats, plan }: SyncResult, style: Style, { retries }: SummaryContext): string {
  // Of a moment a rate says nothing.
  const rate = stats.durationMs >= 1000 ? `, ${formatRate((stats.bytes / stats.durationMs) * 1000)}` : ''
  const facts = [
    ...(stats.bytes > 0 ? [`${formatBytes(stats.bytes)} moved${rate}`] : []),
    ...(retries > 0 ? [formatPlural(retries, 'retry', 'retries')] : []),
    ...(plan.items.length > 0 && plan.counts.unchanged > 0 ? [`${formatCount(plan.counts.unchanged)} unchanged`] : []),
    ...(plan.migration.left > 0 || plan.migration.entered > 0
      ? [`rules changed: ${formatPlural(plan.migration.left, 'path')} left the sync, ${formatCount(plan.migration.entered)} entered it`]
      : []),
  ]
  return facts.length === 0 ? '' : `   ${facts.join(` ${style.symbols.between} `)}`
}

/** Where what a run removed can be found again. */
function trashLines({ plan, stats, runId }: SyncResult, style: Style): string[] {
  if (runId === undefined || stats.deletesSource + stats.deletesDestination + stats.uploads + stats.downloads === 0) return []
  const sides = (['source', 'destination'] as const).filter(side => plan.items.some(item => item.trash === true && isWrittenAt(item, side)))
  return sides.map(side =>
    style.paint('faint', `   what the ${side} lost is in ${escapeControls(joinPath(joinPath(plan[side].name, trashName), runId))}`),
  )
}

function isWrittenAt({ action }: PlanItem, side: 'source' | 'destination'): boolean {
  return action === (side === 'source' ? 'DELETE_SOURCE' : 'DELETE_DESTINATION') || action.startsWith(side === 'source' ? 'DOWNLOAD' : 'UPLOAD')
}

/** A state that was damaged is no small matter: what was deleted since the last sync comes back. */
function firstContactLines({ plan, refusals }: SyncResult, style: Style): string[] {
  if (plan.firstContact === undefined || refusals.length > 0) return []
  return [style.paint('faint', `   first contact: ${escapeControls(plan.firstContact)}`)]
}

function failureLines(words: string, failures: readonly SyncFailure[], style: Style, rows: number): string[] {
  if (failures.length === 0) return []
  const full = failures.some(({ code }) => code === 'NO_SPACE')
  return [
    `   ${style.paint('bad', `${formatPlural(failures.length, 'path')} ${words}`)}`,
    ...failures
      .slice(0, rows)
      .map(({ path, message, code }) => `     ${escapeControls(path)}  ${style.paint('faint', `${escapeControls(message)} (${code})`)}`),
    ...more(failures.length, rows, style),
    ...(full ? ['     There is no space left. Free some and run it again: what was done is kept.'] : []),
  ]
}

function problemLines({ problems }: SyncResult, style: Style, rows: number): string[] {
  if (problems.length === 0) return []
  return [
    `   ${style.paint('warning', `${formatPlural(problems.length, 'path')} could not be read or cannot be synced`)}; left alone on both sides`,
    ...problems
      .slice(0, rows)
      .map(
        ({ side, path, reason }) => `     ${side} ${escapeControls(path === '' ? '(root)' : path)}  ${style.paint('faint', escapeControls(reason))}`,
      ),
    ...more(problems.length, rows, style),
  ]
}

/** Open conflicts with both versions and the command that decides them. */
export function conflictLines(conflicts: readonly OpenConflict[], style: Style, rows: number, resolveCommand: string): string[] {
  if (conflicts.length === 0) return []
  const lines = [
    `   ${style.paint('warning', formatPlural(conflicts.length, 'conflict'))} ${conflicts.length === 1 ? 'waits' : 'wait'} for a decision; both versions are untouched`,
  ]
  for (const { path, reason, source, destination } of conflicts.slice(0, rows)) {
    lines.push(`     ${style.paint('warning', '!')} ${style.paint('strong', escapeControls(path))}  ${style.paint('faint', escapeControls(reason))}`)
    lines.push(`         ${padEnd('source', 12)}${describeEntry(source)}`, `         ${padEnd('destination', 12)}${describeEntry(destination)}`)
  }
  lines.push(...more(conflicts.length, rows, style), `     decide: ${resolveCommand} PATH --take source|destination|both|newest`)
  return lines
}

function more(count: number, rows: number, style: Style): string[] {
  return count > rows ? [`     ${style.symbols.mark} ${formatCount(count - rows)} more: --all names every one`] : []
}
