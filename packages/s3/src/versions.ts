import type { ListMultipartUploadsCommandOutput, ListObjectVersionsCommandOutput } from '@aws-sdk/client-s3'
import type { AbortOptions, FileEntry, Path } from '@syncline/core'
import { copy } from './copy.ts'
import { networkError, toStorageError } from './errors.ts'
import { bareEtag } from './metadata.ts'
import type { Sdk } from './sdk.ts'
import { keyOf, type Site } from './site.ts'

/** One version of an object in a versioned bucket. */
export interface S3Version {
  readonly path: Path
  readonly versionId: string
  readonly isCurrent: boolean
  /** A mark that the object was removed then: it has no content. */
  readonly isRemoval: boolean
  /** Bytes. */
  readonly size: number
  readonly etag: string | undefined
  /** Milliseconds since the Unix epoch: when it was stored. */
  readonly stored: number
}

/** An upload in parts that was begun and neither completed nor given up. Its parts are paid for. */
export interface S3StaleUpload {
  readonly path: Path
  readonly uploadId: string
  /** Milliseconds since the Unix epoch. */
  readonly begun: number
}

interface VersionMarker {
  readonly KeyMarker?: string
  readonly VersionIdMarker?: string
}

interface UploadMarker {
  readonly KeyMarker?: string
  readonly UploadIdMarker?: string
}

/** The versions of everything at or below a path, the newest of each first. */
export async function* versions(site: Site, path: Path, options: AbortOptions = {}): AsyncGenerator<S3Version> {
  options.signal?.throwIfAborted()
  const below = path === '' ? '' : `${path}/`
  if (path !== '') keyOf(site, path)
  for await (const version of versionsFrom(site, path, options))
    if (path === '' || version.path === path || version.path.startsWith(below)) yield version
}

/** The versions of everything whose path starts so. */
export async function* versionsFrom(site: Site, path: string, { signal }: AbortOptions = {}): AsyncGenerator<S3Version> {
  const { prefix } = site.settings
  for (let marker: VersionMarker | undefined = {}; marker !== undefined;) {
    const from: VersionMarker = marker
    const page: ListObjectVersionsCommandOutput = await call(site, 'list the versions of', path, signal, ({ commands, client }) =>
      client.send(new commands.ListObjectVersionsCommand({ Bucket: site.settings.bucket, Prefix: prefix + path, ...from }), abortOf(signal)),
    )
    const found = [
      ...(page.Versions ?? []).map(version => ({ ...version, isRemoval: false })),
      ...(page.DeleteMarkers ?? []).map(version => ({ ...version, isRemoval: true, Size: 0, ETag: undefined })),
    ]
    for (const { Key = '', VersionId = 'null', IsLatest = false, isRemoval, Size = 0, ETag, LastModified } of found.sort(newestFirst)) {
      const etag = ETag === undefined ? undefined : bareEtag(ETag)
      yield {
        path: Key.slice(prefix.length),
        versionId: VersionId,
        isCurrent: IsLatest,
        isRemoval,
        size: Size,
        etag,
        stored: LastModified?.getTime() ?? 0,
      }
    }
    marker =
      page.IsTruncated === true
        ? {
            ...(page.NextKeyMarker !== undefined && { KeyMarker: page.NextKeyMarker }),
            ...(page.NextVersionIdMarker !== undefined && { VersionIdMarker: page.NextVersionIdMarker }),
          }
        : undefined
  }
}

interface Sortable {
  readonly Key?: string | undefined
  readonly IsLatest?: boolean | undefined
  readonly LastModified?: Date | undefined
}

/** Two lists of one page as one: in the order of keys as they came, each key's newest first. */
function newestFirst(a: Sortable, b: Sortable): number {
  if (a.Key !== b.Key) return Buffer.compare(Buffer.from(a.Key ?? ''), Buffer.from(b.Key ?? ''))
  if (a.IsLatest !== b.IsLatest) return a.IsLatest === true ? -1 : 1
  return (b.LastModified?.getTime() ?? 0) - (a.LastModified?.getTime() ?? 0)
}

/** Makes an older version the current one again, by copying it. The versions between stay. */
export async function restoreVersion(site: Site, path: Path, versionId: string, { signal }: AbortOptions = {}): Promise<FileEntry> {
  return await copy(site, { site, path, versionId }, path, { signal })
}

/** Uploads in parts that were begun below the prefix and not ended. */
export async function* staleUploads(site: Site, { signal }: AbortOptions = {}): AsyncGenerator<S3StaleUpload> {
  signal?.throwIfAborted()
  const { prefix, bucket } = site.settings
  for (let marker: UploadMarker | undefined = {}; marker !== undefined;) {
    const from: UploadMarker = marker
    const page: ListMultipartUploadsCommandOutput = await call(site, 'list the unfinished uploads of', '', signal, ({ commands, client }) =>
      client.send(new commands.ListMultipartUploadsCommand({ Bucket: bucket, Prefix: prefix, ...from }), abortOf(signal)),
    )
    for (const { Key = '', UploadId = '', Initiated } of page.Uploads ?? []) {
      if (Key.startsWith(prefix)) yield { path: Key.slice(prefix.length), uploadId: UploadId, begun: Initiated?.getTime() ?? 0 }
    }
    marker =
      page.IsTruncated === true
        ? {
            ...(page.NextKeyMarker !== undefined && { KeyMarker: page.NextKeyMarker }),
            ...(page.NextUploadIdMarker !== undefined && { UploadIdMarker: page.NextUploadIdMarker }),
          }
        : undefined
  }
}

function abortOf(signal: AbortSignal | undefined): { readonly abortSignal?: AbortSignal } {
  return signal === undefined ? {} : { abortSignal: signal }
}

/** Calls the SDK, and makes errors of a storage of its errors. */
async function call<T>(site: Site, what: string, path: Path, signal: AbortSignal | undefined, run: (sdk: Sdk) => Promise<T>): Promise<T> {
  const attempted = { what, path, name: site.name, bucket: site.settings.bucket }
  try {
    return await run(await site.connection.sdk())
  } catch (error) {
    signal?.throwIfAborted()
    const { name, message, $metadata } = error as Error & { readonly $metadata?: { readonly httpStatusCode?: number } }
    if ($metadata?.httpStatusCode === undefined) throw networkError(error, attempted)
    throw toStorageError({ status: $metadata.httpStatusCode, headers: {}, body: `<Code>${name}</Code><Message>${message}</Message>` }, attempted)
  }
}
