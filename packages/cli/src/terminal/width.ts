const ascii = /^[\u0020-\u007e]*$/
const wide =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6]/u
const emoji = /\p{Emoji_Presentation}|\ufe0f/u
const invisible = /^[\p{M}\p{Cf}\u200b\u200d]+$/u

let segmenter: Intl.Segmenter | undefined

/** What a reader sees as one character each. */
function graphemes(text: string): string[] {
  segmenter ??= new Intl.Segmenter('en', { granularity: 'grapheme' })
  return Array.from(segmenter.segment(text), ({ segment }) => segment)
}

function graphemeWidth(grapheme: string): number {
  if (ascii.test(grapheme)) return grapheme.length
  if (invisible.test(grapheme)) return 0
  return emoji.test(grapheme) || wide.test(grapheme) ? 2 : 1
}

/**
 * Columns that `text` takes on a terminal. The text holds no control characters.
 *
 * East Asian wide characters and emoji take two, combining marks none. Terminals differ on some emoji sequences; where they do, this says more.
 */
export function displayWidth(text: string): number {
  if (ascii.test(text)) return text.length
  return graphemes(text).reduce((sum, grapheme) => sum + graphemeWidth(grapheme), 0)
}

/** The beginning of `text` that fits into `columns`, with `mark` at its end if something was cut off. */
export function truncateEnd(text: string, columns: number, mark: string): string {
  if (displayWidth(text) <= columns) return text
  if (columns < mark.length) return ''
  return fill(graphemes(text), columns - mark.length).join('') + mark
}

/**
 * A path that fits into `columns`: the last name is what people look for, so directories go first, from the left;
 * a name that is too long alone loses its middle and keeps its extension.
 */
export function truncatePath(path: string, columns: number, mark: string): string {
  if (displayWidth(path) <= columns) return path
  let rest = path
  for (let slash = rest.indexOf('/', 1); slash !== -1; slash = rest.indexOf('/', 1)) {
    rest = rest.slice(slash)
    if (displayWidth(rest) + mark.length <= columns) return mark + rest
  }
  const name = rest.replace(/^\//, '')
  const room = columns - mark.length
  if (room < 1) return truncateEnd(name, columns, '')
  const all = graphemes(name)
  const tail = fill(all.toReversed(), Math.min(Math.floor(room / 2), 12)).toReversed()
  const tailWidth = tail.reduce((sum, grapheme) => sum + graphemeWidth(grapheme), 0)
  return fill(all, room - tailWidth).join('') + mark + tail.join('')
}

function fill(all: readonly string[], columns: number): string[] {
  const taken: string[] = []
  let width = 0
  for (const grapheme of all) {
    width += graphemeWidth(grapheme)
    if (width > columns) break
    taken.push(grapheme)
  }
  return taken
}

/** `text` with spaces after it up to `columns`. */
export function padEnd(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - displayWidth(text)))
}

/** `text` with spaces before it up to `columns`. */
export function padStart(text: string, columns: number): string {
  return ' '.repeat(Math.max(0, columns - displayWidth(text))) + text
}
