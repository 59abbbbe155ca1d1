// C0 and C1 controls could move the cursor or recolour the screen, bidirectional overrides could make a name read as another one, and
// unpaired surrogates are no text. Names come from other people's disks.
const unsafe =
  // eslint-disable-next-line no-control-regex -- they are what is looked for
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g

const short: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\u001b': '\\e' }

/** Text of unknown origin, such as a file name, with every character that could act on a terminal written out. */
export function escapeControls(text: string): string {
  return text.replace(unsafe, character => short[character] ?? escapeUnit(character))
}

/** As `escapeControls`, but lines that go on, which begin with two spaces, stay lines: what other programs said is quoted so. */
export function escapeLines(text: string): string {
  return text
    .split(/\n(?= {2})/)
    .map(escapeControls)
    .join('\n')
}

function escapeUnit(character: string): string {
  const code = character.charCodeAt(0)
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`
}

/** JSON in one line that is harmless on a terminal: what JSON leaves raw but a terminal obeys is written as `\u`. */
export function toJsonLine(value: unknown): string {
  return JSON.stringify(value).replace(/[\u007f-\u009f\u2028\u2029]/g, character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
