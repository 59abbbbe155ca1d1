import { compareEntries, isBelow, parentPath, pathProblem, StorageError, type Entry, type ListOptions, type Path } from '@syncline/core'
import { listPage, type ListedObject, type ListPage, type PageStart } from './list-page.ts'
import { md5Of } from './metadata.ts'
import { prefixOf, type Site } from './site.ts'
import { sampleEtags } from './stat.ts'

/** Greater than any character that a key can have after "/". */
const last = '\u{10FFFF}'

/** Entries below a directory, a page of a thousand objects per request, in key order as S3 lists them. */
export async function* list(site: Site, path: Path, options: ListOptions = {}): AsyncGenerator<readonly Entry[]> {
  const { signal, recursive = true } = options
  signal?.throwIfAborted()
  const prefix = prefixOf(site, path)
  const reader = new PageReader(site, path, options)
  let found = false
  let from: PageStart = {}
  for (;;) {
    const page = await listPage(site, path, prefix, { ...from, recursive, signal })
    found ||= page.objects.length > 0 || page.prefixes.length > 0
    if (site.facts.md5Etags === undefined) await sampleEtags(site, page.objects, signal)
    const { token, objects } = page
    const entries = recursive ? reader.entries(objects) : oneLevel(reader, page)
    if (entries.length > 0) yield entries
    signal?.throwIfAborted()
    if (token === undefined) break
    // A directory that nobody wants may hold any number of pages.
    const skipped = site.settings.express ? undefined : reader.declined
    from = skipped === undefined ? { token } : { startAfter: `${prefixOf(site, skipped)}${last}` }
  }
  if (!found && path !== '') throw new StorageError('NOT_FOUND', `nothing is at ${path} on ${site.name}`, { path })
}

/** Turns keys into entries, page by page, and puts in the directories that they imply where these count. */
class PageReader {
  readonly #site: Site
  readonly #start: number
  readonly #descend: ListOptions['descend']
  /** For keys without order: the directories that were shown. */
  readonly #shown: Set<Path> | undefined
  #open: Path
  /** The directory whose content is left out. */
  declined: Path | undefined

  constructor(site: Site, path: Path, { descend }: ListOptions) {
    this.#site = site
    this.#start = site.settings.prefix.length
    this.#descend = descend
    this.#open = path
    this.#shown = site.settings.express ? new Set() : undefined
  }

  entries(objects: readonly ListedObject[]): Entry[] {
    const { directories } = this.#site.settings
    const out: Entry[] = []
    for (const object of objects) {
      const path = object.key.slice(this.#start)
      if (this.declined !== undefined) {
        if (path.startsWith(`${this.declined}/`)) continue
        this.declined = undefined
      }
      const isMarker = path.endsWith('/')
      const inside = isMarker ? path.slice(0, -1) : path
      if (pathProblem(inside) === undefined && (directories || this.#descend !== undefined)) {
        const parent = isMarker ? inside : parentPath(inside)
        if (parent !== this.#open && this.#enter(parent, out)) continue
      }
      const entry = this.#entryOf(object, path)
      if (entry !== undefined) out.push(entry)
    }
    return out
  }

  /** A single object, without its directories. */
  entry(object: ListedObject): Entry | undefined {
    return this.#entryOf(object, object.key.slice(this.#start))
  }

  /** The path of a common prefix. */
  directory(prefix: string): Entry {
    const path = prefix.slice(this.#start, -1)
    const problem = path === '' ? 'its name is empty' : pathProblem(path)
    return problem === undefined ? { kind: 'directory', path } : { kind: 'problem', path: `${path}/`, reason: `the key is no path: ${problem}` }
  }

  #entryOf({ key, size, etag }: ListedObject, path: Path): Entry | undefined {
    if (path.endsWith('/')) {
      // The marker of a directory, which was put in with those that keys imply.
      if (size === 0 && path !== '/' && pathProblem(path.slice(0, -1)) === undefined) return undefined
      return { kind: 'problem', path, reason: `the key ${JSON.stringify(key)} ends in "/" and the object has content` }
    }
    // The marker of the root itself.
    if (path === '' && size === 0) return undefined
    const problem = path === '' ? 'it is the prefix itself' : pathProblem(path)
    if (problem !== undefined) return { kind: 'problem', path, reason: `the key ${JSON.stringify(key)} is no path: ${problem}` }
    const md5 = this.#site.facts.md5Etags === true ? md5Of(etag) : undefined
    return md5 === undefined ? { kind: 'file', path, size, etag } : { kind: 'file', path, size, etag, hashes: { md5 } }
  }

  /** Goes to another directory. Says whether what follows is left out. */
  #enter(parent: Path, out: Entry[]): boolean {
    const entered: Path[] = []
    for (let path = parent; path !== '' && path !== this.#open && !isBelow(this.#open, path); path = parentPath(path)) entered.push(path)
    this.#open = parent
    for (const path of entered.reverse()) {
      const wanted = this.#descend?.(path) ?? true
      if ((this.#site.settings.directories || !wanted) && this.#shown?.has(path) !== true) {
        out.push({ kind: 'directory', path })
        this.#shown?.add(path)
      }
      if (wanted) continue
      this.declined = path
      return true
    }
    return false
  }
}

function oneLevel(reader: PageReader, { objects, prefixes }: ListPage): Entry[] {
  const entries = prefixes.map(prefix => reader.directory(prefix))
  for (const object of objects) {
    const entry = reader.entry(object)
    if (entry !== undefined) entries.push(entry)
  }
  return entries.sort(compareEntries)
}
