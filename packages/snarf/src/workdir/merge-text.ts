import { diff3 } from './diff3.ts'

/** What the two texts of a conflict are called, behind the signs that mark them. Stable, so that a merge always gives the same bytes. */
export interface ConflictLabels {
  readonly local: string
  readonly remote: string
}

/** The text of a merge. */
export interface MergedText {
  readonly text: string
  /** Places where both texts are left for a person to decide. */
  readonly conflicts: number
}

/** The labels of a file of a working copy. */
export function labelsOf(path: string): ConflictLabels {
  return { local: `working copy: ${path}`, remote: `repository: ${path}` }
}

/** Whether a text holds a conflict that a merge with these labels left in it. */
export function hasConflict(text: string, { local, remote }: ConflictLabels): boolean {
  const opening = `<<<<<<< ${local}\n`
  return (text.startsWith(opening) || text.includes(`\n${opening}`)) && text.includes(`\n>>>>>>> ${remote}\n`)
}

/**
 * Merges two texts that come from a third by lines, as `diff3 -m` does. What both changed alike is no conflict.
 *
 * Every line of both is in the result, unless the other side deleted it and this one left it as it was.
 *
 * @returns undefined if the texts differ so much that nobody would wait for the comparison
 */
export function mergeText(local: string, original: string, remote: string, labels: ConflictLabels): MergedText | undefined {
  const regions = diff3(linesOf(local), linesOf(original), linesOf(remote))
  if (regions === undefined) return undefined
  let text = ''
  let conflicts = 0
  for (const region of regions) {
    if ('merged' in region) text += region.merged.join('')
    else {
      conflicts++
      text = terminated(text) + conflictBlock(region.local.join(''), region.remote.join(''), labels)
    }
  }
  return { text, conflicts }
}

/** A merged text with the local side of each conflict in it. */
export function localSides(text: string, { local, remote }: ConflictLabels): string {
  let result = ''
  let at: 'outside' | 'local' | 'remote' = 'outside'
  for (const line of linesOf(text)) {
    const sign = line.replace(/\r?\n$/, '')
    if (at === 'outside' && sign === `<<<<<<< ${local}`) at = 'local'
    else if (at === 'local' && sign === '=======') at = 'remote'
    else if (at === 'remote' && sign === `>>>>>>> ${remote}`) at = 'outside'
    else if (at !== 'remote') result += line
  }
  return result
}

/** Both texts, one after the other. */
export function conflictBlock(local: string, remote: string, labels: ConflictLabels): string {
  return `<<<<<<< ${labels.local}\n${terminated(local)}=======\n${terminated(remote)}>>>>>>> ${labels.remote}\n`
}

/** A sign needs a line of its own; the original glued it to a last line without an end. */
function terminated(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`
}

function linesOf(text: string): readonly string[] {
  return text === '' ? [] : text.split(/(?<=\n)/)
}
