import { checkPath, StorageError, type Path } from '@syncline/core'
import type { Budget } from './budget.ts'
import type { Connection } from './connection.ts'
import type { Facts } from './facts.ts'
import type { Settings } from './options.ts'

/** What every operation needs. */
export interface Site {
  readonly name: string
  readonly settings: Settings
  readonly connection: Connection
  readonly facts: Facts
  /** For content in memory. */
  readonly budget: Budget
}

const longestKey = 1024

/** The key of a path. @throws StorageError `INVALID_PATH` for what is no path, or no key */
export function keyOf(site: Site, path: Path): string {
  checkPath(path)
  const reason = refuses(site, path)
  if (reason !== undefined) throw new StorageError('INVALID_PATH', `${JSON.stringify(path)} cannot be on ${site.name}: ${reason}`, { path })
  return site.settings.prefix + path
}

/** The prefix of everything in a directory. */
export function prefixOf(site: Site, directory: Path): string {
  checkPath(directory)
  return directory === '' ? site.settings.prefix : `${site.settings.prefix}${directory}/`
}

/** Why a path can be no key, or `undefined` if it can. */
export function refuses({ settings: { prefix } }: Pick<Site, 'settings'>, path: Path): string | undefined {
  // A quarter of the limit cannot reach it in any characters.
  if (prefix.length + path.length > longestKey / 4) {
    const length = Buffer.byteLength(prefix + path)
    if (length > longestKey) return `its key has ${length} bytes, and a key has at most ${longestKey}`
  }
  if (/[\ud800-\udfff]/.test(path) && !isWellFormed(path)) return 'it is not valid Unicode'
  return undefined
}

function isWellFormed(text: string): boolean {
  try {
    encodeURIComponent(text)
    return true
  } catch {
    return false
  }
}

export function rootError(site: Site, what: string): StorageError {
  return new StorageError('IS_A_DIRECTORY', `could not ${what} the root of ${site.name}: it is not a file`, { path: '' })
}
