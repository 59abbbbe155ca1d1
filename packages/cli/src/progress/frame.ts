import { escapeControls } from '../terminal/escape.ts'
import { formatBytes, formatCount, formatDuration, formatRate } from '../terminal/format.ts'
import type { Style, Tone } from '../terminal/style.ts'
import { displayWidth, padEnd, padStart, truncateEnd, truncatePath } from '../terminal/width.ts'
import type { ActiveTransfer, ProgressState } from './progress-model.ts'

/** A piece of a line and how it looks; widths are counted on the text alone. */
type Piece = string | readonly [Tone, string]

const mostTransfers = 6
const shortBar = 12

/**
 * The lines that show where a run is. Pure; no line is as wide as the terminal, so that none wraps, and none holds a control character of a name.
 *
 * @param title - what is synced, e.g. both places
 * @param columns - width of the terminal
 */
export function frame(state: ProgressState, columns: number, style: Style, title: string): string[] {
  // The last column stays free: some terminals wrap as soon as it is written.
  const width = Math.max(1, columns - 1)
  const lines: Piece[][] = [
    [['strong', truncateEnd(escapeControls(title), Math.max(10, width - 12), style.symbols.mark)], `  ${phaseWords[state.phase]}`],
  ]
  if (state.phase === 'starting' || state.phase === 'scanning' || state.phase === 'planned') {
    lines.push(scanLine(state, style))
  } else {
    lines.push(totalsLine(state, width, style))
    for (const transfer of state.active.slice(0, mostTransfers)) lines.push(transferLine(transfer, width, style))
    if (state.active.length > mostTransfers) lines.push([`    ${formatCount(state.active.length - mostTransfers)} more at the same time`])
    lines.push(countsLine(state, width, style))
  }
  return lines.map(line => render(line, width, style))
}

/** What an interrupted run says of itself. */
export const stoppingText = 'stopping after the running files; Ctrl-C again stops at once'

const phaseWords: Readonly<Record<ProgressState['phase'], string>> = {
  starting: 'starting',
  scanning: 'scanning',
  planned: 'planned',
  syncing: 'syncing',
  paused: 'paused',
  stopping: stoppingText,
  complete: 'finishing',
}

function scanLine(state: ProgressState, style: Style): Piece[] {
  const side = (name: string, { entries, bytes, complete }: ProgressState['source']): string =>
    `${name} ${formatCount(entries)} entries, ${formatBytes(bytes)}${complete ? ` ${style.symbols.done}` : ''}`
  return [' ', side('source', state.source), `  ${style.symbols.between}  `, side('destination', state.destination)]
}

function totalsLine({ totals }: ProgressState, width: number, style: Style): Piece[] {
  const { bytesDone, totalBytes, filesDone, totalFiles, bytesPerSecond, etaMs } = totals
  const share = totalBytes > 0 ? bytesDone / totalBytes : totalFiles > 0 ? filesDone / totalFiles : 0
  const all = [
    percent(share),
    totalBytes > 0 ? `${formatBytes(bytesDone)} of ${formatBytes(totalBytes)}` : `${formatCount(filesDone)} of ${formatCount(totalFiles)}`,
    ...(bytesPerSecond > 0 ? [formatRate(bytesPerSecond)] : []),
    ...(etaMs === undefined ? [] : [`about ${formatDuration(etaMs)} left`]),
  ]
  const facts = fitting(all, '  ', width)
  const room = Math.min(44, width - displayWidth(facts) - 3)
  return room >= 8 ? [...bar(share, room, style), '  ', facts] : [facts]
}

function transferLine(transfer: ActiveTransfer, width: number, style: Style): Piece[] {
  const tone: Tone = transfer.direction
  const share = transfer.total > 0 ? transfer.done / transfer.total : 0
  const size = padStart(formatBytes(transfer.total), 8)
  const fixed = 4 + 2 + shortBar + 2 + 4 + 2 + 8
  const room = Math.min(60, width - fixed)
  const symbol = ` ${padEnd(style.symbols[transfer.direction], 2)} `
  const name = escapeControls(transfer.path)
  if (room < 12) return [[tone, symbol], truncatePath(name, Math.max(1, width - 10), style.symbols.mark), ' ', percent(share)]
  return [
    [tone, symbol],
    padEnd(truncatePath(name, room, style.symbols.mark), room),
    '  ',
    ...bar(share, shortBar, style),
    '  ',
    percent(share),
    '  ',
    size,
  ]
}

function countsLine(state: ProgressState, width: number, style: Style): Piece[] {
  const { filesDone, totalFiles } = state.totals
  const all = [
    `done ${formatCount(filesDone)}`,
    `left ${formatCount(Math.max(0, totalFiles - filesDone))}`,
    ...(state.retries > 0 ? [`retried ${formatCount(state.retries)}`] : []),
    `failed ${formatCount(state.failures)}`,
    `conflicts ${formatCount(state.conflicts)}`,
  ]
  const counts = fitting(all, '   ', width - 1)
  const room = width - displayWidth(counts) - 12
  if (state.last === undefined || room < 12) return [' ', counts]
  return [' ', counts, ['faint', `   last: ${truncatePath(escapeControls(state.last), room, style.symbols.mark)}`]]
}

/** As many of the facts as fit; half a number would be a wrong one. */
function fitting(facts: readonly string[], between: string, width: number): string {
  let text = facts[0] ?? ''
  for (const fact of facts.slice(1)) {
    if (displayWidth(text) + between.length + displayWidth(fact) > width) break
    text += between + fact
  }
  return text
}

function percent(share: number): string {
  // Rounded down: 100 % is shown when all is there, not before.
  return padStart(`${Math.floor(Math.min(1, Math.max(0, share)) * 100)}%`, 4)
}

function bar(share: number, columns: number, style: Style): Piece[] {
  const done = Math.round(Math.min(1, Math.max(0, share)) * columns)
  return [
    ['good', style.symbols.barDone.repeat(done)],
    ['faint', style.symbols.barLeft.repeat(columns - done)],
  ]
}

function render(line: readonly Piece[], width: number, style: Style): string {
  let room = width
  let text = ''
  for (const piece of line) {
    const [tone, raw] = typeof piece === 'string' ? [undefined, piece] : piece
    const cut = truncateEnd(raw, room, room > style.symbols.mark.length ? style.symbols.mark : '')
    room -= displayWidth(cut)
    text += tone === undefined ? cut : style.paint(tone, cut)
    if (room <= 0) break
  }
  return text
}
