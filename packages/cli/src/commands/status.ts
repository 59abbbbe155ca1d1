import type { Plan, PlanItem, SyncMetadata } from '@syncline/core'
import type { Command, Invocation } from '../command.ts'
import { choosePair } from '../opened-pair.ts'
import { conflictLines } from '../report/summary.ts'
import { rowsOf, withEngine } from '../sync-run.ts'
import { escapeControls, toJsonLine } from '../terminal/escape.ts'
import { formatAgo, formatCount, formatMoment, formatPlural } from '../terminal/format.ts'
import type { Style } from '../terminal/style.ts'
import { padEnd } from '../terminal/width.ts'
import { UsageError } from '../usage-error.ts'

type Change = 'new' | 'changed' | 'deleted' | 'renamed'

interface SideChange {
  readonly side: 'source' | 'destination'
  readonly change: Change
  readonly path: string
  readonly from: string | null
}

/** `status [SRC DST]`: what changed on each side since the last sync. */
export const status: Command = async invocation => {
  if (invocation.operands.length > 2) throw new UsageError('status takes two places', 'Usage: syncline status SRC DST')
  return withEngine(invocation, await choosePair(invocation.operands, invocation), async ({ engine, opened, options, display }) => {
    // Two-way with open conflicts shows every change of either side as it is, whatever the mode of the next run.
    const { plan } = await engine.plan(opened.pair, { ...options, mode: 'two-way', conflictResolution: 'manual' })
    display.stop()
    const metadata = opened.pair.state.metadata
    const changes = plan.items.flatMap(changesOf)
    const conflicts = plan.items.filter(({ action }) => action === 'CONFLICT')
    if (invocation.options.has('json')) printJson(plan, metadata, changes, invocation)
    else if (!invocation.options.has('quiet')) {
      const { out, environment } = invocation
      const lines = [...headLines(plan, metadata, out, environment.now()), ...changeLines(changes, rowsOf(invocation), out)]
      lines.push(...conflictLines(conflicts, out, rowsOf(invocation), `syncline conflicts resolve ${opened.operands}`))
      for (const { side, path, reason } of plan.problems)
        lines.push(`   ${out.paint('warning', '!')} ${side} ${escapeControls(path === '' ? '(root)' : path)}: ${escapeControls(reason)}`)
      environment.stdout.write(`${lines.join('\n')}\n`)
    }
    return plan.problems.length > 0 ? 3 : conflicts.length > 0 ? 4 : 0
  })
}

/** What each side did, read back from what a two-way sync would do about it. */
function changesOf(item: PlanItem): SideChange[] {
  const change = (side: SideChange['side'], what: Change): SideChange => ({ side, change: what, path: item.path, from: item.from })
  switch (item.action) {
    case 'UPLOAD_NEW':
      return [change('source', 'new')]
    case 'UPLOAD_UPDATE':
      return [change('source', 'changed')]
    case 'UPLOAD_RESTORE':
      return [change('source', 'changed'), change('destination', 'deleted')]
    case 'DOWNLOAD_NEW':
      return [change('destination', 'new')]
    case 'DOWNLOAD_UPDATE':
      return [change('destination', 'changed')]
    case 'DOWNLOAD_RESTORE':
      return [change('destination', 'changed'), change('source', 'deleted')]
    case 'DELETE_SOURCE':
      return [change('destination', 'deleted')]
    case 'DELETE_DESTINATION':
      return [change('source', 'deleted')]
    case 'RENAME_SOURCE':
      return [change('destination', 'renamed')]
    case 'RENAME_DESTINATION':
      return [change('source', 'renamed')]
    case 'CONFLICT':
    case 'NO_ACTION':
      return []
  }
}

function printJson(plan: Plan, metadata: SyncMetadata | undefined, changes: readonly SideChange[], { environment }: Invocation): void {
  const write = (value: object): void => environment.stdout.write(`${toJsonLine(value)}\n`)
  for (const change of changes) write({ type: 'change', ...change })
  for (const { action, path, reason } of plan.items) if (action === 'CONFLICT') write({ type: 'conflict', path, reason })
  for (const problem of plan.problems) write({ type: 'problem', ...problem })
  write({
    type: 'status',
    source: plan.source.name,
    destination: plan.destination.name,
    lastRun: metadata?.lastRun ?? null,
    mode: metadata?.mode ?? null,
    changes: changes.length,
    conflicts: plan.counts.conflicts,
    problems: plan.counts.problems,
    unchanged: plan.counts.unchanged,
    ...(plan.firstContact !== undefined && { firstContact: plan.firstContact }),
  })
}

function headLines(plan: Plan, metadata: SyncMetadata | undefined, style: Style, now: number): string[] {
  const names = `${style.paint('strong', escapeControls(plan.source.name))}  ${style.symbols.both}  ${style.paint('strong', escapeControls(plan.destination.name))}`
  const last = metadata?.lastRun
  const run =
    last === undefined
      ? `   never synced${plan.firstContact === undefined ? '' : `: ${escapeControls(plan.firstContact)}`}`
      : `   last sync ${formatAgo(now - last.end)} (${formatMoment(last.end)}), ${metadata?.mode ?? ''}${last.exitCode === 0 ? '' : `, exit ${last.exitCode}`}`
  return [names, style.paint('faint', run)]
}

function changeLines(changes: readonly SideChange[], rows: number, style: Style): string[] {
  if (changes.length === 0) return [`   ${style.paint('good', style.symbols.done)} nothing changed on either side`]
  const lines: string[] = []
  for (const side of ['source', 'destination'] as const) {
    const own = changes.filter(change => change.side === side)
    if (own.length === 0) continue
    const counts = (['new', 'changed', 'deleted', 'renamed'] as const).map(
      what => [own.filter(({ change }) => change === what).length, what] as const,
    )
    lines.push(
      `   ${style.paint('strong', side)}  ${counts
        .filter(([count]) => count > 0)
        .map(([count, what]) => `${formatCount(count)} ${what}`)
        .join(', ')}`,
    )
    for (const { change, path, from } of own.slice(0, rows)) {
      const tone = change === 'deleted' ? 'bad' : change === 'new' ? 'good' : change === 'renamed' ? 'move' : 'download'
      lines.push(
        `     ${style.paint(tone, padEnd(change, 9))}${from === null ? '' : `${escapeControls(from)} ${style.symbols.becomes} `}${escapeControls(path)}`,
      )
    }
    if (own.length > rows) lines.push(`     ${style.symbols.mark} ${formatPlural(own.length - rows, 'more', 'more')}: --all shows every line`)
  }
  return lines
}
