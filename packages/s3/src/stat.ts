import { isStorageError, type AbortOptions, type Entry, type HashName, type Path, StorageError } from '@syncline/core'
import { listPage, type ListedObject } from './list-page.ts'
import { customerKeyHeaders, hidesMd5, md5Of, readHead, requestHeaders, toEntry, type ObjectHead } from './metadata.ts'
import { keyOf, prefixOf, type Site } from './site.ts'

/** What is at a path; a directory only where directories count. */
export async function stat(site: Site, path: Path, { signal }: AbortOptions = {}): Promise<Entry | undefined> {
  signal?.throwIfAborted()
  const { directories } = site.settings
  const key = keyOf(site, path)
  if (path === '') return directories ? { kind: 'directory', path } : undefined
  const head = await headOf(site, key, path, { signal })
  if (head !== undefined) return toEntry(path, head)
  return directories && (await holdsAnything(site, path, { signal })) ? { kind: 'directory', path } : undefined
}

/** What the server tells of an object, with its checksums; `undefined` if nothing is there. */
export async function headOf(
  site: Site,
  key: string,
  path: Path,
  { signal, what = 'look at' }: AbortOptions & { readonly what?: string } = {},
): Promise<ObjectHead | undefined> {
  const { settings, connection, facts } = site
  const headers = { ...requestHeaders(settings), ...customerKeyHeaders(settings.encryption), 'x-amz-checksum-mode': 'ENABLED' }
  const answer = await connection.send({ method: 'HEAD', key, headers, signal, what, path, accept: [404] })
  return answer.status === 404 ? undefined : readHead(answer.headers, facts.md5Etags !== false)
}

/** Whether a directory exists: by its marker, or by anything in it. */
export async function holdsAnything(site: Site, directory: Path, { signal }: AbortOptions = {}): Promise<boolean> {
  const { objects } = await listPage(site, directory, prefixOf(site, directory), { signal, limit: 1 })
  return objects.length > 0
}

/** A hash that the server keeps. @throws StorageError `NOT_SUPPORTED` for an object of which it has another or none */
export async function hash(site: Site, path: Path, name: HashName, names: readonly HashName[], { signal }: AbortOptions = {}): Promise<string> {
  signal?.throwIfAborted()
  const key = keyOf(site, path)
  if (!names.includes(name))
    throw new StorageError('NOT_SUPPORTED', `${site.name} has no ${name} of its files, only ${names.join(' and ')}`, { path })
  const head = path === '' ? undefined : await headOf(site, key, path, { signal, what: 'look up the hash of' })
  if (head === undefined) throw new StorageError('NOT_FOUND', `nothing is at ${path} on ${site.name}`, { path })
  const hex = head.hashes[name]
  if (hex !== undefined) return hex
  throw new StorageError('NOT_SUPPORTED', `${site.name} has no ${name} of ${path}, which was sent in parts or is encrypted with a key of its own`, {
    path,
  })
}

/**
 * Finds out by one object whether etags are MD5s, because a listing does not tell how objects are encrypted. Unknown stays unknown.
 */
export async function sampleEtags(site: Site, objects: readonly ListedObject[], signal: AbortSignal | undefined): Promise<void> {
  const { encryption } = site.settings
  if (encryption !== undefined && encryption.type !== 'AES256') return site.facts.sample(false)
  const object = objects.find(({ etag }) => md5Of(etag) !== undefined)
  if (object === undefined) return
  try {
    const head = await headOf(site, object.key, '', { signal })
    if (head !== undefined) site.facts.sample(!hidesMd5(head.headers))
  } catch (error) {
    if (!isStorageError(error)) throw error
    // Listing may be all that the account is allowed.
    site.facts.sample(false)
  }
}
