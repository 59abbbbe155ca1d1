import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { StoragePlugin } from '@syncline/core'

/**
 * Which package brings the storage of a scheme. Nothing of it is loaded before its scheme is used.
 *
 * `@syncline/fs` is always there; the others are installed by those who need them.
 */
export const adapterTable: Readonly<Record<string, string>> = {
  file: '@syncline/fs',
  s3: '@syncline/s3',
  sftp: '@syncline/sftp',
  ftp: '@syncline/ftp',
  ftps: '@syncline/ftp',
  btrfs: '@syncline/btrfs',
  snarf: '@syncline/snarf',
}

/** Schemes that may become part of a package's name. */
const schemePattern = /^[a-z][a-z0-9+.-]*$/

/** How packages are found and loaded; a test brings its own. */
export interface PackageLoader {
  /** Loads a package, or an entry of one, as seen from this one. */
  load(name: string): Promise<unknown>
  /** Loads a package as seen from the project the user is in: a program that is installed elsewhere does not see the project's packages. */
  loadFromProject(name: string): Promise<unknown>
}

/**
 * Loads the storage of a scheme: of the table, else of an installed package `syncline-plugin-<scheme>`.
 *
 * @throws Error that says what to install; a failure inside of a package is passed on as it is
 */
export async function loadAdapter(scheme: string, loader: PackageLoader): Promise<StoragePlugin> {
  const listed = Object.hasOwn(adapterTable, scheme) ? adapterTable[scheme] : undefined
  if (listed === undefined && !schemePattern.test(scheme)) throw new TypeError(`${JSON.stringify(scheme)} is no scheme`)
  const name = listed ?? `syncline-plugin-${scheme}`
  const module = await loadIfInstalled(name, name, loader)
  if (module === undefined) {
    throw new TypeError(
      listed === undefined
        ? `no storage for "${scheme}:". Known are ${Object.keys(adapterTable).join(', ')}; others come from a package syncline-plugin-${scheme}. A local path is written ./${scheme}:...`
        : `no storage for "${scheme}:". Install it with: npm install ${listed}`,
    )
  }
  const { plugin } = module as { plugin?: Partial<StoragePlugin> }
  if (typeof plugin?.open !== 'function') throw new TypeError(`the package ${name} exports no "plugin" with an "open" function`)
  return plugin as StoragePlugin
}

/**
 * Loads an entry of a package: as the user's project has it, else as it is beside this program.
 *
 * @param entry - what to import: the package's name, or a path in it
 * @returns undefined if that very package, or that entry, is not there: a package that lacks a dependency of its own must say so
 */
export async function loadIfInstalled(entry: string, name: string, loader: PackageLoader): Promise<unknown> {
  return (await orUndefined(name, entry, () => loader.loadFromProject(entry))) ?? orUndefined(name, entry, () => loader.load(entry))
}

async function orUndefined(name: string, entry: string, load: () => Promise<unknown>): Promise<unknown> {
  try {
    return await load()
  } catch (error) {
    if (isMissing(error, name, entry)) return undefined
    throw error
  }
}

function isMissing(error: unknown, name: string, entry: string): boolean {
  const { code, message } = error as { code?: unknown; message?: unknown }
  if (typeof message !== 'string') return false
  // A package that has no such entry says it in these words: it brings no commands.
  if (code === 'ERR_PACKAGE_PATH_NOT_EXPORTED')
    return entry !== name && message.includes(`'.${entry.slice(name.length)}'`) && message.includes(`${name}/package.json`)
  if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') return false
  return [name, entry].some(word => message.startsWith(`Cannot find package '${word}'`) || message.startsWith(`Cannot find module '${word}'`))
}

/** Finds packages as Node does. @param directory - of the user's project */
export function nodeLoader(directory: string): PackageLoader {
  return {
    load: name => import(name) as Promise<unknown>,
    loadFromProject: name => {
      const resolved = createRequire(join(directory, 'package.json')).resolve(name)
      return import(pathToFileURL(resolved).href) as Promise<unknown>
    },
  }
}
