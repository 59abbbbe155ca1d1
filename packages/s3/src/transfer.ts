import { isStorageError, type ReadableStorage, type TransferItem, type TransferOptions, type TransferOutcome } from '@syncline/core'
import { copy } from './copy.ts'
import type { Settings } from './options.ts'
import type { Site } from './site.ts'
import { write } from './write.ts'

/** Marks a storage of this package, to which its own kind can get. */
export const siteOf: unique symbol = Symbol('syncline.s3.site')

/** The other end of a copy within the server; `undefined` if it is another server, another account, or no bucket. */
export function sameServer(site: Site, source: ReadableStorage): Site | undefined {
  const other = (source as { readonly [siteOf]?: Site })[siteOf]
  if (other === undefined) return undefined
  const names = ['endpoint', 'region', 'profile', 'express'] as const satisfies readonly (keyof Settings)[]
  if (names.some(name => other.settings[name] !== site.settings[name])) return undefined
  return sameCredentials(site.settings.credentials, other.settings.credentials) ? other : undefined
}

function sameCredentials(a: Settings['credentials'], b: Settings['credentials']): boolean {
  if (a === b) return true
  return typeof a === 'object' && typeof b === 'object' && a.accessKeyId === b.accessKeyId && a.secretAccessKey === b.secretAccessKey
}

/** Copies a batch within the server; what the account may not copy is read and written. */
export async function transfer(
  site: Site,
  from: Site,
  source: ReadableStorage,
  items: readonly TransferItem[],
  { signal }: TransferOptions,
): Promise<readonly TransferOutcome[]> {
  const outcomes: TransferOutcome[] = []
  const pending = items.entries()
  const work = async (): Promise<void> => {
    for (const [index, item] of pending) {
      try {
        outcomes[index] = { entry: await transferOne(site, from, source, item, signal) }
      } catch (error) {
        signal?.throwIfAborted()
        outcomes[index] = { error }
      }
    }
  }
  await Promise.all(Array.from({ length: site.settings.concurrency }, work))
  return outcomes
}

async function transferOne(
  site: Site,
  from: Site,
  source: ReadableStorage,
  item: TransferItem,
  signal: AbortSignal | undefined,
): Promise<Extract<TransferOutcome, { readonly entry: unknown }>['entry']> {
  const { from: path, to, fromMatch, ...rest } = item
  try {
    return await copy(site, { site: from, path }, to, { ...rest, fromMatch, signal })
  } catch (error) {
    if (!isStorageError(error, 'PERMISSION_DENIED') && !isStorageError(error, 'NOT_SUPPORTED')) throw error
    return await write(site, to, source.read(path, { signal, ...(fromMatch !== undefined && { ifMatch: fromMatch }) }), { ...rest, signal })
  }
}
