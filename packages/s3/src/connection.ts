import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { StorageError, type Path } from '@syncline/core'
import { type Attempted, codeOf, networkError, type Refusal, toStorageError } from './errors.ts'
import { Http, textOfAnswer } from './http.ts'
import type { S3Credentials, Settings } from './options.ts'
import { credentialsOf, destinationOf, loadSdk, type Destination, type Sdk } from './sdk.ts'
import { encodeKey, presign, queryString, sign, unsignedPayload } from './sigv4.ts'
import { textOf } from './xml.ts'

/** A request for an object, or for the bucket where `key` is absent. */
export interface S3Request {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE'
  readonly key?: string
  readonly query?: readonly (readonly [name: string, value: string])[]
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array | undefined
  readonly signal?: AbortSignal | undefined
  /** For messages, as in "read". */
  readonly what: string
  readonly path?: Path | undefined
  /** Having it done twice is the same as once; default: true for GET and HEAD. Then a connection that had gone stale is no failure. */
  readonly repeatable?: boolean
  /** Statuses that are no error. */
  readonly accept?: readonly number[]
}

/** An answer that was read. */
export interface S3Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

const noBody = createHash('sha256').digest('hex')
/** Milliseconds before their end at which credentials are asked for again. */
const renewBefore = 5 * 60_000
const expiredCodes: ReadonlySet<string> = new Set(['ExpiredToken', 'ExpiredTokenException', 'TokenRefreshRequired'])

/**
 * Requests to one bucket: signed, over connections that are kept, with the little that can be put right on the way put right: expired credentials
 * are renewed, a wrong region and a wrong clock are taken from the answer. Every other failure comes out as a `StorageError`.
 */
export class Connection {
  readonly name: string
  readonly settings: Settings
  readonly #http: Http
  #sdk: Promise<Sdk> | undefined
  #destination: Destination | undefined
  #opening: Promise<Destination> | undefined
  #credentials: S3Credentials | undefined
  #renewing: Promise<S3Credentials> | undefined
  /** Milliseconds to add to this clock to get the server's. */
  #clockOffset = 0

  constructor(name: string, settings: Settings) {
    this.name = name
    this.settings = settings
    this.#http = new Http(settings.concurrency * 2, settings.timeoutMs, settings.caFile)
  }

  /** Sends a request and reads the answer. */
  async send(request: S3Request): Promise<S3Answer> {
    const answer = await this.open(request)
    try {
      // Node has ended an answer without a body before anybody asks.
      const body = request.method === 'HEAD' || answer.statusCode === 204 ? drained(answer) : await textOfAnswer(answer)
      // An answer that took long begins with 200 and may end in an error.
      if (answer.statusCode === 200 && /^(?:<\?xml[^>]*>)?\s*<Error>/.test(body))
        throw toStorageError(refusalOf(answer, body), this.#attempted(request))
      return { status: answer.statusCode as number, headers: answer.headers, body }
    } catch (error) {
      request.signal?.throwIfAborted()
      throw networkError(error, this.#attempted(request))
    }
  }

  /** Sends a request and resolves when the body of the answer can be read, by the caller. */
  async open(request: S3Request): Promise<IncomingMessage> {
    const { method, signal, accept = [] } = request
    const put = new Set<string>()
    for (;;) {
      signal?.throwIfAborted()
      const destination = this.#destination ?? (await this.destination(request))
      const credentials = this.#current() ?? (await this.#renew(request))
      let answer: IncomingMessage
      try {
        answer = await this.#http.send({ ...this.#toHttp(request, destination, credentials), signal })
      } catch (error) {
        signal?.throwIfAborted()
        const stale = (error as { readonly reused?: boolean }).reused === true && (request.repeatable ?? (method === 'GET' || method === 'HEAD'))
        if (stale && !put.has('stale')) {
          put.add('stale')
          continue
        }
        throw networkError(error, this.#attempted(request))
      }
      const status = answer.statusCode as number
      if ((status >= 200 && status < 300) || accept.includes(status)) return answer
      const refusal = refusalOf(answer, await textOfAnswer(answer).catch(() => ''))
      const remedy = this.#remedy(refusal, destination)
      if (remedy === undefined || put.has(remedy)) throw toStorageError(refusal, this.#attempted(request))
      put.add(remedy)
    }
  }

  /** A URL that works for `expiresIn` seconds without credentials. */
  async presign(
    method: 'GET' | 'PUT' | 'HEAD' | 'DELETE',
    key: string,
    expiresIn: number,
    query: S3Request['query'],
    headers: Record<string, string>,
  ): Promise<string> {
    const attempted = { what: 'sign a URL for' }
    const destination = await this.destination(attempted)
    const credentials = this.#current() ?? (await this.#renew(attempted))
    const path = pathOf(destination, key)
    const signed = presign({ method, path, query: query ?? [], headers: { ...headers, host: destination.url.host } }, expiresIn, {
      ...this.#scope(destination, credentials),
    })
    return `${destination.url.protocol}//${destination.url.host}${path}?${signed}`
  }

  /** Amazon's SDK, with the same configuration. */
  sdk(): Promise<Sdk> {
    return (this.#sdk ??= loadSdk(this.settings, this.settings.endpoint ?? environmentEndpoint()))
  }

  /** Where requests go, which is looked up once. */
  async destination(attempted: Pick<Attempted, 'what' | 'path'>): Promise<Destination> {
    try {
      return (this.#destination ??= await (this.#opening ??= this.#locate()))
    } catch (error) {
      this.#opening = undefined
      throw new StorageError('UNAVAILABLE', `could not ${attempted.what} ${this.name}: its endpoint is not known (${String(error)})`, {
        path: attempted.path,
        retryable: false,
        cause: error,
      })
    }
  }

  /** Who asks: two storages of one server with the same account can copy from each other. */
  async account(): Promise<string> {
    const destination = await this.destination({ what: 'open' })
    const { accessKeyId } = this.#current() ?? (await this.#renew({ what: 'open' }))
    const { protocol, port } = destination.url
    return `${protocol}//${destination.url.hostname.replace(`${this.settings.bucket}.`, '')}:${port} ${accessKeyId}`
  }

  close(): void {
    this.#http.close()
  }

  #toHttp(request: S3Request, destination: Destination, credentials: S3Credentials): Parameters<Http['send']>[0] {
    const { url } = destination
    const { method, key, query = [], body } = request
    const path = pathOf(destination, key)
    const headers = { ...request.headers, host: url.host }
    // Over https the line protects what it carries; the MD5 protects the rest of the way.
    const hash = body === undefined || body.length === 0 ? noBody : url.protocol === 'https:' ? unsignedPayload : sha256(body)
    const signed = sign({ method, path, query, headers }, hash, this.#scope(destination, credentials))
    const encoded = queryString(query)
    return {
      url,
      method,
      target: encoded === '' ? path : `${path}?${encoded}`,
      headers: signed,
      body: body ?? (method === 'PUT' ? new Uint8Array(0) : undefined),
    }
  }

  #scope({ region, service }: Destination, credentials: S3Credentials): Parameters<typeof sign>[2] {
    const tokenHeader = service === 's3express' ? { tokenHeader: 'x-amz-s3session-token' } : {}
    return { credentials, region, service, now: Date.now() + this.#clockOffset, ...tokenHeader }
  }

  #attempted({ what, path }: Pick<Attempted, 'what' | 'path'>): Attempted {
    return { what, path, name: this.name, bucket: this.settings.bucket }
  }

  /** Puts right what an answer says is wrong with the request; resolves to the name of what it did. */
  #remedy(refusal: Refusal, destination: Destination): 'clock' | 'credentials' | 'region' | undefined {
    const code = codeOf(refusal)
    if (code === 'RequestTimeTooSkewed') {
      const theirs = Date.parse(String(refusal.headers['date'] ?? ''))
      if (Number.isNaN(theirs)) return undefined
      this.#clockOffset = theirs - Date.now()
      return 'clock'
    }
    if (
      code !== undefined &&
      expiredCodes.has(code) &&
      (this.settings.credentials === undefined || typeof this.settings.credentials === 'function')
    ) {
      this.#credentials = undefined
      this.#expired = true
      return 'credentials'
    }
    const region = refusal.headers['x-amz-bucket-region'] ?? textOf(refusal.body, 'Region')
    const isElsewhere = [301, 307, 400, 403].includes(refusal.status) && typeof region === 'string' && region !== '' && region !== destination.region
    if (!isElsewhere) return undefined
    this.#destination = undefined
    this.#opening = this.#locate(region)
    return 'region'
  }

  async #locate(regionHint?: string): Promise<Destination> {
    const { endpoint = environmentEndpoint(), bucket, profile, pathStyle = true, express } = this.settings
    const region = regionHint ?? this.settings.region ?? process.env['AWS_REGION'] ?? process.env['AWS_DEFAULT_REGION']
    // All is said: the SDK is not needed to find anything out.
    if (endpoint !== undefined && (region !== undefined || profile === undefined) && !express) {
      const url = new URL(endpoint)
      if (!['http:', 'https:'].includes(url.protocol)) throw new TypeError(`endpoint must be an http or https URL, got ${endpoint}`)
      const base = url.pathname.replace(/\/+$/, '')
      const at = pathStyle ? new URL(`${url.origin}${base}/${bucket}`) : new URL(`${url.protocol}//${bucket}.${url.host}${base}`)
      return { url: at, region: region ?? 'us-east-1', service: 's3' }
    }
    return await destinationOf(await this.sdk(), this.settings, regionHint)
  }

  #current(): S3Credentials | undefined {
    const end = this.#credentials?.expiration
    return end === undefined || end.getTime() - renewBefore > Date.now() ? this.#credentials : undefined
  }

  #expired = false

  async #renew(attempted: Pick<Attempted, 'what' | 'path'>): Promise<S3Credentials> {
    try {
      this.#credentials = await (this.#renewing ??= this.#ask(this.#expired))
      this.#expired = false
      return this.#credentials
    } catch (error) {
      throw new StorageError(
        'UNAUTHENTICATED',
        `could not ${attempted.what} ${this.name}: no credentials (${String(error)}); set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile`,
        { path: attempted.path, cause: error },
      )
    } finally {
      this.#renewing = undefined
    }
  }

  async #ask(refresh: boolean): Promise<S3Credentials> {
    const { credentials, profile, express } = this.settings
    if (express) return await credentialsOf(await this.sdk(), this.settings, refresh)
    if (typeof credentials === 'function') return await credentials()
    if (credentials !== undefined) return credentials
    const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: sessionToken } = process.env
    if (profile === undefined && accessKeyId !== undefined && secretAccessKey !== undefined && accessKeyId !== '' && secretAccessKey !== '')
      return { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && sessionToken !== '' && { sessionToken }) }
    return await credentialsOf(await this.sdk(), this.settings, refresh)
  }
}

function environmentEndpoint(): string | undefined {
  if (process.env['AWS_IGNORE_CONFIGURED_ENDPOINT_URLS'] === 'true') return undefined
  return process.env['AWS_ENDPOINT_URL_S3'] || process.env['AWS_ENDPOINT_URL'] || undefined
}

/** The bucket's path and the key, encoded. */
function pathOf({ url }: Destination, key: string | undefined): string {
  const base = url.pathname === '/' ? '' : url.pathname
  return key === undefined ? base || '/' : `${base}/${encodeKey(key)}`
}

function sha256(body: Uint8Array): string {
  return createHash('sha256').update(body).digest('hex')
}

function refusalOf(answer: IncomingMessage, body: string): Refusal {
  return { status: answer.statusCode as number, headers: answer.headers, body }
}

function drained(answer: IncomingMessage): string {
  answer.resume()
  return ''
}
