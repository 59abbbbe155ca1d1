import type { Ancestor, Explanation } from '@syncline/core'
import type { Command, Invocation } from '../command.ts'
import { choosePair } from '../opened-pair.ts'
import { describeEntry } from '../report/plan-table.ts'
import { withEngine } from '../sync-run.ts'
import { escapeControls, toJsonLine } from '../terminal/escape.ts'
import type { Style } from '../terminal/style.ts'
import { padEnd } from '../terminal/width.ts'
import { UsageError } from '../usage-error.ts'

/** `why [SRC DST] PATH`: what decides about one path. */
export const why: Command = async invocation => {
  const { operands } = invocation
  const path = operands.at(-1)
  if (path === undefined || operands.length === 2 || operands.length > 3) throw new UsageError('which path?', 'Usage: syncline why SRC DST PATH')
  return withEngine(invocation, await choosePair(operands.slice(0, -1), invocation), async ({ engine, opened, options, display }) => {
    const explanation = await engine.explain(opened.pair, opened.toPath(path), options)
    display.stop()
    print(explanation, invocation)
    return 0
  })
}

function print(explanation: Explanation, { options, environment, out }: Invocation): void {
  if (options.has('json')) {
    const { item, ...rest } = explanation
    environment.stdout.write(`${toJsonLine({ type: 'explanation', ...rest, action: item?.action ?? null, from: item?.from ?? null })}\n`)
    return
  }
  environment.stdout.write(`${explanationLines(explanation, out).join('\n')}\n`)
}

/** An explanation for people. */
function explanationLines(explanation: Explanation, style: Style): string[] {
  const { path, filter, source, destination, sourceAncestor, destinationAncestor, item, reason } = explanation
  const rows: [string, string][] = [
    ['source', describeEntry(source)],
    ['  last sync', describeAncestor(sourceAncestor)],
    ['destination', describeEntry(destination)],
    ['  last sync', describeAncestor(destinationAncestor)],
    ['rules', filter.hidden ? `hidden${ruleText(filter)}` : `visible${ruleText(filter)}`],
    ['sync would', item === null ? 'leave it alone' : `${item.action}${item.from === null ? '' : ` from ${escapeControls(item.from)}`}`],
    ['because', escapeControls(reason)],
  ]
  return [style.paint('strong', escapeControls(path)), ...rows.map(([word, text]) => `  ${style.paint('faint', padEnd(word, 13))}${text}`)]
}

function ruleText(filter: Explanation['filter']): string {
  const { pattern, origin } = filter as { pattern?: string; origin?: { file: string; line: number } }
  if (pattern === undefined) return ''
  return ` by ${JSON.stringify(escapeControls(pattern))}${origin === undefined ? '' : ` (${origin.file === 'options' ? 'an option' : `${escapeControls(origin.file)}, line ${origin.line}`})`}`
}

function describeAncestor(ancestor: Ancestor | null): string {
  if (ancestor === null) return 'not known'
  const entry = { path: ancestor.path, ...(ancestor.modified !== undefined && { modified: ancestor.modified }) }
  if (ancestor.kind === 'file') return describeEntry({ ...entry, kind: 'file', size: ancestor.size })
  return ancestor.kind === 'symlink'
    ? describeEntry({ ...entry, kind: 'symlink', target: ancestor.target ?? '' })
    : describeEntry({ ...entry, kind: 'directory' })
}
