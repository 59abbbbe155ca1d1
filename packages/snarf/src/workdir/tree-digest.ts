import { createHash } from 'node:crypto'
import { baseName, compareUtf8, joinPath, parentPath, type Path } from '@syncline/core'
import { isRegistered, type EntryAttributes } from '../metadata/index.ts'
import { specialPath } from '../objects/names.ts'
import { ownAttributes, originalPath, specialParts, type WorkTree } from './work-tree.ts'
import type { RemoteTree } from './remote-tree.ts'

/** A tree of objects, to be looked at. */
interface TreeView {
  names(directory: Path): Promise<readonly string[]>
  entry(path: Path): Promise<EntryAttributes>
  /** The digest of a file; `undefined` if it is none. */
  body(path: Path): Promise<string | undefined>
  isThere(special: Path): Promise<boolean>
}

/** Stands for everything the repository has at and below a path: equal only if every body, attribute, extra and annotation is. */
export function digestOfRemote(remote: RemoteTree, path: Path): Promise<string> {
  return digestOf(path, {
    names: directory => remote.metadata.names(directory),
    entry: child => remote.metadata.get(child),
    body: async child => ((await remote.kindOf(child)) === 'file' ? remote.digest(child) : undefined),
    isThere: async special => (await remote.kindOf(special)) !== undefined,
  })
}

/** The same of what a working copy was given: of its original copies. */
export function digestOfOriginals(tree: WorkTree, path: Path): Promise<string> {
  const { originals } = tree
  return digestOf(path, {
    names: directory => originals.names(originalsOf(directory)),
    entry: child => originals.get(originalPath(child)),
    body: async child => (tree.kindOf(originalPath(child)) === 'file' ? tree.digest(originalPath(child)) : undefined),
    isThere: special => hasOriginal(tree, special),
  })
}

/** Where the attributes are that the repository gave the children of a directory. */
function originalsOf(directory: Path): Path {
  return parentPath(originalPath(joinPath(directory, 'x')))
}

async function hasOriginal(tree: WorkTree, special: Path): Promise<boolean> {
  return tree.kindOf(originalPath(special)) !== undefined || isRegistered(await tree.originals.get(originalPath(special)))
}

async function digestOf(path: Path, view: TreeView): Promise<string> {
  const hash = createHash('sha256')
  const add = async (at: Path, isSpecial: boolean): Promise<void> => {
    const attributes = isSpecial ? [] : Object.entries(await view.entry(at)).filter(([name]) => !ownAttributes.includes(name))
    attributes.sort(([a], [b]) => compareUtf8(a, b))
    const body = await view.body(at)
    hash.update(`${JSON.stringify([at, attributes, body ?? null])}\n`)
    if (body === undefined) for (const name of await view.names(at)) await add(joinPath(at, name), false)
    if (isSpecial) return
    for (const part of specialParts) {
      const special = specialPath(parentPath(at), part, baseName(at))
      if (await view.isThere(special)) await add(special, true)
    }
  }
  await add(path, false)
  return hash.digest('hex')
}
