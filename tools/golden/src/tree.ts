import { collectText, type Entry, isBelow, type Path, type ReadableStorage, toBytes, type WritableStorage } from '@syncline/core'
import type { Edit, Tree } from './scenario.ts'

/** Day 0 of all scenarios: past enough for every listing that shows only dates to show one, with seconds that none of them shows. */
const dayZero = Date.UTC(2024, 2, 1, 10, 20, 30)
const dayMs = 86_400_000

/** What a word of a tree says of a file. */
interface FileWord {
  readonly text: string
  /** Milliseconds since the Unix epoch; undefined for `now`. */
  readonly modified: number | undefined
  readonly mode: number | undefined
}

/** Reads `text@day:mode`. */
function parseFile(word: string): FileWord {
  const [, text = '', day, mode] = /^(.*?)(?:@(\d+|now))?(?::([0-7]{3}))?$/s.exec(word) ?? []
  return { text, modified: day === 'now' ? undefined : dayZero + Number(day ?? 1) * dayMs, mode: mode === undefined ? undefined : parseInt(mode, 8) }
}

function parseLink(word: string): string | undefined {
  return word.startsWith('-> ') ? word.slice(3) : undefined
}

/** Puts a tree on a store, as a user of it would. */
export async function plant(storage: WritableStorage, tree: Tree): Promise<void> {
  for (const [path, word] of Object.entries(tree)) {
    const target = parseLink(word)
    if (path.endsWith('/')) await edit(storage, { directory: path.slice(0, -1) })
    else if (target !== undefined) await edit(storage, { link: path, to: target })
    else await edit(storage, { write: path, content: word })
  }
}

/** Makes one edit, with the calls that any client of the store would use. */
export async function edit(storage: WritableStorage, change: Edit): Promise<void> {
  if ('write' in change) {
    const { text, modified, mode } = parseFile(change.content)
    await storage.write(change.write, toBytes(text), { ...(modified !== undefined && { modified }), ...(mode !== undefined && { mode }) })
  } else if ('remove' in change) {
    for (const entry of await below(storage, change.remove)) await storage.remove(entry.path)
    await storage.remove(change.remove)
  } else if ('move' in change) await move(storage, change.move, change.to)
  else if ('touch' in change) await offered(storage, 'setModified')(change.touch, dayZero + change.day * dayMs)
  else if ('permit' in change) await offered(storage, 'setMode')(change.permit, parseInt(change.mode, 8))
  else if ('directory' in change) await offered(storage, 'makeDirectory')(change.directory)
  else await offered(storage, 'makeSymlink')(change.link, change.to)
}

/** A method that a scenario's needs say is there. */
function offered<K extends 'setModified' | 'setMode' | 'makeDirectory' | 'makeSymlink'>(
  storage: WritableStorage,
  method: K,
): NonNullable<WritableStorage[K]> {
  const found = storage[method]
  if (found === undefined) throw new TypeError(`${storage.name} has no ${method}; the scenario must say that it needs it`)
  return found.bind(storage) as NonNullable<WritableStorage[K]>
}

/** Stores that cannot move a directory have each file in it moved, and those that cannot move a file have it copied. */
async function move(storage: WritableStorage, from: Path, to: Path): Promise<void> {
  const inside = await below(storage, from)
  if (storage.move !== undefined && (storage.capabilities.directories === true || inside.length === 0)) return storage.move(from, to)
  const files = inside.length === 0 ? [{ kind: 'file', path: from }] : inside.filter(entry => entry.kind === 'file')
  for (const { path } of files) {
    const target = to + path.slice(from.length)
    if (storage.move !== undefined) await storage.move(path, target)
    else if (storage.copy !== undefined) {
      await storage.copy(path, target)
      await storage.remove(path)
    } else throw new TypeError(`${storage.name} can neither move nor copy`)
  }
}

/** Everything below a path, the deepest first. */
async function below(storage: ReadableStorage, path: Path): Promise<Entry[]> {
  const all = await entriesOf(storage)
  return all.filter(entry => isBelow(entry.path, path)).sort((a, b) => b.path.length - a.path.length)
}

/** Everything that a store lists. */
export async function entriesOf(storage: ReadableStorage): Promise<Entry[]> {
  const entries: Entry[] = []
  for await (const item of storage.list('')) entries.push(...(Array.isArray(item) ? (item as readonly Entry[]) : [item as Entry]))
  return entries
}

/** What a user finds on a store. */
export interface Found {
  /** Words as in a {@link Tree}; of files only the text. */
  readonly tree: Record<Path, string>
  readonly files: ReadonlyMap<Path, { readonly modified: number | undefined; readonly mode: number | undefined }>
  /** `path: text` of what was kept, without the names of the runs that kept it. */
  readonly trash: readonly string[]
  /** Temporary files, problems, and what else should not be there. */
  readonly strange: readonly string[]
}

/** Looks at everything on a store. */
export async function look(storage: ReadableStorage): Promise<Found> {
  const entries = await entriesOf(storage)
  const tree: Record<Path, string> = {}
  const files = new Map<Path, { modified: number | undefined; mode: number | undefined }>()
  const trash: string[] = []
  const strange: string[] = []
  for (const entry of entries) {
    const { path } = entry
    const kept = /^\.syncline-trash\/[^/]+\/(.+)$/.exec(path)?.[1]
    if (kept !== undefined || path.startsWith('.syncline-trash')) {
      if (entry.kind === 'file') trash.push(`${kept}: ${await collectText(storage.read(path))}`)
      else if (entry.kind === 'symlink') trash.push(`${kept}: -> ${entry.target}`)
    } else if (entry.kind === 'problem' || path.includes('.syncline-')) strange.push(`${path}: ${entry.kind}`)
    else if (entry.kind === 'file') {
      tree[path] = await collectText(storage.read(path))
      const { modified, mode } = entry.modified === undefined || entry.modifiedPrecision !== undefined ? ((await storage.stat(path)) ?? entry) : entry
      files.set(path, { modified, mode })
    } else if (entry.kind === 'symlink') tree[path] = `-> ${entry.target}`
    else if (!entries.some(other => isBelow(other.path, path))) tree[`${path}/`] = ''
  }
  return { tree, files, trash: trash.sort(), strange }
}

/** How a tree differs from what was expected of it, in words; nothing if it does not. */
export function differences(found: Found, expected: Tree, storage: ReadableStorage, withDirectories: boolean): string[] {
  const complaints: string[] = []
  for (const path of new Set([...Object.keys(expected), ...Object.keys(found.tree)])) {
    if (path.endsWith('/') && !withDirectories) continue
    const [word, actual] = [expected[path], found.tree[path]]
    if (word === undefined || actual === undefined) complaints.push(word === undefined ? `${path} should not be there` : `${path} is missing`)
    else if (path.endsWith('/') || parseLink(word) !== undefined) {
      if (word !== actual) complaints.push(`${path} is ${JSON.stringify(actual)}, not ${JSON.stringify(word)}`)
    } else complaints.push(...fileDifferences(path, parseFile(word), actual, found, storage))
  }
  return complaints
}

function fileDifferences(path: Path, expected: FileWord, text: string, found: Found, storage: ReadableStorage): string[] {
  const { modified, mode } = found.files.get(path) ?? {}
  const precision = storage.capabilities.modifiedPrecision
  const complaints: string[] = []
  if (text !== expected.text) complaints.push(`${path} has ${JSON.stringify(text)}, not ${JSON.stringify(expected.text)}`)
  if (precision !== undefined && expected.modified !== undefined && Math.abs((modified ?? 0) - expected.modified) >= Math.max(precision, 1))
    complaints.push(`${path} is of ${timeOf(modified)}, not ${timeOf(expected.modified)}`)
  if (storage.capabilities.modifiedPrecision !== undefined && expected.modified === undefined && Date.now() - (modified ?? 0) > 600_000)
    complaints.push(`${path} is of ${timeOf(modified)}, not of this run`)
  if (expected.mode !== undefined && mode !== expected.mode)
    complaints.push(`${path} has mode ${mode?.toString(8)}, not ${expected.mode.toString(8)}`)
  return complaints
}

function timeOf(modified: number | undefined): string {
  return modified === undefined ? 'no time' : new Date(modified).toISOString()
}
