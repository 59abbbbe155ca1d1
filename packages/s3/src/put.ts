import { createHash } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { isStorageError, StorageError, untilAborted, type FileEntry, type Path, type WriteOptions } from '@syncline/core'
import type { S3Answer } from './connection.ts'
import { md5 } from './digest.ts'
import { serverCode } from './errors.ts'
import type { IfMatchForm } from './facts.ts'
import { bareEtag, customerKeyHeaders, hidesMd5, metadataHeaders, objectHeaders, requestHeaders } from './metadata.ts'
import { keyOf, type Site } from './site.ts'
import { headOf } from './stat.ts'

/** What a write asks of what is there. */
export interface Conditions {
  readonly ifMatch?: string | undefined
  readonly ifNoneMatch?: '*' | undefined
}

/** Writes an object in one request: nobody sees a part of it, and the server refuses it if a byte was changed on the way. */
export async function put(site: Site, path: Path, body: Uint8Array, options: WriteOptions): Promise<FileEntry> {
  const { settings, connection } = site
  const { signal, modified, mode } = options
  const key = keyOf(site, path)
  const digest = md5(body)
  const hex = digest.toString('hex')
  const known = site.facts.server
  const conditions = await conditionHeaders(site, path, options, { ifNoneMatch: known?.putIfNoneMatch ?? false, ifMatch: known?.putIfMatch ?? false })
  const headers = {
    ...objectHeaders(settings, path),
    ...metadataHeaders(modified, mode),
    ...contentHeaders(site, body, digest),
    ...conditions,
  }
  const isConditional = options.ifMatch !== undefined || options.ifNoneMatch !== undefined
  const request = { method: 'PUT', key, headers, body, signal, what: 'write', path, repeatable: !isConditional } as const
  let answer: S3Answer | undefined
  for (let attempt = 1; answer === undefined; attempt++) {
    try {
      answer = await connection.send(request)
    } catch (error) {
      const code = serverCode(error) ?? ''
      if (isConditional && undecidedCodes.has(code) && attempt < 5) {
        await untilAborted(setTimeout(50 * attempt), signal)
        continue
      }
      // That it was replaced and that it was removed are the same to who wanted this version. A missing bucket is another thing.
      const failure = options.ifMatch !== undefined && code === 'NoSuchKey' ? changed(site, path, error) : error
      // A try that was not decided may have been ours that won.
      const there = attempt > 1 && isStorageError(failure, 'PRECONDITION_FAILED') ? await headOf(site, key, path, { signal }) : undefined
      if (there === undefined || there.etag !== hex || there.size !== body.length) throw failure
      answer = { status: 200, headers: there.headers, body: '' }
    }
  }
  const etag = checkStored(site, path, answer, hex)
  return {
    kind: 'file',
    path,
    size: body.length,
    etag,
    ...(modified !== undefined && { modified }),
    ...(mode !== undefined && { mode: mode & 0o7777 }),
    ...(etag === hex && !hidesMd5(answer.headers) && { hashes: { md5: hex } }),
  }
}

/** What servers say to two conditional writes of one key at once. One of the next tries is decided. Ceph calls it "UnknownError". */
const undecidedCodes: ReadonlySet<string> = new Set(['ConditionalRequestConflict', 'OperationAborted', 'UnknownError'])

/** Headers by which the server notices that content was changed on the way, and keeps a checksum if that is wanted. */
export function contentHeaders({ settings: { checksums } }: Site, body: Uint8Array, digest: Buffer): Record<string, string> {
  return {
    ...(checksums !== 'when-required' && { 'content-md5': digest.toString('base64') }),
    ...(checksums === 'always' && { 'x-amz-checksum-sha256': createHash('sha256').update(body).digest('base64') }),
  }
}

/** The etag of what was stored. @throws StorageError `CORRUPT` if it is an MD5 of other content */
function checkStored(site: Site, path: Path, { headers }: S3Answer, hex: string): string {
  const etag = bareEtag(headers.etag ?? '')
  const isMd5 = site.facts.md5Etags === true && !hidesMd5(headers)
  if (isMd5 && etag !== hex)
    throw new StorageError('CORRUPT', `${site.name} stored ${path} with the MD5 ${etag} instead of ${hex}`, { path, retryable: true })
  return etag
}

/**
 * Conditions as headers where the server decides them. Where it does not, looks at what is there, as late as here, and rejects if they do not hold.
 *
 * @throws StorageError `PRECONDITION_FAILED`
 */
export async function conditionHeaders(
  site: Site,
  path: Path,
  { ifMatch, ifNoneMatch, signal }: Conditions & Pick<WriteOptions, 'signal'>,
  server: { readonly ifNoneMatch: boolean; readonly ifMatch: IfMatchForm },
): Promise<Record<string, string>> {
  if (ifMatch !== undefined) {
    if (server.ifMatch !== false) return { 'if-match': server.ifMatch === 'quoted' ? `"${bareEtag(ifMatch)}"` : bareEtag(ifMatch) }
    await requireVersion(site, path, ifMatch, signal)
  }
  if (ifNoneMatch !== undefined) {
    if (server.ifNoneMatch) return { 'if-none-match': '*' }
    if ((await headOf(site, keyOf(site, path), path, { signal })) !== undefined)
      throw new StorageError('PRECONDITION_FAILED', `${path} exists on ${site.name} already`, { path })
  }
  return {}
}

/** @throws StorageError `PRECONDITION_FAILED` if another version is there, or nothing */
export async function requireVersion(site: Site, path: Path, version: string, signal: AbortSignal | undefined): Promise<void> {
  const head = await headOf(site, keyOf(site, path), path, { signal })
  if (head?.etag !== bareEtag(version)) throw changed(site, path)
}

function changed(site: Site, path: Path, cause?: unknown): StorageError {
  return new StorageError('PRECONDITION_FAILED', `${path} changed on ${site.name} since it was listed; run the sync again`, { path, cause })
}

/** Headers of a request for a part. */
export function partHeaders({ settings }: Site): Record<string, string> {
  return { ...requestHeaders(settings), ...customerKeyHeaders(settings.encryption) }
}
