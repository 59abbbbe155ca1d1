import { StorageError, untilAborted, type Path, type RemoveOptions } from '@syncline/core'
import { md5Base64 } from './digest.ts'
import { serverCode, toStorageError } from './errors.ts'
import { bareEtag, requestHeaders } from './metadata.ts'
import { requireVersion } from './put.ts'
import { keyOf, type Site } from './site.ts'
import { each, escapeXml, textOf } from './xml.ts'

/** Keys in one request at most. */
const mostKeys = 1000

interface Waiting {
  readonly key: string
  readonly path: Path
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/**
 * Removes objects. Calls that come at the same time go to the server as one request: with a thousand of them, one in place of a thousand.
 */
export class Remover {
  readonly #site: Site
  #waiting: Waiting[] = []

  constructor(site: Site) {
    this.#site = site
  }

  /** Removes one object; that there is none is fine. */
  async remove(path: Path, { signal, ifMatch }: RemoveOptions = {}): Promise<void> {
    const site = this.#site
    const key = keyOf(site, path)
    if (ifMatch !== undefined) {
      if (site.facts.server?.removeIfMatch === true) return await this.#removeOne(key, path, { 'if-match': `"${bareEtag(ifMatch)}"` }, signal)
      await requireVersion(site, path, ifMatch, signal)
    }
    await untilAborted(this.key(key, path), signal)
  }

  /** Removes what is under a key, whatever it is. */
  key(key: string, path: Path): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.length === 0) setImmediate(() => this.#flush())
      this.#waiting.push({ key, path, resolve, reject })
    })
  }

  #flush(): void {
    const all = this.#waiting
    this.#waiting = []
    // Control characters have no place in XML.
    const [plain, odd] = [all.filter(({ key }) => !unprintable.test(key)), all.filter(({ key }) => unprintable.test(key))]
    const single = plain.length === 1 || this.#site.settings.express ? plain.splice(0) : []
    for (const { key, path, resolve, reject } of [...odd, ...single]) this.#removeOne(key, path, {}, undefined).then(resolve, reject)
    for (let i = 0; i < plain.length; i += mostKeys) void this.#removeMany(plain.slice(i, i + mostKeys))
  }

  async #removeOne(key: string, path: Path, headers: Record<string, string>, signal: AbortSignal | undefined): Promise<void> {
    const isConditional = headers['if-match'] !== undefined
    const request = {
      method: 'DELETE',
      key,
      headers: { ...requestHeaders(this.#site.settings), ...headers },
      signal,
      what: 'remove',
      path,
      repeatable: !isConditional,
    } as const
    await this.#site.connection.send(request).catch((error: unknown) => {
      if (serverCode(error) !== 'NoSuchKey') throw error
    })
  }

  async #removeMany(batch: readonly Waiting[]): Promise<void> {
    const site = this.#site
    const objects = batch.map(({ key }) => `<Object><Key>${escapeXml(key)}</Key></Object>`).join('')
    const body = Buffer.from(`<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Quiet>true</Quiet>${objects}</Delete>`)
    const headers = { ...requestHeaders(site.settings), 'content-type': 'application/xml', 'content-md5': md5Base64(body) }
    const attempted = { what: 'remove', name: site.name, bucket: site.settings.bucket }
    try {
      const answer = await site.connection.send({
        method: 'POST',
        query: [['delete', '']],
        headers,
        body,
        what: 'remove files from',
        repeatable: true,
      })
      const failures = new Map<string, string>()
      for (const failure of each(answer.body, 'Error')) failures.set(textOf(failure, 'Key') ?? '', failure)
      for (const { key, path, resolve, reject } of batch) {
        const failure = failures.get(key)
        if (failure === undefined || textOf(failure, 'Code') === 'NoSuchKey') resolve()
        else reject(toStorageError({ status: 0, headers: {}, body: failure }, { ...attempted, path }))
      }
    } catch (error) {
      for (const { path, reject } of batch) reject(withPath(error, path))
    }
  }
}

// eslint-disable-next-line no-control-regex -- these are what is looked for
const unprintable = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/

/** The error of a batch as that of one of its paths. */
function withPath(error: unknown, path: Path): unknown {
  if (!(error instanceof StorageError)) return error
  const { code, message, retryable, retryAfterMs, cause } = error
  return new StorageError(code, `could not remove ${path}: ${message}`, { path, retryable, retryAfterMs, cause })
}
