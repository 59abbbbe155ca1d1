import type { IncomingHttpHeaders } from 'node:http'
import { isStorageError, type Path, type ReadOptions, repeat, StorageError } from '@syncline/core'
import { EtagOfContent } from './digest.ts'
import { networkError } from './errors.ts'
import { bareEtag, customerKeyHeaders, hidesMd5, md5Of, readHead, requestHeaders } from './metadata.ts'
import { keyOf, rootError, type Site } from './site.ts'

/** Tries without a byte of progress. */
const attempts = 4

/**
 * The content of an object, or a range of it. A connection that breaks is taken up again at the byte it had come to, in the same version, and a whole
 * object is proved by its MD5 at the end, where its etag is one.
 */
export async function* read(site: Site, path: Path, options: ReadOptions = {}): AsyncGenerator<Uint8Array> {
  const { offset = 0, length, ifMatch, signal } = options
  signal?.throwIfAborted()
  const key = keyOf(site, path)
  if (path === '') throw rootError(site, 'read')
  const isWhole = offset === 0 && length === undefined
  const answer = await open(site, key, path, { from: offset, length, ifMatch, signal })
  if (answer === undefined || length === 0) {
    answer?.body.destroy()
    return
  }
  const etag = bareEtag(answer.headers.etag ?? '')
  const proof = isWhole ? proofFor(site, answer.headers) : undefined
  const end = offset + answer.size
  let at = offset
  let body = answer.body
  let failures = 0
  for (;;) {
    try {
      for await (const chunk of body as AsyncIterable<Buffer>) {
        at += chunk.length
        failures = 0
        proof?.update(chunk)
        yield chunk
        signal?.throwIfAborted()
      }
      if (at < end) throw Object.assign(new Error(`it ended ${end - at} bytes early`), { code: 'ECONNRESET' })
      break
    } catch (error) {
      signal?.throwIfAborted()
      failures++
      const failure = networkError(error, { what: 'read', path, name: site.name, bucket: site.settings.bucket })
      // Without a version to hold on to, two could be mixed.
      if (!isStorageError(failure) || !failure.retryable || failures >= attempts || etag === '') throw failure
      const again = await repeat(() => open(site, key, path, { from: at, length: end - at, ifMatch: etag, signal }), { signal, call: 'read', path })
      if (again === undefined) break
      body = again.body
    }
  }
  const actual = proof?.digest()
  if (actual === undefined || actual === etag) return
  throw new StorageError('CORRUPT', `${path} came from ${site.name} with other bytes than its etag ${etag} says: they have ${actual}`, {
    path,
    retryable: true,
  })
}

interface Range {
  readonly from: number
  readonly length: number | undefined
  readonly ifMatch: string | undefined
  readonly signal: AbortSignal | undefined
}

interface Opened {
  readonly body: AsyncIterable<unknown> & { destroy(): unknown }
  readonly headers: IncomingHttpHeaders
  /** Bytes to come. */
  readonly size: number
}

/** `undefined` for a range behind the end. */
async function open(site: Site, key: string, path: Path, { from, length, ifMatch, signal }: Range): Promise<Opened | undefined> {
  const { settings, connection } = site
  // No range can be empty; its first byte shows that the object is there.
  const until = length === undefined ? '' : from + Math.max(length, 1) - 1
  const headers: Record<string, string> = {
    ...requestHeaders(settings),
    ...customerKeyHeaders(settings.encryption),
    ...(ifMatch !== undefined && { 'if-match': `"${bareEtag(ifMatch)}"` }),
    ...((from > 0 || length !== undefined) && { range: `bytes=${from}-${until}` }),
  }
  const body = await connection.open({ method: 'GET', key, headers, signal, what: 'read', path, accept: [416] })
  if (body.statusCode === 416) {
    body.resume()
    return undefined
  }
  if (ifMatch !== undefined && bareEtag(body.headers.etag ?? '') !== bareEtag(ifMatch)) {
    body.destroy()
    throw new StorageError('PRECONDITION_FAILED', `${path} changed on ${site.name} since it was listed; run the sync again`, { path })
  }
  const answered = { body, headers: body.headers, size: Number(body.headers['content-length'] ?? 0) }
  if (body.statusCode === 206 || headers['range'] === undefined) return answered
  // A server that does not know ranges would give the start once more.
  body.destroy()
  throw new StorageError('NOT_SUPPORTED', `${site.name} does not give parts of ${path}`, { path })
}

/** What the content must come to, where the etag says it. */
function proofFor(site: Site, headers: IncomingHttpHeaders): EtagOfContent | undefined {
  const { etag, partSize, size } = readHead(headers, true)
  if (site.facts.md5Etags === false || hidesMd5(headers)) return undefined
  if (md5Of(etag) !== undefined) return new EtagOfContent(0)
  const [, count] = /^[0-9a-f]{32}-(\d+)$/.exec(etag) ?? []
  return partSize !== undefined && Math.max(1, Math.ceil(size / partSize)) === Number(count) ? new EtagOfContent(partSize) : undefined
}
