import { createHash, randomBytes } from 'node:crypto'
import type { RawText } from '../stream/command.ts'

/** What the name of a subvolume says that is being received. */
export interface PartName {
  /** Of the run of the system that it was begun in: eight hexadecimal digits. */
  readonly boot: string
  /** The name that it is to get, or the start of one that is too long; a character per byte. */
  readonly name: RawText
}

/** How much of a name fits behind the rest, in the 255 bytes that a name can have. */
const longestKept = 255 - '.part-'.length - 24 - 1

const pattern = /^\.part-([0-9a-f]{8})([0-9a-f]{8})([0-9a-f]{8})-([^]+)$/

/**
 * A new name for a subvolume while it is received: `.part-ID-NAME`. The ID tells the run of the system, is unique, and confirms itself, so that nothing
 * that others named is ever taken for ours.
 *
 * @param bootId - what the system calls this run of itself
 */
export function makePartName(bootId: string, name: RawText): RawText {
  const boot = bootOf(bootId)
  const unique = randomBytes(4).toString('hex')
  const kept = name.slice(0, longestKept)
  return `.part-${boot}${unique}${proof(boot, unique, kept)}-${kept}`
}

/** Reads such a name; `undefined` for all others. */
export function parsePartName(name: RawText): PartName | undefined {
  const [, boot = '', unique = '', check, kept = ''] = pattern.exec(name) ?? []
  return check !== undefined && check === proof(boot, unique, kept) ? { boot, name: kept } : undefined
}

/** Whether a name that was read is the whole of it, and not the start of one that was too long. */
export function isWholeName(name: RawText): boolean {
  return name.length < longestKept
}

/** What stands for a run of the system in names. */
export function bootOf(bootId: string): string {
  return createHash('sha256').update(bootId.trim()).digest('hex').slice(0, 8)
}

function proof(boot: string, unique: string, name: RawText): string {
  return createHash('sha256').update(`syncline part ${boot} ${unique} `).update(Buffer.from(name, 'latin1')).digest('hex').slice(0, 8)
}
