import type { OutputStream } from '../environment.ts'
import { UsageError } from '../usage-error.ts'

/** What a piece of text is, for its colour. Colour never carries a meaning alone. */
export type Tone = 'strong' | 'faint' | 'good' | 'bad' | 'warning' | 'upload' | 'download' | 'move'

const codes: Readonly<Record<Tone, readonly [on: number, off: number]>> = {
  strong: [1, 22],
  faint: [2, 22],
  good: [32, 39],
  bad: [31, 39],
  warning: [33, 39],
  upload: [32, 39],
  download: [36, 39],
  move: [34, 39],
}

/** The signs in front of lines. */
export interface Symbols {
  readonly upload: string
  readonly download: string
  readonly moveAtDestination: string
  readonly moveAtSource: string
  readonly remove: string
  readonly conflict: string
  readonly unchanged: string
  readonly metadata: string
  readonly done: string
  readonly failed: string
  readonly both: string
  readonly becomes: string
  readonly between: string
  readonly plusMinus: string
  readonly mark: string
  readonly barDone: string
  readonly barLeft: string
}

const unicode: Symbols = {
  upload: '→',
  download: '←',
  moveAtDestination: '⇢',
  moveAtSource: '⇠',
  remove: '✕',
  conflict: '!',
  unchanged: '=',
  metadata: '~',
  done: '✓',
  failed: '✗',
  both: '⇄',
  becomes: '→',
  between: '·',
  plusMinus: '±',
  mark: '…',
  barDone: '━',
  barLeft: '╌',
}

const plain: Symbols = {
  upload: '->',
  download: '<-',
  moveAtDestination: '=>',
  moveAtSource: '<=',
  remove: 'x',
  conflict: '!',
  unchanged: '=',
  metadata: '~',
  done: 'ok',
  failed: 'x',
  both: '<->',
  becomes: '->',
  between: '-',
  plusMinus: '+/-',
  mark: '...',
  barDone: '#',
  barLeft: '.',
}

/** How text may look on one stream. */
export interface Style {
  readonly color: boolean
  readonly symbols: Symbols
  paint(tone: Tone, text: string): string
}

/** What the user said about looks. */
export interface StyleWish {
  /** Of `--color`. */
  readonly color?: 'auto' | 'always' | 'never' | undefined
  readonly ascii?: boolean
}

/** What `--color` and `--ascii` say. @throws UsageError for an unknown colour mode */
export function styleWish(options: { has(name: 'ascii'): boolean; text(name: 'color'): string | undefined }): StyleWish {
  const color = options.text('color') ?? 'auto'
  if (color !== 'auto' && color !== 'always' && color !== 'never')
    throw new UsageError(`unknown value ${JSON.stringify(color)} of --color`, 'Use one of: auto, always, never.')
  return { color, ascii: options.has('ascii') }
}

/** Decides how text may look: `--color`, then NO_COLOR, then FORCE_COLOR, then whether it is a terminal; symbols only where the locale is UTF-8. */
export function chooseStyle(
  stream: Pick<OutputStream, 'isTTY'>,
  variables: Readonly<Record<string, string | undefined>>,
  wish: StyleWish = {},
): Style {
  return makeStyle(wantsColor(stream, variables, wish.color ?? 'auto'), !(wish.ascii ?? false) && isUtf8(variables))
}

/** A style with or without colours and symbols. */
export function makeStyle(color: boolean, symbols: boolean): Style {
  return {
    color,
    symbols: symbols ? unicode : plain,
    paint: (tone, text) => {
      if (!color || text === '') return text
      const [on, off] = codes[tone]
      return `\u001b[${on}m${text}\u001b[${off}m`
    },
  }
}

function wantsColor(
  stream: Pick<OutputStream, 'isTTY'>,
  variables: Readonly<Record<string, string | undefined>>,
  when: 'auto' | 'always' | 'never',
): boolean {
  if (when !== 'auto') return when === 'always'
  // no-color.org: present and not empty, whatever the value.
  if (variables['NO_COLOR'] !== undefined && variables['NO_COLOR'] !== '') return false
  const force = variables['FORCE_COLOR']
  if (force !== undefined && force !== '') return force !== '0' && force !== 'false'
  return stream.isTTY && variables['TERM'] !== 'dumb'
}

function isUtf8(variables: Readonly<Record<string, string | undefined>>): boolean {
  const locale = [variables['LC_ALL'], variables['LC_CTYPE'], variables['LANG']].find(value => value !== undefined && value !== '')
  if (locale !== undefined) return /utf-?8/i.test(locale)
  // Windows has no such variables; its modern terminals show UTF-8.
  return variables['OS'] === 'Windows_NT' && (variables['WT_SESSION'] !== undefined || variables['TERM_PROGRAM'] !== undefined)
}
