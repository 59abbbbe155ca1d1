import { isStorageError, StorageError, type AbortOptions } from '@syncline/core'
import { nameBelow, placeName } from '../roots/place-name.ts'
import type { BtrfsRoot, RootFactory } from '../roots/root.ts'
import type { RawPath } from '../stream/command.ts'
import type { Subvolume } from '../subvolume/subvolume.ts'
import { hasWildcard, matcherOf } from './glob.ts'

/** The subvolumes that a source on the command line means. */
export interface ChosenSource {
  readonly root: BtrfsRoot
  /** Whether a volume of the root is meant. */
  takes(volume: Subvolume): boolean
  /** The path that `--include` and `--exclude` see. */
  relative(path: RawPath): RawPath
  /** Whether the words name something that must be there: one subvolume, or a pattern. */
  readonly mustMatch: boolean
}

/** What a person's words for a source mean, before anything was looked at. */
export interface SourceWords {
  /** Up to the first name with a wildcard, without a slash at the end. */
  readonly base: string
  /** What follows it; absent where there are no wildcards. */
  readonly pattern?: string
  /** Whether it ends in a slash: everything below is meant. */
  readonly below: boolean
}

/** Takes a source apart: `snaps/dev*` is everything in `snaps` that begins with "dev". */
export function readSourceWords(path: string): SourceWords {
  const below = path.endsWith('/')
  const trimmed = path.replace(/\/+$/, '')
  if (!hasWildcard(trimmed)) return { base: trimmed === '' ? '/' : trimmed, below }
  const names = trimmed.split('/')
  const first = names.findIndex(hasWildcard)
  const base = names.slice(0, first).join('/')
  return { base: first === 0 ? '.' : base === '' ? '/' : base, pattern: names.slice(first).join('/'), below }
}

/**
 * Finds what a source means: a subvolume is exactly that one; with a slash at its end, or a directory, everything below; with wildcards, what matches.
 *
 * @param path - as the system of the roots names it
 * @throws StorageError `NOT_FOUND` if nothing is there
 */
export async function chooseSource(path: string, roots: RootFactory, options: AbortOptions = {}): Promise<ChosenSource> {
  const { below } = readSourceWords(path)
  // A subvolume may have a name that looks like a pattern.
  const literal = path.replace(/(?<=.)\/+$/, '')
  if (hasWildcard(path) && !(await roots.isRoot(literal, options))) return choosePattern(path, roots, options)
  if (!below && (await roots.isRoot(literal, options))) return chooseOne(literal, roots, options)
  const found = await roots.getRoot(literal, options)
  await mustExist(found.root, found.path, path, options)
  return everythingBelow(found.root, found.path)
}

async function choosePattern(path: string, roots: RootFactory, options: AbortOptions): Promise<ChosenSource> {
  const { base, pattern = '*', below } = readSourceWords(path)
  const { root, path: directory } = await roots.getRoot(base, options)
  await mustExist(root, directory, base, options)
  const isMatch = matcherOf(below ? `${pattern}/*` : pattern)
  const all = everythingBelow(root, directory)
  return { ...all, mustMatch: true, takes: volume => all.takes(volume) && isMatch(all.relative(volume.path ?? '')) }
}

/** One subvolume, told by its UUID: the path may lead there through links. */
async function chooseOne(path: string, roots: RootFactory, options: AbortOptions): Promise<ChosenSource> {
  const itself = await roots.getRoot(path, options)
  const details = await itself.root.show('', options)
  if (details === undefined) throw new StorageError('NOT_FOUND', `${placeName(itself.root.name, path)} is not there any more`)
  if (!details.readonly)
    throw new StorageError(
      'NOT_SUPPORTED',
      `${placeName(itself.root.name, path)} can be written to, and only read-only subvolumes can be sent: make a snapshot of it with syncline snapshot create, or write ${path}/ for the snapshots in it`,
    )
  const { root } = await roots.getRoot(`${path}/..`, options)
  const listed = (await root.list(options)).find(({ uuid }) => uuid === details.uuid)
  if (listed?.path === undefined)
    throw new StorageError(
      'NOT_SUPPORTED',
      `${placeName(itself.root.name, path)} is the top of what is mounted there, and a subvolume is sent from the one that holds it: mount that, and name the subvolume in it`,
    )
  return { root, takes: ({ uuid }) => uuid === details.uuid, relative: own => own, mustMatch: true }
}

function everythingBelow(root: BtrfsRoot, directory: RawPath): ChosenSource {
  const start = directory === '' ? '' : `${directory}/`
  return {
    root,
    takes: ({ path }) => path?.startsWith(start) === true,
    relative: path => path.slice(start.length),
    mustMatch: false,
  }
}

/** @throws StorageError `NOT_FOUND` if nothing is at a path of a root */
async function mustExist(root: BtrfsRoot, path: RawPath, written: string, options: AbortOptions): Promise<void> {
  if (await exists(root, path, options)) return
  throw new StorageError('NOT_FOUND', `${placeName(nameBelow(root.name, path), written)} is not there`)
}

/** Whether something is at a path of a root: a subvolume, or anything else. */
export async function exists(root: BtrfsRoot, path: RawPath, options: AbortOptions = {}): Promise<boolean> {
  if (path === '') return true
  try {
    return (await root.show(path, options)) !== undefined
  } catch (error) {
    if (isStorageError(error, 'NOT_SUPPORTED')) return true
    throw error
  }
}
