import { decorateReadable, isWritable, type OpenStorageOptions, type ReadableStorage, type StoragePlugin, type WritableStorage } from '@syncline/core'
import { splitArchiveLocation } from './location.ts'
import { fileSpool } from './storage/file-spool.ts'
import { snarfStorage } from './storage/snarf-storage.ts'
import type { Spool } from './storage/spool.ts'

/** Opens `snarf:/path/of/site.snarf`, and archives on other storages: `snarf:s3://bucket/site.snarf`, `snarf:sftp://host/site.snarf`. */
export const plugin: StoragePlugin = {
  schemes: ['snarf'],
  open: openArchive,
}

async function openArchive(url: URL, { signal, open }: OpenStorageOptions = {}): Promise<ReadableStorage> {
  signal?.throwIfAborted()
  if (open === undefined)
    throw new TypeError(
      'a snarf: URL needs a way to open the place that its archive lies in; open it by the package syncline, or call snarfStorage(…)',
    )
  const { place, name, isLocal } = splitArchiveLocation(locationOf(url))
  const inner = await open(place)
  if (!isWritable(inner)) return decorateReadable(snarfStorage(inner as WritableStorage, name))
  return snarfStorage(inner, name, { spool: isLocal ? () => spoolIn(place) : fileSpool })
}

/** What is behind `snarf:`: a URL, or the path of a file. */
function locationOf(url: URL): string {
  const rest = url.href.slice(url.protocol.length)
  if (/^[a-z][a-z0-9+.-]+:/i.test(rest)) return rest
  if (url.host !== '') throw new TypeError(`${url.href} names a host; write snarf:sftp://${url.host}/…, or snarf:/path for a file of this computer`)
  const path = decodeURIComponent(url.pathname)
  return /^\/[a-z]:\//i.test(path) ? path.slice(1) : path
}

/** On the disk of the archive, which needs the room anyway: some systems keep temporary files in memory. */
async function spoolIn(directory: string): Promise<Spool> {
  // A directory that is not there yet, or not ours to write to: then the archive's own write will say so.
  return fileSpool(directory).catch(() => fileSpool())
}
