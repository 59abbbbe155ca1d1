import type { IncomingHttpHeaders } from 'node:http'
import type { FileEntry, HashName, Path } from '@syncline/core'
import { md5Base64 } from './digest.ts'
import type { S3Encryption, Settings } from './options.ts'
import { queryString } from './sigv4.ts'

/** Seconds since the Unix epoch with a fraction: the key and form of rclone, which then shows our times, and we its. */
const timeHeader = 'x-amz-meta-mtime'
/** Permission bits in octal digits. */
const modeHeader = 'x-amz-meta-syncline-mode'
/** Bytes per part of an object that was sent in parts: with it a download can be proved by the etag. */
export const partHeader = 'x-amz-meta-syncline-part-size'

/** Headers of an object's own metadata. */
export function metadataHeaders(modified: number | undefined, mode: number | undefined): Record<string, string> {
  return {
    ...(modified !== undefined && { [timeHeader]: toSeconds(modified) }),
    ...(mode !== undefined && { [modeHeader]: (mode & 0o7777).toString(8).padStart(3, '0') }),
  }
}

/** Milliseconds as seconds with up to nine decimals, without an error of rounding. */
export function toSeconds(modified: number): string {
  const seconds = Math.floor(modified / 1000)
  const nanos = Math.round((modified - seconds * 1000) * 1e6)
  if (nanos === 1e9) return String(seconds + 1)
  if (nanos === 0) return String(seconds)
  // Below zero the integer part of the text is not the floor.
  if (seconds < 0) return `-${toSeconds(-modified)}`
  return `${seconds}.${String(nanos).padStart(9, '0').replace(/0+$/, '')}`
}

/** Seconds of any client as milliseconds, `undefined` for what is no number. */
export function fromSeconds(text: string | undefined): number | undefined {
  const match = /^(-?)(\d{1,12})(?:\.(\d+))?$/.exec(text ?? '')
  if (match === null) return undefined
  const [, sign, seconds, fraction = ''] = match as unknown as [string, string, string, string | undefined]
  const ms = Number(seconds) * 1000 + Number(fraction.slice(0, 9).padEnd(9, '0')) / 1e6
  return sign === '-' ? -ms : ms
}

/** Names of hashes by the header that has them, in base64. */
const checksums: readonly (readonly [header: string, name: HashName])[] = [
  ['x-amz-checksum-crc64nvme', 'crc64nvme'],
  ['x-amz-checksum-crc32c', 'crc32c'],
  ['x-amz-checksum-crc32', 'crc32'],
  ['x-amz-checksum-sha256', 'sha256'],
  ['x-amz-checksum-sha1', 'sha1'],
]

/** What the head of an answer tells of an object. */
export interface ObjectHead {
  readonly size: number
  /** Without quotes, as everywhere in this package. */
  readonly etag: string
  /** As the metadata has it, else the time of the upload. */
  readonly modified: number
  /** Whether `modified` is of the metadata. */
  readonly hasTime: boolean
  readonly mode?: number
  readonly hashes: Readonly<Partial<Record<HashName, string>>>
  /** Bytes per part, of what this package sent in parts. */
  readonly partSize?: number
  readonly headers: IncomingHttpHeaders
}

/** @param md5Etags - whether an etag that looks like an MD5 is one, as far as known */
export function readHead(headers: IncomingHttpHeaders, md5Etags: boolean): ObjectHead {
  const etag = bareEtag(headers.etag ?? '')
  const own = fromSeconds(text(headers[timeHeader]))
  const mode = /^[0-7]{3,4}$/.exec(text(headers[modeHeader]) ?? '')
  const partSize = Number(text(headers[partHeader]))
  const hashes: Partial<Record<HashName, string>> = {}
  const md5 = md5Etags && !hidesMd5(headers) ? md5Of(etag) : undefined
  if (md5 !== undefined) hashes.md5 = md5
  // Of an object in parts the checksums may be of the parts' checksums.
  if (text(headers['x-amz-checksum-type']) !== 'COMPOSITE')
    for (const [header, name] of checksums) {
      const value = text(headers[header])
      if (value !== undefined && !value.includes('-')) hashes[name] = Buffer.from(value, 'base64').toString('hex')
    }
  return {
    size: Number(headers['content-length'] ?? 0),
    etag,
    modified: own ?? Date.parse(headers['last-modified'] ?? ''),
    hasTime: own !== undefined,
    ...(mode !== null && { mode: parseInt(mode[0], 8) }),
    hashes,
    ...(Number.isSafeInteger(partSize) && partSize > 0 && { partSize }),
    headers,
  }
}

export function toEntry(path: Path, { size, etag, modified, mode, hashes }: ObjectHead): FileEntry {
  return {
    kind: 'file',
    path,
    size,
    etag,
    ...(Number.isFinite(modified) && { modified }),
    ...(mode !== undefined && { mode }),
    ...(Object.keys(hashes).length > 0 && { hashes }),
  }
}

/** Encrypted by KMS or with the customer's key: the etag is no MD5, although it looks like one. */
export function hidesMd5(headers: IncomingHttpHeaders): boolean {
  return (
    text(headers['x-amz-server-side-encryption'])?.startsWith('aws:kms') === true ||
    headers['x-amz-server-side-encryption-customer-algorithm'] !== undefined
  )
}

/** The MD5 that an etag of 32 hex digits is; an object in parts has another form. */
export function md5Of(etag: string): string | undefined {
  return etag.length === 32 && /^[0-9a-f]{32}$/.test(etag) ? etag : undefined
}

/** Without quotes. */
export function bareEtag(etag: string): string {
  return etag.replace(/^"|"$/g, '')
}

/** Headers of everything that makes an object: storage class, encryption, tags, who pays, media type. */
export function objectHeaders(settings: Settings, path: Path): Record<string, string> {
  const { storageClass, tags, contentType } = settings
  const type = contentType?.(path)
  return {
    ...requestHeaders(settings),
    ...(storageClass !== undefined && { 'x-amz-storage-class': storageClass }),
    ...(tags !== undefined &&
      Object.keys(tags).length > 0 && {
        // Not as a form: some servers take a "+" for itself.
        'x-amz-tagging': queryString(Object.entries(tags)),
      }),
    ...(type !== undefined && { 'content-type': type }),
    ...encryptionHeaders(settings.encryption),
  }
}

/** Headers of every request. */
export function requestHeaders({ requesterPays }: Pick<Settings, 'requesterPays'>): Record<string, string> {
  return requesterPays === true ? { 'x-amz-request-payer': 'requester' } : {}
}

function encryptionHeaders(encryption: S3Encryption | undefined): Record<string, string> {
  if (encryption === undefined) return {}
  if (encryption.type === 'customer') return customerKeyHeaders(encryption)
  if (encryption.type === 'AES256') return { 'x-amz-server-side-encryption': 'AES256' }
  return {
    'x-amz-server-side-encryption': encryption.type,
    ...(encryption.keyId !== undefined && { 'x-amz-server-side-encryption-aws-kms-key-id': encryption.keyId }),
    ...(encryption.bucketKey === true && { 'x-amz-server-side-encryption-bucket-key-enabled': 'true' }),
  }
}

/** A customer's key goes with reads and parts as well. */
export function customerKeyHeaders(encryption: S3Encryption | undefined, kind: '' | 'copy-source-' = ''): Record<string, string> {
  if (encryption?.type !== 'customer') return {}
  const start = `x-amz-${kind}server-side-encryption-customer-`
  const key = Buffer.from(encryption.key)
  return { [`${start}algorithm`]: 'AES256', [`${start}key`]: key.toString('base64'), [`${start}key-md5`]: md5Base64(key) }
}

function text(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}
