import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The repository. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')

/** What the tools make for themselves and may be deleted at any time. */
export const cache = join(root, '.cache')

/** @returns {{ readonly name: string, readonly packageManager: string }} */
export function rootManifest() {
  return JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
}

/** Folders of the workspace's packages, relative to the root: what `pnpm-workspace.yaml` means. */
export function members() {
  return ['packages', 'examples', 'tools']
    .filter(folder => existsSync(join(root, folder)))
    .flatMap(folder => readdirSync(join(root, folder)).map(name => join(folder, name)))
    .filter(folder => existsSync(join(root, folder, 'package.json')))
    .sort()
}
