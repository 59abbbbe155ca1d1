import type { OpenStorageOptions, ReadableStorage, SymlinkMode } from '@syncline/core'
import { fs } from '@syncline/fs'
import { loadAdapter, nodeLoader, type PackageLoader } from './adapters.ts'
import { parseLocation } from './location.ts'

/** How a place is opened. */
export interface OpenOptions extends OpenStorageOptions {
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
  const { symlinks, directory = process.cwd(), signal, prompt } = options
  signal?.throwIfAborted()
  const parsed = parseLocation(location.toString(), directory)
  if (parsed.kind === 'path') {
    return fs(parsed.path, symlinks === undefined ? {} : { symlinks })
  }
  const adapter = await loadAdapter(parsed.scheme, options.loader ?? nodeLoader(directory))
  try {
    return await adapter.open(parsed.url, {
      ...(signal !== undefined && { signal }),
      ...(prompt !== undefined && { prompt }),
      open: other => open(other, options),
    })
  } catch (error) {
    // Who answers a question with Ctrl-C wants to stop, and not to hear that an answer is missing.
    signal?.throwIfAborted()
    throw error
  }
}
