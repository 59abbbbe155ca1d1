import type { RawText } from '../stream/command.ts'

/** Text as the bytes that the system has for it: UTF-8, a character per byte. */
export function rawOf(text: string): RawText {
  return Buffer.from(text).toString('latin1')
}

/** Raw bytes as text for people; what is no UTF-8 shows as U+FFFD. */
export function textOf(raw: RawText): string {
  return Buffer.from(raw, 'latin1').toString()
}
