import type { CommandFamily, FamilyCommand } from '@syncline/core'
import { loadIfInstalled, type PackageLoader } from './adapters.ts'

/** What is known of a family of commands before its package is loaded. */
export interface ListedFamily {
  readonly name: string
  readonly summary: string
  /** The package that brings it, from its entry `./commands`. */
  readonly from: string
}

/** The families of our own packages. Written here, because help must not load them. */
export const familyTable: readonly ListedFamily[] = [
  { name: 'snapshot', summary: 'Replicate, keep and restore btrfs snapshots', from: '@syncline/btrfs' },
  { name: 'snarf', summary: 'Write, read and check snarf archives', from: '@syncline/snarf' },
  { name: 'objects', summary: 'Work on objects as files', from: '@syncline/snarf' },
]

/**
 * Loads a family: of the table, else of an installed package `syncline-plugin-<name>`.
 *
 * @param name - lower-case letters, digits and dashes: it becomes part of a package's name
 * @returns undefined if it is not in the table and nothing of that name is installed
 * @throws TypeError that says what to install, or what is wrong with the package; a failure inside of a package is passed on as it is
 */
export async function loadFamily(name: string, loader: PackageLoader): Promise<CommandFamily | undefined> {
  if (!namePattern.test(name)) throw new TypeError(`${JSON.stringify(name)} is no family of commands`)
  const listed = familyTable.find(family => family.name === name)
  const from = listed?.from ?? `syncline-plugin-${name}`
  const module = await loadIfInstalled(`${from}/commands`, from, loader)
  if (module === undefined) {
    if (listed === undefined) return undefined
    throw new TypeError(`syncline ${name} comes with the package ${from}. Install it with: npm install ${from}`)
  }
  const { families } = module as { families?: unknown }
  const family = Array.isArray(families) ? (families as readonly Partial<CommandFamily>[]).find(candidate => candidate.name === name) : undefined
  if (family === undefined) throw new TypeError(`the package ${from} brings no commands "${name}": its entry ./commands exports no such family`)
  const fault = faultOf(family)
  if (fault !== undefined) throw new TypeError(`the package ${from} brings commands "${name}" that cannot be used: ${fault}`)
  return family as CommandFamily
}

const namePattern = /^[a-z][a-z0-9-]*$/
const commonNames = ['json', 'quiet', 'color', 'ascii', 'help']

/** What would make parsing or help fail; undefined for a family that can be used. */
function faultOf({ summary, commands }: Partial<CommandFamily>): string | undefined {
  if (typeof summary !== 'string') return 'it has no summary'
  if (typeof commands !== 'object' || Object.keys(commands).length === 0) return 'it has no commands'
  for (const [name, command] of Object.entries(commands)) {
    const fault = namePattern.test(name) ? commandFault(command) : 'that is no name of a command'
    if (fault !== undefined) return `${JSON.stringify(name)}: ${fault}`
  }
  return undefined
}

function commandFault({ run, summary, usage, details, examples, options }: Partial<FamilyCommand>): string | undefined {
  if (typeof run !== 'function') return 'it has no "run" function'
  if (typeof summary !== 'string' || ![usage, details, examples].every(Array.isArray) || typeof options !== 'object')
    return 'it lacks one of summary, usage, details, examples and options'
  const name = Object.keys(options).find(word => !namePattern.test(word) || commonNames.includes(word))
  if (name !== undefined) return `it cannot have an option --${name}`
  const letters = Object.values(options).flatMap(({ short }) => (short === undefined ? [] : [short]))
  const letter = letters.find((short, index) => !/^[a-zA-Z0-9]$/.test(short) || short === 'h' || letters.indexOf(short) !== index)
  return letter === undefined ? undefined : `it cannot have the option -${letter}, or not twice`
}
