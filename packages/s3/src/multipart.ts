import { isStorageError, repeat, StorageError, type FileEntry, type Path, type WriteOptions } from '@syncline/core'
import { md5, multipartEtag } from './digest.ts'
import { serverCode } from './errors.ts'
import { bareEtag, metadataHeaders, objectHeaders, partHeader, requestHeaders } from './metadata.ts'
import { conditionHeaders, contentHeaders, partHeaders } from './put.ts'
import { keyOf, type Site } from './site.ts'
import { headOf } from './stat.ts'
import { each, escapeXml, textOf } from './xml.ts'

/** The protocol's limit. */
export const mostParts = 10_000

/** An object that is being sent in parts. */
export interface Multipart {
  readonly path: Path
  readonly uploadId: string
  /** Bytes. */
  readonly partSize: number
}

/** A part that the server has. */
export interface StoredPart {
  /** Without quotes. */
  readonly etag: string
  readonly size: number
  /** Of what was sent from here. */
  readonly md5?: Buffer
}

/** Bytes per part for a file of `size`, so that it has no more parts than there may be. */
export function partSizeFor({ settings: { partSize } }: Site, size: number | undefined): number {
  const mebi = 1024 * 1024
  return Math.max(partSize, Math.ceil((size ?? 0) / mostParts / mebi) * mebi)
}

/** Begins; resolves to the id of the upload. */
export async function createMultipart(
  site: Site,
  path: Path,
  { modified, mode, signal }: WriteOptions,
  partSize: number,
  more: Readonly<Record<string, string>> = {},
): Promise<Multipart> {
  const headers = { ...objectHeaders(site.settings, path), ...metadataHeaders(modified, mode), [partHeader]: String(partSize), ...more }
  const request = { method: 'POST', key: keyOf(site, path), query: [['uploads', '']], headers, signal, what: 'begin to write', path } as const
  const { body } = await repeat(() => site.connection.send(request), { signal, call: 'upload', path })
  const uploadId = textOf(body, 'UploadId')
  if (uploadId === undefined) throw new StorageError('UNKNOWN', `${site.name} began to write ${path} and gave no id for it`, { path })
  return { path, uploadId, partSize }
}

/** Sends a part, again if the line breaks. @param digest - its MD5 */
export async function putPart(
  site: Site,
  { path, uploadId }: Multipart,
  index: number,
  part: Uint8Array,
  digest: Buffer,
  signal: AbortSignal | undefined,
): Promise<StoredPart> {
  const checks =
    site.settings.checksums === 'when-required' ? {} : contentHeaders({ ...site, settings: { ...site.settings, checksums: 'auto' } }, part, digest)
  const request = {
    method: 'PUT',
    key: keyOf(site, path),
    query: [
      ['partNumber', String(index + 1)],
      ['uploadId', uploadId],
    ],
    headers: { ...partHeaders(site), ...checks },
    body: part,
    signal,
    what: `write part ${index + 1} of`,
    path,
    repeatable: true,
  } as const
  const { headers } = await repeat(() => site.connection.send(request), { signal, call: 'write', path })
  return { etag: bareEtag(headers.etag ?? ''), size: part.length, md5: digest }
}

/**
 * Makes the object of its parts, in one step, if the conditions still hold. An answer that was lost is looked for.
 *
 * @throws StorageError `CORRUPT` if the server says that it is made of other bytes
 */
export async function completeMultipart(site: Site, multipart: Multipart, parts: readonly StoredPart[], options: WriteOptions): Promise<FileEntry> {
  const { path, uploadId } = multipart
  const { signal, modified, mode } = options
  const known = site.facts.server
  const key = keyOf(site, path)
  const list = parts.map(({ etag }, i) => `<Part><PartNumber>${i + 1}</PartNumber><ETag>${escapeXml(`"${etag}"`)}</ETag></Part>`)
  const body = Buffer.from(`<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${list.join('')}</CompleteMultipartUpload>`)
  const expected = expectedEtag(parts)
  const size = parts.reduce((sum, part) => sum + part.size, 0)
  let attempt = 0
  const etag = await repeat(
    async () => {
      attempt++
      try {
        const conditions = await conditionHeaders(site, path, options, {
          ifNoneMatch: known?.completeIfNoneMatch ?? false,
          ifMatch: known?.completeIfMatch ?? false,
        })
        const headers = { ...partHeaders(site), 'content-type': 'application/xml', ...conditions }
        const answer = await site.connection.send({
          method: 'POST',
          key,
          query: [['uploadId', uploadId]],
          headers,
          body,
          signal,
          what: 'complete',
          path,
        })
        return bareEtag(textOf(answer.body, 'ETag') ?? '') || (await etagOfCompleted(site, key, path, size, signal))
      } catch (error) {
        // The upload is gone, or another version is there: perhaps because an earlier try had its effect and only its answer was lost.
        const mayBeDone = serverCode(error) === 'NoSuchUpload' || (attempt > 1 && isStorageError(error, 'PRECONDITION_FAILED'))
        const there = mayBeDone && expected !== undefined ? await headOf(site, key, path, { signal }) : undefined
        if (there !== undefined && there.etag === expected && there.size === size) return there.etag
        throw error
      }
    },
    { signal, call: 'write', path },
  )
  // Of another form than an etag of parts, it is a server's own invention.
  if (expected !== undefined && /^[0-9a-f]{32}-\d+$/.test(etag) && etag !== expected)
    throw new StorageError('CORRUPT', `${site.name} made ${path} of other parts than were sent: its etag is ${etag} instead of ${expected}`, { path })
  return {
    kind: 'file',
    path,
    size,
    etag,
    ...(modified !== undefined && { modified }),
    ...(mode !== undefined && { mode: mode & 0o7777 }),
  }
}

/** Some servers answer with an empty etag (Ceph 16). What is there must be what was sent. */
async function etagOfCompleted(site: Site, key: string, path: Path, size: number, signal: AbortSignal | undefined): Promise<string> {
  const head = await headOf(site, key, path, { signal, what: 'look at the completed' })
  if (head?.size === size) return head.etag
  throw new StorageError('CORRUPT', `${site.name} completed ${path} and has ${head?.size ?? 'none'} of its ${size} bytes`, { path })
}

/** The etag that the object gets, if etags of its parts are MD5s. */
function expectedEtag(parts: readonly StoredPart[]): string | undefined {
  const digests: Buffer[] = []
  for (const { etag, md5: own } of parts) {
    if (!/^[0-9a-f]{32}$/.test(etag) || (own !== undefined && own.toString('hex') !== etag)) return undefined
    digests.push(Buffer.from(etag, 'hex'))
  }
  return multipartEtag(digests)
}

/** Forgets the upload and its parts; that there is none is fine. */
export async function abortMultipart(site: Site, { path, uploadId }: Pick<Multipart, 'path' | 'uploadId'>): Promise<void> {
  const request = {
    method: 'DELETE',
    key: keyOf(site, path),
    query: [['uploadId', uploadId]],
    headers: requestHeaders(site.settings),
    what: 'give up writing',
    path,
    repeatable: true,
    accept: [404],
  } as const
  await repeat(() => site.connection.send(request), { call: 'abort', path })
}

/** The parts that the server has, by index. @throws StorageError `NOT_FOUND` if it knows no such upload */
export async function storedParts(site: Site, { path, uploadId }: Multipart, signal: AbortSignal | undefined): Promise<Map<number, StoredPart>> {
  const parts = new Map<number, StoredPart>()
  for (let marker: string | undefined; ;) {
    const query: (readonly [string, string])[] = [['uploadId', uploadId], ...(marker === undefined ? [] : [['part-number-marker', marker] as const])]
    const request = {
      method: 'GET',
      key: keyOf(site, path),
      query,
      headers: requestHeaders(site.settings),
      signal,
      what: 'look at the parts of',
      path,
    } as const
    const { body } = await repeat(() => site.connection.send(request), { signal, call: 'upload', path })
    for (const part of each(body, 'Part')) {
      const stored = { etag: bareEtag(textOf(part, 'ETag') ?? ''), size: Number(textOf(part, 'Size')) }
      parts.set(Number(textOf(part, 'PartNumber')) - 1, stored)
    }
    const next = textOf(body, 'NextPartNumberMarker')
    if (textOf(body, 'IsTruncated') !== 'true' || next === undefined || next === marker) return parts
    marker = next
  }
}

/** The one empty part of an empty file. */
export async function putEmptyPart(site: Site, multipart: Multipart, signal: AbortSignal | undefined): Promise<StoredPart> {
  const empty = new Uint8Array(0)
  return await putPart(site, multipart, 0, empty, md5(empty), signal)
}
