import type { Plan, PlanItem, Refusal } from '@syncline/core'
import { escapeControls } from '../terminal/escape.ts'
import { formatBytes, formatCount, formatMoment, formatPlural } from '../terminal/format.ts'
import type { Style } from '../terminal/style.ts'
import { padEnd, padStart, truncateEnd, truncatePath } from '../terminal/width.ts'
import { groupChanges, type ChangeGroup } from './change-groups.ts'

/** How a plan is shown. */
export interface PlanTableOptions {
  /** Columns of the terminal; lines may be longer where there is none. */
  readonly columns: number | undefined
  /** Lines of single changes at most; `Infinity` shows all. */
  readonly rows: number
  /** Milliseconds within which times are the same. */
  readonly toleranceMs: number
}

const widestPath = 56
const symbolColumns = 3

/** A plan as people review it: what it is about, counts per kind of change, single changes with their reasons, problems. No trailing newline. */
export function planTable(plan: Plan, style: Style, options: PlanTableOptions): string {
  const groups = groupChanges(plan)
  const blocks = [heading(plan, style, options)]
  if (groups.length === 0)
    blocks.push([
      `   ${style.paint('good', style.symbols.done)}  nothing to do: ${formatPlural(plan.counts.unchanged, 'path agrees', 'paths agree')}`,
    ])
  else blocks.push(totals(plan, groups, style), changes(groups, style, options))
  const notes = notesOf(plan, style, options)
  if (notes.length > 0) blocks.push(notes)
  return blocks.map(lines => lines.join('\n')).join('\n\n')
}

function heading(plan: Plan, style: Style, { toleranceMs }: PlanTableOptions): string[] {
  const { symbols } = style
  const side = (word: string, name: string): string => `${style.paint('faint', word)} ${style.paint('strong', escapeControls(name))}`
  return [
    `${plan.mode}   ${side('SOURCE', plan.source.name)}   ${arrowOf(plan, style)}   ${side('DESTINATION', plan.destination.name)}`,
    style.paint(
      'faint',
      `compared by ${plan.comparison} (${symbols.plusMinus}${toleranceMs / 1000} s) ${symbols.between} ${formatCount(plan.source.entries)} | ${formatCount(plan.destination.entries)} entries`,
    ),
    ...(plan.firstContact === undefined
      ? []
      : [style.paint('faint', `first contact: ${escapeControls(plan.firstContact)}; both sides are merged, nothing is deleted`)]),
  ]
}

function arrowOf({ mode }: Plan, { symbols }: Style): string {
  if (mode === 'two-way') return symbols.both
  return mode === 'source-to-destination' || mode === 'source-backup' ? symbols.upload : symbols.download
}

function totals(plan: Plan, groups: readonly ChangeGroup[], style: Style): string[] {
  const rows = groups.map(({ symbol, tone, words, items, bytes, note }) => ({
    symbol: style.paint(tone, padEnd(style.symbols[symbol], symbolColumns)),
    words,
    count: formatCount(items.length),
    size: bytes > 0 ? formatBytes(bytes) : '',
    note,
  }))
  rows.push({
    symbol: padEnd(style.symbols.unchanged, symbolColumns),
    words: 'unchanged',
    count: formatCount(plan.counts.unchanged),
    size: '',
    note: '',
  })
  const wordsWidth = Math.max(...rows.map(({ words }) => words.length))
  const countWidth = Math.max(...rows.map(({ count }) => count.length))
  return rows.map(({ symbol, words, count, size, note }) => {
    const line = `   ${symbol}${padEnd(words, wordsWidth)}  ${padStart(count, countWidth)}  ${padStart(size, 8)}`
    return note === '' ? line.trimEnd() : `${line}   ${style.paint('faint', note)}`
  })
}

function changes(groups: readonly ChangeGroup[], style: Style, options: PlanTableOptions): string[] {
  const shown = share(groups, options.rows)
  const all = shown.flatMap(({ group, count }) => group.items.slice(0, count).map(item => ({ group, item, name: nameOf(item, style) })))
  const width = Math.min(widestPath, Math.max(...all.map(({ name }) => padEnd(name, 0).length), 0), Math.max(16, (options.columns ?? Infinity) - 46))
  const lines = all.map(({ group, item, name }) => {
    const path = padEnd(truncatePath(name, width, style.symbols.mark), width)
    const facts = `${padStart(sizeText(item), 9)}   `
    const room = (options.columns ?? Infinity) - 1 - 3 - symbolColumns - width - facts.length
    const reason = escapeControls(item.reason)
    return `   ${style.paint(group.tone, padEnd(style.symbols[group.symbol], symbolColumns))}${path}${facts}${style.paint('faint', room < 12 ? '' : truncateEnd(reason, room, style.symbols.mark))}`.trimEnd()
  })
  const left = groups.reduce((sum, { items }) => sum + items.length, 0) - lines.length
  if (left > 0) lines.push(`   ${style.symbols.mark} ${formatCount(left)} more: --all shows every line`)
  return lines
}

/** Every kind of change gets lines: a long list of copies must not hide the one deletion. */
function share(groups: readonly ChangeGroup[], rows: number): { group: ChangeGroup; count: number }[] {
  const counts = groups.map(() => 0)
  let left = rows
  for (let given = true; given && left > 0;) {
    given = false
    for (const [index, group] of groups.entries()) {
      if (left <= 0 || (counts[index] ?? 0) >= group.items.length) continue
      const more = Number.isFinite(rows) ? 1 : group.items.length
      counts[index] = (counts[index] ?? 0) + more
      left -= more
      given = true
    }
  }
  return groups.map((group, index) => ({ group, count: counts[index] ?? 0 }))
}

function nameOf(item: PlanItem, style: Style): string {
  const end = item.kind === 'directory' ? '/' : ''
  const path = `${escapeControls(item.path)}${end}`
  return item.from === null ? path : `${escapeControls(item.from)}${end} ${style.symbols.becomes} ${path}`
}

function sizeText(item: PlanItem): string {
  if (item.action === 'CONFLICT') return ''
  if (item.kind === 'symlink') return 'link'
  if (item.moved !== undefined) return formatPlural(item.moved.length, 'path')
  const entry = item.source ?? item.destination
  return item.kind === 'file' && entry?.kind === 'file' ? formatBytes(item.size > 0 ? item.size : entry.size) : ''
}

function notesOf(plan: Plan, style: Style, { rows }: PlanTableOptions): string[] {
  const lines: string[] = []
  const { problems, migration } = plan
  for (const { side, path, reason } of problems.slice(0, rows)) {
    lines.push(
      `   ${style.paint('warning', padEnd('!', symbolColumns))}${side} ${escapeControls(path === '' ? '(root)' : path)}: ${escapeControls(reason)}`,
    )
  }
  if (problems.length > rows) lines.push(`   ${style.symbols.mark} ${formatCount(problems.length - rows)} more that cannot be read or synced`)
  if (problems.length > 0) lines.push('   What cannot be read is left alone on both sides.')
  if (migration.left > 0 || migration.entered > 0) {
    lines.push(
      `   The rules changed: ${formatPlural(migration.left, 'path')} left the sync, ${formatCount(migration.entered)} entered it. Nothing is deleted for that.`,
    )
  }
  return lines
}

/** A guard's refusal for people. */
export function refusalLines(refusals: readonly Refusal[], style: Style): string[] {
  return refusals.flatMap(({ guard, message, override }) => [
    `${style.paint('bad', style.symbols.failed)} refused (${guard}): ${escapeControls(message)}`,
    `  If that is right, add ${style.paint('strong', override)}`,
  ])
}

/** Size and time of one side of a conflict. */
export function describeEntry(entry: PlanItem['source'] | undefined): string {
  if (entry === null || entry === undefined) return 'nothing there'
  const time = entry.modified === undefined ? '' : `  ${formatMoment(entry.modified)}`
  switch (entry.kind) {
    case 'file':
      return `${formatBytes(entry.size)}${time}`
    case 'directory':
      return `directory${time}`
    case 'symlink':
      return `link to ${escapeControls(entry.target)}`
    case 'problem':
      return escapeControls(entry.reason)
  }
}
