import { readFileSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of the checks. */
export const here = join(dirname(fileURLToPath(import.meta.url)), '..')

/** The repository. */
export const root = join(here, '..', '..')

/**
 * @typedef {{ readonly name: string, readonly version: string, readonly private?: boolean, readonly description?: string, readonly license?: string,
 *   readonly type?: string, readonly sideEffects?: unknown, readonly engines?: Record<string, string>, readonly exports?: Record<string, unknown>,
 *   readonly files?: readonly string[], readonly publishConfig?: Record<string, unknown>, readonly keywords?: readonly string[],
 *   readonly bin?: Record<string, string>, readonly scripts?: Record<string, string>, readonly dependencies?: Record<string, string>,
 *   readonly devDependencies?: Record<string, string>, readonly peerDependencies?: Record<string, string>,
 *   readonly optionalDependencies?: Record<string, string>, readonly repository?: unknown }} Manifest
 * @typedef {{ readonly folder: string, readonly manifest: Manifest }} Package
 */

/**
 * Every package below a folder of the repository.
 *
 * @param {string} folder
 * @returns {readonly Package[]}
 */
export function packagesIn(folder) {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .filter(entry => entry.isDirectory())
    .flatMap(entry => {
      try {
        return [{ folder: join(folder, entry.name), manifest: JSON.parse(readFileSync(join(root, folder, entry.name, 'package.json'), 'utf8')) }]
      } catch (error) {
        if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT') return []
        throw error
      }
    })
    .sort((a, b) => (a.folder < b.folder ? -1 : 1))
}

/** What is published. */
export const published = packagesIn('packages').filter(({ manifest }) => manifest.private !== true)

/**
 * Where `pack.mjs` puts the archive of a package.
 *
 * @param {Manifest} manifest
 */
export function tarballOf(manifest) {
  return join(here, '.packed', `${manifest.name.replace('@', '').replace('/', '-')}-${manifest.version}.tgz`)
}
