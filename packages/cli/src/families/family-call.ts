import type { FamilyCall, FamilyFormat, FamilyTone } from '@syncline/core'
import type { CliEnvironment } from '../environment.ts'
import { chooseProgress } from '../progress/progress-display.ts'
import { escapeControls, escapeLines, toJsonLine } from '../terminal/escape.ts'
import { formatBytes, formatCount, formatDuration, formatMoment, formatPlural } from '../terminal/format.ts'
import type { Style } from '../terminal/style.ts'
import { displayWidth, padEnd, truncateEnd } from '../terminal/width.ts'
import { UsageError } from '../usage-error.ts'
import type { FamilyValues } from './family-values.ts'

/** What a family's command is given, over the world. */
export interface CallOptions {
  readonly operands: readonly string[]
  readonly options: FamilyValues
  readonly environment: CliEnvironment
  readonly out: Style
  readonly err: Style
  readonly signal: AbortSignal
}

const format: FamilyFormat = {
  bytes: formatBytes,
  count: formatCount,
  plural: formatPlural,
  duration: formatDuration,
  moment: formatMoment,
  table: rows => {
    const cells = rows.map(row => row.map(escapeControls))
    const widths: number[] = []
    for (const row of cells) for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, displayWidth(cell))
    return cells.map(row =>
      row
        .map((cell, column) => padEnd(cell, widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
  },
}

/** Makes the call of a family's command. Whatever it prints replaces the line that shows what goes on. */
export function makeFamilyCall({ operands, options, environment, out, err, signal }: CallOptions): FamilyCall {
  const { stdout, stderr, confirm, choose } = environment
  const wantsJson = options.has('json')
  const isQuiet = options.has('quiet')
  const columns = chooseProgress(environment, { json: wantsJson, quiet: isQuiet }) === 'frame' ? (stderr.columns ?? 80) : undefined
  let isShowing = false
  const clear = (): void => {
    if (isShowing) stderr.write('\r\u001b[K')
    isShowing = false
  }
  const paint = (style: Style, line: string, tone: FamilyTone | undefined): string =>
    tone === undefined ? escapeControls(line) : style.paint(tone, escapeControls(line))
  const { done, failed, becomes, between, mark } = out.symbols
  return {
    operands,
    options,
    wantsJson,
    isQuiet,
    signal,
    symbols: { done, failed, becomes, between, mark },
    format,
    columns,
    now: () => environment.now(),
    print: (line, tone) => {
      if (wantsJson || isQuiet) return
      clear()
      stdout.write(`${paint(out, line, tone)}\n`)
    },
    json: object => {
      if (!wantsJson) return
      clear()
      stdout.write(`${toJsonLine(object)}\n`)
    },
    note: line => {
      if (isQuiet) return
      clear()
      stderr.write(`${escapeControls(line)}\n`)
    },
    warn: line => {
      clear()
      stderr.write(`${err.paint('bad', 'syncline:')} ${escapeLines(line)}\n`)
    },
    write: async content => {
      clear()
      await stdout.writeBytes(content)
    },
    progress: line => {
      if (columns === undefined) return
      if (line === undefined) return clear()
      isShowing = true
      stderr.write(`\r\u001b[K${truncateEnd(escapeControls(line), columns - 1, err.symbols.mark)}`)
    },
    ...(confirm !== undefined && {
      confirm: (question, byDefault) => {
        clear()
        return confirm(escapeControls(question), byDefault)
      },
    }),
    ...(choose !== undefined && {
      choose: (question, answers, byDefault) => {
        clear()
        return choose(escapeControls(question), answers, byDefault)
      },
    }),
    open: location => environment.open(location, { signal }),
    usageError: (message, hint) => new UsageError(message, hint),
  }
}
