import { repeat, StorageError, type FileEntry, type Path, type WriteOptions } from '@syncline/core'
import { bareEtag, customerKeyHeaders, metadataHeaders, type ObjectHead, objectHeaders, readHead, requestHeaders } from './metadata.ts'
import { abortMultipart, completeMultipart, createMultipart, type Multipart, mostParts, type StoredPart } from './multipart.ts'
import { type Conditions, conditionHeaders, partHeaders } from './put.ts'
import { encodeKey, encodeName } from './sigv4.ts'
import { keyOf, rootError, type Site } from './site.ts'
import { headOf } from './stat.ts'
import { textOf } from './xml.ts'

/** An object that is copied within the server. */
export interface CopySource {
  readonly site: Site
  readonly path: Path
  /** Of a versioned bucket; default: the current one. */
  readonly versionId?: string
}

interface CopyOptions extends WriteOptions {
  /** The version the source must have. */
  readonly fromMatch?: string | undefined
}

/** What an object says of itself beside its content, and a copy with other metadata has to be told. */
const keptHeaders = [
  'content-type',
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'expires',
  'x-amz-website-redirect-location',
]

/**
 * Copies an object within the server, with its metadata and the time it shows. Above 5 GiB in parts.
 *
 * @throws StorageError `NOT_FOUND` if there is no source, `PRECONDITION_FAILED` if it, or the target, is another version than asked for
 */
export async function copy(site: Site, source: CopySource, to: Path, options: CopyOptions = {}): Promise<FileEntry> {
  const { signal, size, fromMatch } = options
  signal?.throwIfAborted()
  const fromKey = keyOf(source.site, source.path)
  keyOf(site, to)
  if (source.path === '') throw rootError(source.site, 'copy')
  if (to === '') throw rootError(site, 'copy to')
  const head = await sourceHead(source, fromKey, signal)
  if (head === undefined)
    throw new StorageError('NOT_FOUND', `could not copy ${source.path} on ${source.site.name}: nothing is there`, { path: source.path })
  if (fromMatch !== undefined && bareEtag(fromMatch) !== head.etag)
    throw new StorageError('PRECONDITION_FAILED', `${source.path} changed on ${source.site.name} since it was listed; run the sync again`, {
      path: source.path,
    })
  if (size !== undefined && size !== head.size)
    throw new StorageError('CORRUPT', `could not copy ${source.path} on ${source.site.name}: it has ${head.size} bytes instead of ${size}`, {
      path: source.path,
    })
  // An object without a time of its own shows when it was uploaded, and the copy would show another.
  const modified = options.modified ?? head.modified
  const mode = options.mode ?? head.mode
  const asked = { ...options, size: head.size, modified, ...(mode !== undefined && { mode }) }
  const isSame = head.hasTime && options.modified === undefined && options.mode === undefined
  const etag =
    head.size > site.settings.copyLimit
      ? await copyInParts(site, source, fromKey, to, head, asked)
      : await copyAtOnce(site, source, fromKey, to, head, asked, isSame)
  if (etag !== head.etag && (await headOf(site, keyOf(site, to), to, { signal }))?.size !== head.size)
    throw new StorageError('CORRUPT', `${source.path} changed on ${source.site.name} while it was copied to ${to}`, { path: to, retryable: true })
  const { md5, ...others } = head.hashes
  const hashes = etag === head.etag ? head.hashes : others
  return {
    kind: 'file',
    path: to,
    size: head.size,
    etag,
    ...(Number.isFinite(modified) && { modified }),
    ...(mode !== undefined && { mode: mode & 0o7777 }),
    ...(Object.keys(hashes).length > 0 && { hashes }),
  }
}

async function sourceHead({ site, path, versionId }: CopySource, key: string, signal: AbortSignal | undefined): Promise<ObjectHead | undefined> {
  if (versionId === undefined) return await headOf(site, key, path, { signal, what: 'copy' })
  const headers = { ...requestHeaders(site.settings), ...customerKeyHeaders(site.settings.encryption) }
  const answer = await site.connection.send({
    method: 'HEAD',
    key,
    query: [['versionId', versionId]],
    headers,
    signal,
    what: 'copy',
    path,
    accept: [404],
  })
  return answer.status === 404 ? undefined : readHead(answer.headers, site.facts.md5Etags !== false)
}

function sourceHeaders({ site, versionId }: CopySource, key: string, head: ObjectHead): Record<string, string> {
  const version = versionId === undefined ? '' : `?versionId=${encodeName(versionId)}`
  return {
    'x-amz-copy-source': `${encodeName(site.settings.bucket)}/${encodeKey(key)}${version}`,
    'x-amz-copy-source-if-match': `"${head.etag}"`,
    ...customerKeyHeaders(site.settings.encryption, 'copy-source-'),
  }
}

/** Everything the object has beside its content, with the time and mode that it is to have. */
function replacedHeaders(head: ObjectHead, modified: number, mode: number | undefined): Record<string, string> {
  const kept: Record<string, string> = {}
  for (const [name, value] of Object.entries(head.headers))
    if (typeof value === 'string' && (name.startsWith('x-amz-meta-') || keptHeaders.includes(name))) kept[name] = value
  return { ...kept, ...(Number.isFinite(modified) && metadataHeaders(modified, mode)) }
}

/** Storage class and encryption are not copied by themselves; what the options say goes first. */
function placeHeaders(site: Site, to: Path, head: ObjectHead): Record<string, string> {
  const { 'x-amz-tagging': _tags, 'content-type': _type, ...own } = objectHeaders(site.settings, to)
  const storageClass = head.headers['x-amz-storage-class']
  return { ...(typeof storageClass === 'string' && { 'x-amz-storage-class': storageClass }), ...own }
}

function targetConditions(site: Site, to: Path, options: Conditions & Pick<WriteOptions, 'signal'>): Promise<Record<string, string>> {
  const known = site.facts.server
  return conditionHeaders(site, to, options, { ifNoneMatch: known?.copyIfNoneMatch ?? false, ifMatch: known?.copyIfMatch ?? false })
}

async function copyAtOnce(
  site: Site,
  source: CopySource,
  fromKey: string,
  to: Path,
  head: ObjectHead,
  options: CopyOptions & { readonly modified: number },
  isSame: boolean,
): Promise<string> {
  const { signal, modified, mode } = options
  const headers = {
    ...(isSame ? { 'x-amz-metadata-directive': 'COPY' } : { ...replacedHeaders(head, modified, mode), 'x-amz-metadata-directive': 'REPLACE' }),
    ...placeHeaders(site, to, head),
    ...sourceHeaders(source, fromKey, head),
    ...(await targetConditions(site, to, options)),
  }
  const { body } = await site.connection.send({ method: 'PUT', key: keyOf(site, to), headers, signal, what: `copy ${source.path} to`, path: to })
  return bareEtag(textOf(body, 'ETag') ?? '')
}

async function copyInParts(
  site: Site,
  source: CopySource,
  fromKey: string,
  to: Path,
  head: ObjectHead,
  options: CopyOptions & { readonly modified: number },
): Promise<string> {
  const { signal, modified, mode } = options
  const mebi = 1024 * 1024
  const partSize = Math.max(site.settings.copyPartSize, Math.ceil(head.size / mostParts / mebi) * mebi)
  const more = { ...replacedHeaders(head, modified, mode), ...placeHeaders(site, to, head), 'x-amz-meta-syncline-part-size': String(partSize) }
  const multipart = await createMultipart(site, to, options, partSize, more)
  try {
    const parts: StoredPart[] = []
    const indices = Array.from({ length: Math.ceil(head.size / partSize) }, (_, i) => i).values()
    const work = async (): Promise<void> => {
      for (const index of indices) parts[index] = await copyPart(site, source, fromKey, head, multipart, index, signal)
    }
    await Promise.all([work(), work(), work(), work()])
    return (await completeMultipart(site, multipart, parts, options)).etag ?? ''
  } catch (error) {
    await abortMultipart(site, multipart).catch(() => undefined)
    throw error
  }
}

async function copyPart(
  site: Site,
  source: CopySource,
  fromKey: string,
  head: ObjectHead,
  { path, uploadId, partSize }: Multipart,
  index: number,
  signal: AbortSignal | undefined,
): Promise<StoredPart> {
  const from = index * partSize
  const to = Math.min(head.size, from + partSize) - 1
  const query: (readonly [string, string])[] = [
    ['partNumber', String(index + 1)],
    ['uploadId', uploadId],
  ]
  const headers = { ...partHeaders(site), ...sourceHeaders(source, fromKey, head), 'x-amz-copy-source-range': `bytes=${from}-${to}` }
  const request = {
    method: 'PUT',
    key: keyOf(site, path),
    query,
    headers,
    signal,
    what: `copy part ${index + 1} of ${source.path} to`,
    path,
    repeatable: true,
  } as const
  const { body } = await repeat(() => site.connection.send(request), { signal, call: 'copy', path })
  return { etag: bareEtag(textOf(body, 'ETag') ?? ''), size: to - from + 1 }
}
