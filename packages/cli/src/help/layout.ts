/** Columns of a line of text. */
export const textWidth = 96

/** Two columns, the right one wrapped. @param least - width of the left one at least */
export function columns(rows: readonly (readonly [string, string])[], least = 0): string[] {
  const width = Math.max(least, ...rows.map(([left]) => left.length))
  return rows.flatMap(([left, right]) => {
    const [first = '', ...rest] = wrap(right, Math.max(40, textWidth - width - 4))
    return [`  ${left.padEnd(width)}  ${first}`, ...rest.map(line => `  ${' '.repeat(width)}  ${line}`)]
  })
}

/** The lines of a paragraph. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}

/** What an option means, its values and its default. */
export function describeOption(
  { text, choices, default: standard, repeatable }: { text: string; choices?: readonly string[]; default?: string; repeatable?: true },
  withChoices: boolean,
): string {
  const values = withChoices && choices !== undefined ? `: ${choices.join(', ')}` : ''
  const extra = [...(repeatable === true ? ['repeatable'] : []), ...(standard === undefined ? [] : [`default ${standard}`])]
  return `${text}${values}${extra.length === 0 ? '' : ` (${extra.join(', ')})`}`
}
