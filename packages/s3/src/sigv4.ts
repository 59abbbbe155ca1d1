import { createHash, createHmac } from 'node:crypto'
import type { S3Credentials } from './options.ts'

/** What is signed. */
export interface Signable {
  readonly method: string
  /** Encoded, from "/". */
  readonly path: string
  /** Names and values, not encoded. */
  readonly query: readonly (readonly [name: string, value: string])[]
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
}

/** With what it is signed. */
export interface SigningScope {
  readonly credentials: S3Credentials
  readonly region: string
  readonly service: string
  /** Milliseconds since the Unix epoch. */
  readonly now: number
  /** Header of the session token; directory buckets have one of their own. */
  readonly tokenHeader?: string
}

/** Stands for a payload whose hash is not part of the signature. */
export const unsignedPayload = 'UNSIGNED-PAYLOAD'

/**
 * Signs a request: resolves to the headers to send, with `authorization` among them.
 *
 * Amazon's own signer does the same in three times the time, after 30 ms to load it: much, for small requests and short runs. A test compares the two.
 *
 * @param payloadHash - hex SHA-256 of the body, or `UNSIGNED-PAYLOAD`
 * @see Signature Version 4 in the reference of Amazon S3
 */
export function sign(request: Signable, payloadHash: string, scope: SigningScope): Record<string, string> {
  const { credentials } = scope
  const { stamp, day } = timesOf(scope.now)
  const headers: Record<string, string> = { ...request.headers, 'x-amz-content-sha256': payloadHash, 'x-amz-date': stamp }
  if (credentials.sessionToken !== undefined) headers[scope.tokenHeader ?? 'x-amz-security-token'] = credentials.sessionToken
  const names = Object.keys(headers).sort()
  let lines = ''
  for (const name of names) lines += `${name}:${tidy(headers[name] as string)}\n`
  const signed = names.join(';')
  const canonical = `${request.method}\n${request.path}\n${queryString(request.query)}\n${lines}\n${signed}\n${payloadHash}`
  const place = `${day}/${scope.region}/${scope.service}/aws4_request`
  const signature = signatureOf(canonical, stamp, place, day, scope)
  headers['authorization'] = `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${place}, SignedHeaders=${signed}, Signature=${signature}`
  return headers
}

/** Signs by query parameters: resolves to the whole query string of a URL that works without further headers. */
export function presign(request: Signable, expiresIn: number, scope: SigningScope): string {
  const { credentials } = scope
  const { stamp, day } = timesOf(scope.now)
  const place = `${day}/${scope.region}/${scope.service}/aws4_request`
  const names = Object.keys(request.headers).sort()
  const signed = names.join(';')
  const query: (readonly [string, string])[] = [
    ...request.query,
    ['X-Amz-Algorithm', 'AWS4-HMAC-SHA256'],
    ['X-Amz-Credential', `${credentials.accessKeyId}/${place}`],
    ['X-Amz-Date', stamp],
    ['X-Amz-Expires', String(expiresIn)],
    ['X-Amz-SignedHeaders', signed],
  ]
  if (credentials.sessionToken !== undefined) query.push(['X-Amz-Security-Token', credentials.sessionToken])
  const lines = names.map(name => `${name}:${tidy(request.headers[name] as string)}\n`).join('')
  const encoded = queryString(query)
  const canonical = `${request.method}\n${request.path}\n${encoded}\n${lines}\n${signed}\n${unsignedPayload}`
  return `${encoded}&X-Amz-Signature=${signatureOf(canonical, stamp, place, day, scope)}`
}

/** Encoded and in the order in which it is signed. */
export function queryString(query: readonly (readonly [name: string, value: string])[]): string {
  if (query.length === 0) return ''
  // Sorted by name, then value: as whole texts, "a-b=" would come before "a=".
  const encoded = query.map(([name, value]) => [encodeName(name), encodeName(value)] as const)
  encoded.sort(([a, x], [b, y]) => (a < b ? -1 : a > b ? 1 : x < y ? -1 : 1))
  return encoded.map(([name, value]) => `${name}=${value}`).join('&')
}

/** Percent-encoding by RFC 3986: only letters, digits and "-._~" stay. */
export function encodeName(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, char => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
}

/** As {@link encodeName}, but "/" stays. */
export function encodeKey(key: string): string {
  return /^[\w.~/-]*$/.test(key) ? key : encodeName(key).replaceAll('%2F', '/')
}

/** Spaces at the ends go, and runs of them count as one. */
function tidy(value: string): string {
  return value.includes(' ') ? value.trim().replace(/ +/g, ' ') : value
}

function signatureOf(canonical: string, stamp: string, place: string, day: string, scope: SigningScope): string {
  // Everything but header values is ASCII, and Node sends those as Latin-1.
  const digest = createHash('sha256').update(canonical, 'latin1').digest('hex')
  return createHmac('sha256', signingKey(day, scope)).update(`AWS4-HMAC-SHA256\n${stamp}\n${place}\n${digest}`).digest('hex')
}

let lastKey: { readonly of: string; readonly secret: string; readonly key: Buffer } | undefined

/** The same all day long. */
function signingKey(day: string, { credentials, region, service }: SigningScope): Buffer {
  const of = `${day}/${region}/${service}`
  if (lastKey?.of === of && lastKey.secret === credentials.secretAccessKey) return lastKey.key
  let key: Buffer = createHmac('sha256', `AWS4${credentials.secretAccessKey}`).update(day).digest()
  for (const part of [region, service, 'aws4_request']) key = createHmac('sha256', key).update(part).digest()
  lastKey = { of, secret: credentials.secretAccessKey, key }
  return key
}

let lastTimes: { readonly second: number; readonly stamp: string; readonly day: string } | undefined

function timesOf(now: number): { readonly stamp: string; readonly day: string } {
  const second = Math.floor(now / 1000)
  if (lastTimes?.second !== second) {
    const stamp = `${new Date(second * 1000).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`
    lastTimes = { second, stamp, day: stamp.slice(0, 8) }
  }
  return lastTimes
}
