import { baseName, compareUtf8, isBelow, joinPath, parentPath, type AbortOptions, type Path } from '@syncline/core'
import { isRegistered, type EntryAttributes } from '../metadata/index.ts'
import { specialPath } from '../objects/names.ts'
import { isIgnoredName } from './update-plan.ts'
import { originalPath, specialParts, type WorkTree } from './work-tree.ts'

/** What a path of a working copy is, without a look at the repository. */
export type WorkState =
  | 'unchanged'
  | 'modified'
  | 'added'
  | 'removed'
  /** Both sides changed it; see `resolve`. */
  | 'conflict'
  /** Nobody has added it. */
  | 'unregistered'
  /** It is registered, and its file is gone. An update brings it back. */
  | 'lost'
  /** It was added, and its file is gone. */
  | 'added-lost'
  /** It was removed, and a file is there again. */
  | 'reborn'
  /** Its original copy is gone, so nothing tells whether it was changed. */
  | 'lost-original'
  /** Something that is neither a file nor a directory lies there. */
  | 'blocked'
  | 'nonexistent'

/** One line of a status. Survives `JSON.stringify`. */
export interface StatusItem {
  readonly path: Path
  readonly kind: 'file' | 'directory'
  readonly state: WorkState
  /** Its attributes were changed by hand. */
  readonly attributesChanged?: true
  /** Of a conflict: whether both texts are in the file, or each is where it was. */
  readonly conflict?: 'in-file' | 'unmerged'
}

/** Options of {@link statusOf}. */
export interface StatusOptions extends AbortOptions {
  /** Also names that other tools leave behind. Default false. */
  readonly ignored?: boolean
}

/** The state of everything at or below some paths, in the order of a walk. @param paths - default everything */
export async function statusOf(tree: WorkTree, paths: readonly Path[] = [''], options: StatusOptions = {}): Promise<readonly StatusItem[]> {
  const items: StatusItem[] = []
  const seen = new Set<Path>()
  for (const path of paths) {
    if (path === '') await walk(tree, '', items, options)
    else await look(tree, path, items, true, options)
  }
  return items.filter(({ path }) => !seen.has(path) && seen.add(path) !== undefined)
}

async function walk(tree: WorkTree, directory: Path, items: StatusItem[], options: StatusOptions): Promise<void> {
  const names = new Set([...tree.names(directory), ...(await tree.metadata.names(directory))])
  for (const name of [...names].sort(compareUtf8)) await look(tree, joinPath(directory, name), items, false, options)
}

async function look(tree: WorkTree, path: Path, items: StatusItem[], isAsked: boolean, options: StatusOptions): Promise<void> {
  options.signal?.throwIfAborted()
  const entry = await tree.metadata.get(path)
  const item = await itemOf(tree, path, entry)
  if (isAsked || options.ignored === true || item.state !== 'unregistered' || !isIgnoredName(baseName(path))) items.push(item)
  if (item.kind === 'directory' && isRegistered(entry)) await walk(tree, path, items, options)
  if (!isRegistered(entry)) return
  for (const part of specialParts) {
    const special = specialPath(parentPath(path), part, baseName(path))
    if (tree.kindOf(special) !== undefined || tree.kindOf(originalPath(special)) !== undefined) await lookAtPart(tree, special, items, options)
  }
}

async function lookAtPart(tree: WorkTree, path: Path, items: StatusItem[], options: StatusOptions): Promise<void> {
  const { conflict } = await tree.metadata.get(path)
  const isKnown = tree.kindOf(originalPath(path)) !== undefined || isRegistered(await tree.originals.get(originalPath(path)))
  const kind = tree.kindOf(path)
  if (conflict !== undefined) items.push(conflictItem(path, kind === 'directory' ? 'directory' : 'file', conflict))
  else if (kind === 'directory') items.push({ path, kind, state: isKnown ? 'unchanged' : 'added' })
  else if (!isKnown) items.push({ path, kind: 'file', state: 'added' })
  else
    items.push({ path, kind: 'file', state: kind === undefined ? 'lost' : (await tree.isSame(path, originalPath(path))) ? 'unchanged' : 'modified' })
  if (kind === 'directory') await walk(tree, path, items, options)
}

async function itemOf(tree: WorkTree, path: Path, entry: EntryAttributes): Promise<StatusItem> {
  const local = tree.kindOf(path)
  const original = tree.kindOf(originalPath(path)) === 'file'
  const kind = local === 'directory' || (local === undefined && !original && entry['seen'] !== undefined) ? 'directory' : 'file'
  const { flag, conflict } = entry
  if (local === 'other') return { path, kind, state: 'blocked' }
  if (conflict !== undefined) return conflictItem(path, kind, conflict)
  if (!isRegistered(entry)) return { path, kind, state: local === undefined ? 'nonexistent' : 'unregistered' }
  if (flag === 'added') return { path, kind, state: local === undefined ? 'added-lost' : 'added' }
  if (flag === 'removed') return { path, kind, state: local === undefined ? 'removed' : 'reborn' }
  if (local === undefined) return { path, kind, state: 'lost' }
  const pristine = await tree.originals.get(originalPath(path))
  const attributes = isRegistered(pristine) && !hasSameAttributes(entry, pristine) ? ({ attributesChanged: true } as const) : {}
  if (local === 'directory') return { path, kind, state: 'attributesChanged' in attributes ? 'modified' : 'unchanged', ...attributes }
  if (!original) return { path, kind, state: 'lost-original', ...attributes }
  const isSame = await tree.isSame(path, originalPath(path))
  return { path, kind, state: isSame && !('attributesChanged' in attributes) ? 'unchanged' : 'modified', ...attributes }
}

function conflictItem(path: Path, kind: 'file' | 'directory', conflict: string): StatusItem {
  return { path, kind, state: 'conflict', conflict: conflict === 'unmerged' ? 'unmerged' : 'in-file' }
}

function hasSameAttributes(entry: EntryAttributes, pristine: EntryAttributes): boolean {
  const names = new Set([...Object.keys(entry), ...Object.keys(pristine)])
  return [...names].every(name => entry[name] === pristine[name])
}

/** Whether a path is one of these, or below one of them. */
export function isWithin(path: Path, paths: readonly Path[]): boolean {
  return paths.some(one => one === '' || one === path || isBelow(path, one))
}
