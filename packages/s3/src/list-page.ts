import { repeat, StorageError, type Path } from '@syncline/core'
import { bareEtag, requestHeaders } from './metadata.ts'
import type { Site } from './site.ts'
import { each, textOf, unescapeXml } from './xml.ts'

/** Where a page begins; default: at the start. */
export interface PageStart {
  readonly token?: string
  readonly startAfter?: string
}

/** An object as a listing shows it. */
export interface ListedObject {
  readonly key: string
  readonly size: number
  readonly etag: string
}

export interface ListPage {
  readonly objects: readonly ListedObject[]
  readonly prefixes: readonly string[]
  readonly token?: string
}

interface PageOptions extends PageStart {
  readonly recursive?: boolean
  readonly signal?: AbortSignal | undefined
  /** Objects at most. */
  readonly limit?: number
}

/** One request. A failure that passes is repeated: the pages before need not be asked for again. */
export async function listPage(site: Site, path: Path, prefix: string, options: PageOptions = {}): Promise<ListPage> {
  const { token, startAfter, recursive = true, signal, limit } = options
  const query: (readonly [string, string])[] = [
    ['list-type', '2'],
    ['encoding-type', 'url'],
    ...(prefix === '' ? [] : [['prefix', prefix] as const]),
    ...(recursive ? [] : [['delimiter', '/'] as const]),
    ...(token === undefined ? [] : [['continuation-token', token] as const]),
    ...(startAfter === undefined ? [] : [['start-after', startAfter] as const]),
    ...(limit === undefined ? [] : [['max-keys', String(limit)] as const]),
  ]
  const headers = requestHeaders(site.settings)
  const request = { method: 'GET', query, headers, signal, what: 'list', path } as const
  const { body } = await repeat(() => site.connection.send(request), { signal, call: 'list', path })
  return parsePage(body)
}

/** Reads an answer of ListObjectsV2. */
export function parsePage(body: string): ListPage {
  const isEncoded = body.includes('<EncodingType>url</EncodingType>')
  const decode = (text: string): string => (isEncoded ? decodeKey(unescapeXml(text)) : unescapeXml(text))
  const objects: ListedObject[] = []
  let at = body.indexOf('<Contents>')
  const head = at === -1 ? body : body.slice(0, at)
  let tail = body
  for (; at !== -1; at = body.indexOf('<Contents>', at)) {
    const end = body.indexOf('</Contents>', at)
    if (end === -1) break
    objects.push({
      key: decode(between(body, '<Key>', '</Key>', at, end)),
      size: Number(between(body, '<Size>', '</Size>', at, end)),
      etag: bareEtag(unescapeXml(between(body, '<ETag>', '</ETag>', at, end))),
    })
    at = end
  }
  if (objects.length > 0) tail = body.slice(body.lastIndexOf('</Contents>'))
  const prefixes = [...each(body, 'CommonPrefixes')].map(inside => decode(between(inside, '<Prefix>', '</Prefix>', 0, inside.length)))
  // What tells of the page stands before or behind the objects, by server.
  const isTruncated = (textOf(head, 'IsTruncated') ?? textOf(tail, 'IsTruncated')) === 'true'
  const token = textOf(head, 'NextContinuationToken') ?? textOf(tail, 'NextContinuationToken')
  if (isTruncated && (token === undefined || token === ''))
    throw new StorageError('UNAVAILABLE', 'the server cut a listing short and did not say where it goes on')
  return { objects, prefixes, ...(isTruncated && token !== undefined && { token }) }
}

function between(text: string, open: string, close: string, from: number, to: number): string {
  const start = text.indexOf(open, from)
  if (start === -1 || start > to) return ''
  return text.slice(start + open.length, text.indexOf(close, start))
}

/** Percent-encoding with "+" for a space. What is not UTF-8 stays as it came, and is no path then. */
function decodeKey(text: string): string {
  if (!text.includes('%') && !text.includes('+')) return text
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return `${text}/`
  }
}
