import type { Path } from '@syncline/core'
import type { RawPath } from '../stream/command.ts'

/** Which content a dump has: a volume at one moment, whole or as what changed since another. */
export interface DumpIdentity {
  /** Of the volume, or of the one it was itself received from. */
  readonly uuid: string
  /** The transaction in which the volume was last changed: with the UUID it names the content. */
  readonly ctransid: number
  /** The volume to start from; absent for a dump that is whole. */
  readonly parentUuid?: string
  readonly parentCtransid?: number
}

/** The ending of a dump as `btrfs send` made it; what a pipeline made has more behind it. */
export const dumpEnding = '.btrfs'
/** What is behind the name of a dump for its record, and for the notice of an upload that goes on. */
export const recordEnding = '.json'
export const uploadEnding = '.upload.json'

/** Characters of a name at most, so that with its identity and the endings it stays below the 255 bytes that file systems allow. */
const longestLabel = 110

/** Names for a dump, the plainest first; the others are for when that one is taken by something else. */
export function* dumpPaths(name: RawPath, { uuid, parentUuid }: DumpIdentity, extension: string): Generator<Path, never, undefined> {
  const label = labelOf(name)
  for (let n = 0; ; n++) {
    const [own, parent] = [uuid, parentUuid].map(id => (n === 0 ? id?.slice(0, 8) : id))
    const more = n < 2 ? '' : `.${n}`
    yield `${label}.${own}${parent === undefined ? '' : `.on-${parent}`}${more}${dumpEnding}${extension}`
  }
}

/**
 * A path as one name that every storage can hold: what is not a letter, a digit, or one of `-_.+` is written as `%` and two hex digits per byte.
 * Different paths have different names until they are cut; the record has the whole.
 */
export function labelOf(name: RawPath): string {
  const encoded = name.replace(/[^A-Za-z0-9_.+-]|^\./g, character => `%${character.charCodeAt(0).toString(16).padStart(2, '0')}`)
  return encoded.length <= longestLabel ? encoded : encoded.slice(0, longestLabel).replace(/%.?$/, '')
}

/** Whether two dumps have the same content, as far as btrfs tells. */
export function isSameDump(a: DumpIdentity, b: DumpIdentity): boolean {
  return a.uuid === b.uuid && a.ctransid === b.ctransid && a.parentUuid === b.parentUuid && a.parentCtransid === b.parentCtransid
}
