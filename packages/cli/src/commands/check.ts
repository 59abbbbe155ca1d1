import type { Difference } from '@syncline/core'
import type { Command } from '../command.ts'
import { twoPlaces } from '../opened-pair.ts'
import { itemObject } from '../report/json-lines.ts'
import { rowsOf, withEngine } from '../sync-run.ts'
import { escapeControls, toJsonLine } from '../terminal/escape.ts'
import { formatCount, formatPlural } from '../terminal/format.ts'
import type { Symbols, Tone } from '../terminal/style.ts'
import { padEnd } from '../terminal/width.ts'

type Status = Difference['status']

/** What a two-way sync that knows nothing of before would do about it. */
const actions: Readonly<Partial<Record<Status, string>>> = {
  'source-only': 'UPLOAD_NEW',
  'destination-only': 'DOWNLOAD_NEW',
  differs: 'CONFLICT',
  problem: 'NO_ACTION',
}

const looks: Readonly<Partial<Record<Status, readonly [keyof Symbols, Tone]>>> = {
  'source-only': ['upload', 'upload'],
  'destination-only': ['download', 'download'],
  differs: ['conflict', 'warning'],
  problem: ['failed', 'bad'],
}

/** `check SRC DST`: compares, writes nothing. */
export const check: Command = invocation =>
  withEngine(invocation, twoPlaces(invocation), async ({ engine, opened, options, display }) => {
    const { environment, out } = invocation
    const json = invocation.options.has('json')
    const quiet = invocation.options.has('quiet')
    const counts: Record<Status, number> = { equal: 0, differs: 0, 'source-only': 0, 'destination-only': 0, problem: 0, ignored: 0 }
    const rows = rowsOf(invocation)
    let shown = 0
    for await (const { path, status, kind, reason } of engine.compare(opened.pair, options)) {
      counts[status]++
      const action = actions[status]
      const look = looks[status]
      if (action === undefined || look === undefined) continue
      if (json) environment.stdout.write(`${toJsonLine(itemObject({ action: action as never, path, from: null, reason }))}\n`)
      else if (!quiet && shown++ < rows) {
        display.hold()
        const [symbol, tone] = look
        environment.stdout.write(
          `${out.paint(tone, padEnd(out.symbols[symbol], 3))}${escapeControls(path)}${kind === 'directory' ? '/' : ''}  ${out.paint('faint', escapeControls(reason))}\n`,
        )
      }
    }
    display.stop()
    const different = counts.differs + counts['source-only'] + counts['destination-only']
    if (json) {
      const zero = { deletesSource: 0, deletesDestination: 0, renamesSource: 0, renamesDestination: 0 }
      const totals = {
        uploads: counts['source-only'],
        downloads: counts['destination-only'],
        ...zero,
        conflicts: counts.differs,
        unchanged: counts.equal,
      }
      environment.stdout.write(`${toJsonLine({ type: 'plan_complete', ...totals, problems: counts.problem, ignored: counts.ignored, bytes: 0 })}\n`)
    } else if (!quiet) {
      if (shown > rows) environment.stdout.write(`${out.symbols.mark} ${formatCount(shown - rows)} more: --all shows every line\n`)
      const verdict =
        different === 0 && counts.problem === 0
          ? `${out.paint('good', out.symbols.done)} both sides agree:`
          : `${out.paint('warning', '!')} ${formatPlural(different, 'difference')}:`
      const facts = [
        [counts.equal, 'equal'],
        [counts.differs, 'differ'],
        [counts['source-only'], 'only at the source'],
        [counts['destination-only'], 'only at the destination'],
        [counts.problem, 'could not be compared'],
      ] as const
      environment.stdout.write(
        `${verdict} ${facts
          .filter(([count], index) => count > 0 || index === 0)
          .map(([count, words]) => `${formatCount(count)} ${words}`)
          .join(', ')}\n`,
      )
    }
    return counts.problem > 0 ? 3 : different > 0 ? 10 : 0
  })
