import type { KeptTime } from '@syncline/core'
import { escapeControls } from '../terminal/escape.ts'
import { formatBytes, formatDuration, formatPlural, formatRate } from '../terminal/format.ts'
import type { Style, Tone } from '../terminal/style.ts'
import { padEnd } from '../terminal/width.ts'
import type { Finding, TestFinding } from './findings.ts'

type Described = Extract<Finding, { type: 'storage' }>
type Clock = Extract<Finding, { type: 'clock' }>
type Speed = Extract<Finding, { type: 'speed' }>

const labelWidth = 20
/** Columns of a list, so that its line fits into 80. */
const listWidth = 52

/** What a storage is and promises, for people. */
export function storageLines({ name, writable, capabilities, offers, lacks, freeSpace }: Described, style: Style): string[] {
  const { ordered, atomicWrite, conditional, directories, modifiedPrecision, exactNames, hashes = [], concurrency } = capabilities
  const promise = (label: string, holds: boolean, yes: string, no: string): string => row(label, holds ? yes : style.paint('faint', no), style, holds)
  return [
    `${style.paint('strong', escapeControls(name))}  ${writable ? 'can be read and written' : 'can only be read'}`,
    '',
    style.paint('strong', 'What it promises'),
    ...(writable
      ? [
          promise(
            'atomic writes',
            atomicWrite === true,
            'nobody sees a partial file, a failed write leaves the old one',
            'a write that breaks may leave a part of the file',
          ),
          promise(
            'conditional writes',
            conditional === true,
            'the store itself decides whether a file is still as expected',
            'looked at right before each write instead',
          ),
          promise(
            'times',
            modifiedPrecision !== undefined,
            `kept to ${formatPrecision(modifiedPrecision ?? 0)}`,
            'the store sets its own; the state remembers those of the files',
          ),
        ]
      : []),
    promise('directories', directories === true, 'exist on their own and can be empty', 'exist only while something is in them'),
    promise(
      'exact names',
      exactNames === true,
      'case and Unicode form make different files',
      'names that differ only in case or Unicode form may be one file',
    ),
    promise('ordered listings', ordered === true, 'compared as they come', 'sorted first'),
    promise('hashes', hashes.length > 0, hashes.join(', '), 'content is compared by reading it'),
    row('calls at once', String(concurrency ?? 1), style),
    ...listRows('offers', offers, style),
    ...listRows('lacks', lacks, style, 'faint'),
    ...(freeSpace === undefined ? [] : [row('free space', formatBytes(freeSpace), style)]),
  ]
}

/** How a store tells the time, for people. */
export function clockLines({ offsetMs, uncertaintyMs, kept, listed }: Clock, style: Style): string[] {
  return [
    '',
    style.paint('strong', 'Clock'),
    row('offset', offsetMs === undefined ? 'shows no time of its own' : describeOffset(offsetMs, uncertaintyMs, style), style),
    row('keeps times', kept === undefined ? 'no, it sets its own' : describeKept(kept), style),
    ...(kept === undefined ? [] : [row('listings show', listed === undefined ? 'no times' : describeKept(listed), style)]),
  ]
}

/** How quick a store is, for people. */
export function speedLines({ latencyMs, bytes, writeBytesPerSecond, readBytesPerSecond }: Speed, style: Style): string[] {
  const amount = style.paint('faint', `(${formatBytes(bytes)})`)
  return [
    '',
    style.paint('strong', 'Speed'),
    row('a look-up takes', formatLatency(latencyMs), style),
    ...(writeBytesPerSecond === undefined ? [] : [row('writes', `${formatRate(writeBytesPerSecond)} ${amount}`, style)]),
    ...(readBytesPerSecond === undefined ? [] : [row('reads', `${formatRate(readBytesPerSecond)} ${amount}`, style)]),
  ]
}

/** What was learned of a server, for people. */
export function learnedLines(facts: unknown, style: Style): string[] {
  const pairs = typeof facts === 'object' && facts !== null && !Array.isArray(facts) ? Object.entries(facts) : [['facts', facts] as const]
  const show = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))
  return [
    '',
    style.paint('strong', 'What it learned of its server'),
    ...pairs.map(([name, value]) => row(escapeControls(name), escapeControls(show(value)), style)),
  ]
}

/** One test in one line, and what the storage did if that was wrong. */
export function testLines({ promises, sentence, outcome, message }: TestFinding, style: Style): string[] {
  const numbers = padEnd(promises.join(' '), 8)
  if (outcome === 'passed') return [`   ${style.paint('good', style.symbols.done)} ${numbers} ${sentence}`]
  if (outcome === 'skipped')
    return [style.paint('faint', `   ${padEnd('-', style.symbols.done.length)} ${numbers} ${sentence}: ${escapeControls(message ?? '')}`)]
  return [
    `   ${style.paint('bad', style.symbols.failed)} ${numbers} ${sentence}`,
    ...(message ?? '').split('\n').map(line => `       ${style.paint('faint', escapeControls(line))}`),
  ]
}

/** A part that could not be done. */
export function failureLine({ part, message, code }: Extract<Finding, { type: 'failure' }>, style: Style): string {
  return `   ${style.paint('bad', style.symbols.failed)} ${padEnd(part, labelWidth - 2)} ${escapeControls(message)} ${style.paint('faint', `(${code})`)}`
}

/** What stays behind. */
export function leftLine({ path, message }: Extract<Finding, { type: 'left' }>, style: Style): string {
  return `   ${style.paint('bad', style.symbols.failed)} ${escapeControls(path)} could not be removed: ${style.paint('faint', escapeControls(message))}`
}

/** Numbers of the promises that tests failed about, in their order. */
export function brokenPromises(tests: readonly TestFinding[]): readonly string[] {
  const numbers = new Set(tests.filter(({ outcome }) => outcome === 'failed').flatMap(({ promises }) => promises))
  return [...numbers].sort((a, b) => Number(a.slice(1)) - Number(b.slice(1)))
}

/** How many tests ended how, and which promises are broken. */
export function verdictLine(findings: readonly Finding[], exitCode: number, stopped: boolean, style: Style): string {
  const tests = findings.filter(finding => finding.type === 'test')
  const rest = findings.some(({ type }) => type === 'left') ? 'not all that was made could be removed' : 'what was made is removed'
  const of = (outcome: TestFinding['outcome']): readonly TestFinding[] => tests.filter(test => test.outcome === outcome)
  const [passed, failed, skipped] = [of('passed').length, of('failed'), of('skipped').length]
  const facts = `${formatPlural(passed, 'test')} passed${skipped > 0 ? `, ${formatPlural(skipped, 'does not apply', 'do not apply')}` : ''}`
  const exit = exitCode === 0 ? '' : style.paint('faint', `   exit ${exitCode}`)
  if (stopped) return `${style.paint('warning', '!')} ${style.paint('strong', 'stopped')}: ${facts}; ${rest}${exit}`
  if (failed.length > 0) {
    const broken = brokenPromises(tests).join(', ')
    return `${style.paint('bad', style.symbols.failed)} ${style.paint('strong', `${formatPlural(failed.length, 'test')} failed`)}, about ${broken}; ${facts}${exit}`
  }
  if (exitCode !== 0)
    return `${style.paint('bad', style.symbols.failed)} ${style.paint('strong', 'finished, not everything could be done')}; ${facts}${exit}`
  if (tests.length === 0)
    return `${style.paint('good', style.symbols.done)} ${style.paint('strong', 'it answers')}; the tests of the protocol were left out`
  return `${style.paint('good', style.symbols.done)} ${style.paint('strong', 'it keeps what it promises')}: ${facts}`
}

/** Names in as many lines as an ordinary terminal needs for them. */
function listRows(label: string, names: readonly string[], style: Style, tone?: Tone): string[] {
  const lines: string[] = []
  for (const name of names.length > 0 ? names : ['nothing']) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + name.length + 2 <= listWidth) lines[lines.length - 1] = `${last}, ${name}`
    else lines.push(name)
  }
  return lines.map((line, index) => {
    const text = index < lines.length - 1 ? `${line},` : line
    return row(index === 0 ? label : '', tone === undefined ? text : style.paint(tone, text), style)
  })
}

function row(label: string, text: string, style: Style, holds?: boolean): string {
  const width = style.symbols.done.length
  const mark = holds === undefined ? ' '.repeat(width) : holds ? style.paint('good', style.symbols.done) : style.paint('faint', padEnd('-', width))
  return `   ${mark} ${padEnd(label, labelWidth)}${text}`
}

function describeOffset(offsetMs: number, uncertaintyMs: number, style: Style): string {
  const within = style.paint('faint', `(${style.symbols.plusMinus}${formatDuration(uncertaintyMs)})`)
  if (Math.abs(offsetMs) <= uncertaintyMs) return `in step with this one ${within}`
  return `${formatDuration(Math.abs(offsetMs))} ${offsetMs > 0 ? 'ahead of' : 'behind'} this one ${within}`
}

function describeKept({ precisionMs, rounding, shiftMs }: KeptTime): string {
  const words = { exact: '', down: ', cut off', nearest: ', rounded to the nearest', up: ', rounded up' }[rounding]
  const zone = shiftMs === 0 ? '' : `, ${shiftMs > 0 ? '+' : '-'}${formatDuration(Math.abs(shiftMs))} of a zone that it does not name`
  return `${rounding === 'exact' ? 'exactly' : `to ${formatPrecision(precisionMs)}`}${words}${zone}`
}

function formatLatency(ms: number): string {
  if (ms < 1) return `${Math.max(1, Math.round(ms * 1000))} µs`
  return ms < 10 ? `${ms.toFixed(1)} ms` : formatDuration(ms)
}

/** `1 µs`, `100 ms`, `1 s`, `1 min`, `1 day`. */
function formatPrecision(ms: number): string {
  const units: readonly (readonly [string, number])[] = [
    ['day', 86_400_000],
    ['h', 3_600_000],
    ['min', 60_000],
    ['s', 1000],
    ['ms', 1],
    ['µs', 0.001],
  ]
  const [unit, size] = units.find(each => ms >= each[1]) ?? ['ns', 0.000001]
  return `${Math.round(ms / size)} ${unit}`
}
