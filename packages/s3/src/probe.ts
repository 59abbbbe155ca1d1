import { randomUUID } from 'node:crypto'
import { type AbortOptions, isStorageError, repeat } from '@syncline/core'
import type { S3Answer } from './connection.ts'
import { md5, md5Base64 } from './digest.ts'
import type { IfMatchForm, ServerFacts } from './facts.ts'
import { bareEtag, customerKeyHeaders, hidesMd5, objectHeaders, requestHeaders } from './metadata.ts'
import { encodeKey, encodeName } from './sigv4.ts'
import type { Site } from './site.ts'
import { versionsFrom } from './versions.ts'
import { textOf } from './xml.ts'

/** What a server says that does not know a condition, does not let it hold, or is just deciding another request. */
const refusals = [400, 409, 412, 501]
const wrongEtag = '00000000000000000000000000000000'

/**
 * Finds out what the server does with conditions, by objects of our own that are removed again. Documentation does not tell: many servers ignore
 * conditions of a kind they do not know, and then a condition that does not hold overwrites.
 */
export async function probe(site: Site, { signal }: AbortOptions = {}): Promise<ServerFacts> {
  const scratch = new Scratch(site, signal)
  try {
    const [puts, removeIfMatch, copies, completes] = await Promise.all([
      probePut(scratch),
      probeRemove(scratch),
      probeCopy(scratch),
      probeComplete(scratch),
    ])
    return { ...puts, removeIfMatch, ...copies, ...completes }
  } finally {
    await scratch.clear()
  }
}

/** What is assumed where nothing can be tried: that no condition is honoured. */
export const nothingHonoured: ServerFacts = {
  putIfNoneMatch: false,
  putIfMatch: false,
  removeIfMatch: false,
  completeIfNoneMatch: false,
  completeIfMatch: false,
  copyIfNoneMatch: false,
  copyIfMatch: false,
  copySourceIfMatch: false,
  md5Etags: false,
  crc64nvme: false,
}

/** Objects that are removed at the end, with every version of them. */
class Scratch {
  readonly #site: Site
  readonly #signal: AbortSignal | undefined
  readonly #base: string
  readonly #made: { readonly key: string; readonly versionId: string | undefined }[] = []
  readonly #uploads: { readonly key: string; readonly uploadId: string }[] = []

  constructor(site: Site, signal: AbortSignal | undefined) {
    this.#site = site
    this.#signal = signal
    this.#base = `${site.settings.prefix}.syncline-tmp-probe-${randomUUID()}`
  }

  get bucket(): string {
    return this.#site.settings.bucket
  }

  get objectHeaders(): Record<string, string> {
    return objectHeaders(this.#site.settings, '')
  }

  get partHeaders(): Record<string, string> {
    return customerKeyHeaders(this.#site.settings.encryption)
  }

  get copyHeaders(): Record<string, string> {
    return { ...this.objectHeaders, ...customerKeyHeaders(this.#site.settings.encryption, 'copy-source-') }
  }

  key(name: string): string {
    return `${this.#base}-${name}`
  }

  async send(
    method: 'PUT' | 'POST' | 'DELETE',
    key: string,
    {
      headers = {},
      query = [],
      content,
    }: { headers?: Record<string, string>; query?: readonly (readonly [string, string])[]; content?: string | undefined } = {},
  ): Promise<S3Answer> {
    const body = content === undefined ? undefined : Buffer.from(content)
    const answer = await repeat(
      () =>
        this.#site.connection.send({
          method,
          key,
          query,
          headers: { ...requestHeaders(this.#site.settings), ...headers, ...(body !== undefined && { 'content-md5': md5Base64(body) }) },
          ...(body !== undefined && { body }),
          signal: this.#signal,
          what: 'find out what the server can do for',
          accept: refusals,
        }),
      { signal: this.#signal, call: 'probe' },
    )
    if (answer.status < 300 && method !== 'DELETE') {
      const versionId = answer.headers['x-amz-version-id']
      this.#made.push({ key, versionId: typeof versionId === 'string' ? versionId : undefined })
    }
    return answer
  }

  /** Writes an object; resolves to its etag, or `undefined` if it was refused. */
  async put(key: string, content: string, headers: Record<string, string> = {}): Promise<string | undefined> {
    const answer = await this.send('PUT', key, { headers: { ...this.objectHeaders, ...headers }, content })
    return answer.status < 300 ? bareEtag(answer.headers.etag ?? '') : undefined
  }

  async begin(key: string): Promise<string | undefined> {
    const { body } = await this.send('POST', key, { query: [['uploads', '']], headers: this.objectHeaders })
    const uploadId = textOf(body, 'UploadId')
    if (uploadId !== undefined) this.#uploads.push({ key, uploadId })
    return uploadId
  }

  async clear(): Promise<void> {
    const { connection, settings } = this.#site
    const headers = requestHeaders(settings)
    const remove = async (key: string, query: readonly (readonly [string, string])[]): Promise<void> => {
      await connection
        .send({ method: 'DELETE', key, query, headers, what: 'clear up after trying', repeatable: true, accept: [404] })
        .catch(() => undefined)
    }
    for (const { key, uploadId } of this.#uploads) await remove(key, [['uploadId', uploadId]])
    if (this.#made.some(({ versionId }) => versionId !== undefined)) {
      // A copy does not tell its version on every server: what there is, is listed.
      const start = this.#base.slice(settings.prefix.length)
      try {
        for await (const { path, versionId } of versionsFrom(this.#site, start)) await remove(settings.prefix + path, [['versionId', versionId]])
        return
      } catch {
        for (const { key, versionId } of this.#made) if (versionId !== undefined) await remove(key, [['versionId', versionId]])
      }
    }
    for (const key of new Set(this.#made.map(made => made.key))) await remove(key, [])
  }
}

/** Tries the conditions of one operation on what has `etag` now. Each try that succeeds may change the etag. */
async function probeIfMatch(etag: string, attempt: (ifMatch: string) => Promise<string | undefined>): Promise<IfMatchForm> {
  // Some servers compare the text with quotes to the etag without, so that no version ever matches.
  const quoted = await attempt(`"${etag}"`)
  const bare = quoted === undefined ? await attempt(etag) : undefined
  if (quoted === undefined && bare === undefined) return false
  const form = quoted === undefined ? 'bare' : 'quoted'
  const isIgnored = (await attempt(form === 'quoted' ? `"${wrongEtag}"` : wrongEtag)) !== undefined
  return isIgnored ? false : form
}

async function probePut(scratch: Scratch): Promise<Pick<ServerFacts, 'putIfNoneMatch' | 'putIfMatch' | 'md5Etags' | 'crc64nvme'>> {
  const key = scratch.key('put')
  const answer = await scratch.send('PUT', key, { headers: scratch.objectHeaders, content: 'one' })
  const etag = bareEtag(answer.headers.etag ?? '')
  const md5Etags = etag === md5(Buffer.from('one')).toString('hex') && !hidesMd5(answer.headers)
  const crc64nvme = answer.headers['x-amz-checksum-crc64nvme'] !== undefined
  const overwritten = await scratch.put(key, 'two', { 'if-none-match': '*' })
  const putIfNoneMatch = overwritten === undefined && (await scratch.put(scratch.key('new'), 'new', { 'if-none-match': '*' })) !== undefined
  const putIfMatch = await probeIfMatch(overwritten ?? etag, ifMatch => scratch.put(key, 'three', { 'if-match': ifMatch }))
  return { putIfNoneMatch, putIfMatch, md5Etags, crc64nvme }
}

async function probeRemove(scratch: Scratch): Promise<boolean> {
  const key = scratch.key('remove')
  const etag = await scratch.put(key, 'one')
  const wrong = await scratch.send('DELETE', key, { headers: { 'if-match': `"${wrongEtag}"` } })
  if (wrong.status < 300) return false
  const right = await scratch.send('DELETE', key, { headers: { 'if-match': `"${etag}"` } })
  return right.status < 300
}

async function probeCopy(scratch: Scratch): Promise<Pick<ServerFacts, 'copyIfNoneMatch' | 'copyIfMatch' | 'copySourceIfMatch'>> {
  const [from, to] = [scratch.key('from'), scratch.key('to')]
  await scratch.put(from, 'one')
  const etag = await scratch.put(to, 'two')
  const copy = async (headers: Record<string, string>): Promise<string | undefined> => {
    const source = `${encodeName(scratch.bucket)}/${encodeKey(from)}`
    const { status, body } = await scratch.send('PUT', to, { headers: { 'x-amz-copy-source': source, ...scratch.copyHeaders, ...headers } })
    return status < 300 ? bareEtag(textOf(body, 'ETag') ?? '') : undefined
  }
  const overwritten = await copy({ 'if-none-match': '*' })
  const copyIfMatch = await probeIfMatch(overwritten ?? etag ?? '', ifMatch => copy({ 'if-match': ifMatch }))
  const copySourceIfMatch = (await copy({ 'x-amz-copy-source-if-match': `"${wrongEtag}"` })) === undefined
  return { copyIfNoneMatch: overwritten === undefined, copyIfMatch, copySourceIfMatch }
}

async function probeComplete(scratch: Scratch): Promise<Pick<ServerFacts, 'completeIfNoneMatch' | 'completeIfMatch'>> {
  const key = scratch.key('parts')
  const etag = await scratch.put(key, 'one')
  const uploadId = await scratch.begin(key)
  if (uploadId === undefined || etag === undefined) return { completeIfNoneMatch: false, completeIfMatch: false }
  const query: (readonly [string, string])[] = [['uploadId', uploadId]]
  const part = await scratch.send('PUT', key, { query: [['partNumber', '1'], ...query], headers: scratch.partHeaders, content: 'two' })
  const list = `<Part><PartNumber>1</PartNumber><ETag>${part.headers.etag}</ETag></Part>`
  const content = `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${list}</CompleteMultipartUpload>`
  const isRefused = async (headers: Record<string, string>): Promise<boolean> =>
    (await scratch.send('POST', key, { query, headers: { 'content-type': 'application/xml', ...headers }, content })).status >= 300
  // An upload that a refusal leaves can be completed again; one that ignored the first condition is gone, and ignores the other too.
  if (!(await isRefused({ 'if-none-match': '*' }))) return { completeIfNoneMatch: false, completeIfMatch: false }
  if (!(await isRefused({ 'if-match': `"${wrongEtag}"` }))) return { completeIfNoneMatch: true, completeIfMatch: false }
  if (!(await isRefused({ 'if-match': `"${etag}"` }))) return { completeIfNoneMatch: true, completeIfMatch: 'quoted' }
  return { completeIfNoneMatch: true, completeIfMatch: (await isRefused({ 'if-match': etag })) ? false : 'bare' }
}

/** Whether a failed probe says that it may not be made, rather than that it cannot be made now. */
export function isForbidden(error: unknown): boolean {
  return isStorageError(error, 'PERMISSION_DENIED') || isStorageError(error, 'NOT_SUPPORTED')
}
