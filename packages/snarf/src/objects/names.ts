import { joinPath, type Path } from '@syncline/core'
import { zopeDirectory } from '../metadata/index.ts'
import { SynchronizationError } from './errors.ts'

/** How a repository treats names that the content tells apart and its files may not. */
export interface NameRules {
  /** Names that differ in case only are the same file. */
  readonly caseInsensitive: boolean
  /** The Unicode form that file names have; `none` leaves them as they are. */
  readonly unicodeForm: 'none' | 'NFC' | 'NFD'
}

/** Where a part of a child that is not its body lies. */
export function specialPath(directory: Path, part: 'Annotations' | 'Extra' | 'Original', name: string): Path {
  return joinPath(directory, `${zopeDirectory}/${part}/${name}`)
}

/** Whether a name can lead to another place than a child of its directory. */
export function isInvalidName(name: string): boolean {
  return name.includes('/') || name.includes('\0') || name === '.' || name === '..'
}

// eslint-disable-next-line no-control-regex
const control = /[\u0000-\u001f\ufffe\uffff]|\p{Surrogate}/u

/** Refuses the name of a file that no repository can hold, or that would come back as something else. @throws SynchronizationError */
export function checkFileName(directory: Path, name: string): void {
  const problem = nameProblem(name)
  if (problem === undefined) return
  throw new SynchronizationError(`a child of ${directory === '' ? 'the top' : directory} cannot be stored as ${JSON.stringify(name)}: ${problem}`, {
    path: joinPath(directory, name),
  })
}

function nameProblem(name: string): string | undefined {
  if (name === '') return 'the name is empty'
  if (name === zopeDirectory) return 'this name is taken by the metadata'
  if (isInvalidName(name)) return 'it is a path, not a name'
  if (control.test(name)) return 'it has characters that archives or XML cannot hold'
  return undefined
}

/**
 * Gives every key of a directory a file name of its own.
 *
 * What was reserved stays so until {@link forget}, and the order of the calls decides who gets the plain name.
 */
export class Disambiguation {
  readonly #rules: NameRules
  readonly #reserved = new Map<Path, Set<string>>()

  constructor(rules: NameRules) {
    this.#rules = rules
  }

  /** As the repository compares names. */
  normalize(name: string): string {
    const formed = this.#formed(name)
    return this.#rules.caseInsensitive ? formed.toLowerCase() : formed
  }

  /** The file name for a key: in the repository's Unicode form, with a number before its extension where others have taken it. */
  disambiguate(directory: Path, key: string): string {
    const { caseInsensitive, unicodeForm } = this.#rules
    if (!caseInsensitive && unicodeForm === 'none') return key
    const name = this.#formed(key)
    const reserved = this.#reservedIn(this.#formed(directory))
    const dot = name.lastIndexOf('.')
    const [stem, suffix] = dot === -1 ? [name, ''] : [name.slice(0, dot), name.slice(dot)]
    let candidate = name
    for (let i = 1; reserved.has(this.normalize(candidate)); i++) candidate = `${stem}-${i}${suffix}`
    reserved.add(this.normalize(candidate))
    return candidate
  }

  /** Makes every name free again. */
  forget(): void {
    this.#reserved.clear()
  }

  #formed(name: string): string {
    return this.#rules.unicodeForm === 'none' ? name : name.normalize(this.#rules.unicodeForm)
  }

  #reservedIn(directory: Path): Set<string> {
    let reserved = this.#reserved.get(directory)
    if (reserved === undefined) {
      // "@@zope" would be the directory of the metadata where case does not count.
      reserved = new Set(this.#rules.caseInsensitive ? [zopeDirectory.toLowerCase()] : [])
      this.#reserved.set(directory, reserved)
    }
    return reserved
  }
}
