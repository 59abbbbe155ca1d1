import { canonicalText, mergeStructured, type StructuredFormat } from './merge-structured.ts'
import { conflictBlock, labelsOf, mergeText } from './merge-text.ts'

/** How a file is merged. `binary` never is. */
export type MergeFormat = StructuredFormat | 'text' | 'binary'

/** Bytes up to which files are merged: three versions and their comparison are held in memory. */
const mergeableBytes = 16 * 1024 * 1024

/** What a merge gives; `undefined` if these files cannot be merged. */
export interface MergedFile {
  readonly content: Uint8Array
  /** Both versions are in the content, marked, for a person to decide. */
  readonly isConflict: boolean
}

/** The format of a file by the end of its name. */
export function formatOf(path: string): MergeFormat {
  if (/\.json$/i.test(path)) return 'json'
  return /\.ya?ml$/i.test(path) ? 'yaml' : 'text'
}

/**
 * Merges two versions of a file that come from a third.
 *
 * By keys where the format has keys: then what was changed under different keys is no conflict, and a key that both added is one wherever its lines are.
 *
 * @param original - absent: both versions were made on their own
 * @returns undefined for what is not text, too big to be merged, or too different
 */
export function mergeFile(
  path: string,
  format: MergeFormat,
  local: Uint8Array,
  original: Uint8Array | undefined,
  remote: Uint8Array,
): MergedFile | undefined {
  if (format === 'binary') return undefined
  const [mine, base, theirs] = [local, original ?? new Uint8Array(0), remote].map(textOf)
  if (mine === undefined || base === undefined || theirs === undefined) return undefined
  const labels = labelsOf(path)
  const lines = mergeText(mine, base, theirs, labels)
  if (lines === undefined) return undefined
  const byLines = { content: bytesOf(lines.text), isConflict: lines.conflicts > 0 }
  if (format === 'text') return byLines
  const merged = mergeStructured(format, mine, base, theirs)
  if (merged === undefined) return byLines
  if (merged === 'conflict') return byLines.isConflict ? byLines : { content: bytesOf(conflictBlock(mine, theirs, labels)), isConflict: true }
  // The lines keep the layout, where they say the same.
  if (!byLines.isConflict && canonicalText(format, lines.text) === merged.canonical) return byLines
  return { content: bytesOf(merged.text), isConflict: false }
}

/** The text of a file; `undefined` if it is none: not UTF-8, with NUL characters, or too big to be treated as text. */
export function textOf(content: Uint8Array): string | undefined {
  if (content.length > mergeableBytes || content.includes(0)) return undefined
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content)
  } catch {
    return undefined
  }
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
