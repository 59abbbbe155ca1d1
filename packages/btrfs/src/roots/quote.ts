import { isUtf8 } from 'node:buffer'
import type { RawText } from '../stream/command.ts'
import { textOf } from '../subvolume/raw-text.ts'

/** A program and its arguments. A character per byte, so that names of any encoding get through. */
export type Command = readonly RawText[]

/** What no shell reads anything into. */
const plain = /^[\w@%+=:,./-]+$/

/** A command for people, and for a POSIX shell: words in single quotes where they need some. */
export function shellLine(command: Command): string {
  return command.map(shellWord).join(' ')
}

/**
 * One word for a POSIX shell. What is no UTF-8 is written with octal numbers, since Node gives programs their arguments as UTF-8 only.
 *
 * @throws TypeError for a word with a NUL byte, or one that is no UTF-8 and ends with a line break: that a shell would drop
 */
export function shellWord(word: RawText): string {
  if (word.includes('\0')) throw new TypeError('an argument of a command cannot have a NUL byte')
  if (plain.test(word)) return word
  if (isText(word)) return `'${textOf(word).replaceAll("'", `'\\''`)}'`
  if (word.endsWith('\n')) throw new TypeError('a name that is no UTF-8 and ends with a line break cannot be given to a shell')
  const escaped = Array.from(Buffer.from(word, 'latin1'), byte => `\\${byte.toString(8).padStart(3, '0')}`).join('')
  return `"$(printf '${escaped}')"`
}

/** Whether bytes are UTF-8, so that they can be given to a program directly. */
export function isText(raw: RawText): boolean {
  return isUtf8(Buffer.from(raw, 'latin1'))
}
