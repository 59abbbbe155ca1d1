import type { AbortOptions, ReadableStorage, SymlinkMode } from '@syncline/core'
import { fs } from '@syncline/fs'
import { loadAdapter, nodeLoader, type PackageLoader } from './adapters.ts'
import { parseLocation } from './location.ts'

export interface OpenOptions extends AbortOptions {
  /** What happens to symbolic links, for the storages that have them; default `keep`. */
  readonly symlinks?: SymlinkMode | undefined
  /** What relative paths and third-party packages are found from; default: the working directory. */
  readonly directory?: string | undefined
  readonly loader?: PackageLoader | undefined
}

/**
 * Opens a place by its path or URL. The package behind a scheme is loaded when it is first used.
 *
 * @throws TypeError if nothing can open it, saying what to install
 * @example
 * const storage = await open('./notes')
 * for await (const page of storage.list('')) console.log(page)
 */
export async function open(location: string | URL, options: OpenOptions = {}): Promise<ReadableStorage> {
  const { symlinks, directory = process.cwd(), signal } = options
  signal?.throwIfAborted()
  const parsed = parseLocation(location.toString(), directory)
  if (parsed.kind === 'path') {
    return fs(parsed.path, symlinks === undefined ? {} : { symlinks })
  }
  const adapter = await loadAdapter(parsed.scheme, options.loader ?? nodeLoader(directory))
  return adapter.open(parsed.url, signal === undefined ? {} : { signal })
}
