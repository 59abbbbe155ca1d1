import { checkPath, isBelow, isStorageError, type Path, StorageError, type WriteOptions } from '@syncline/core'
import { copy } from './copy.ts'
import type { Directories } from './directories.ts'
import { listPage } from './list-page.ts'
import type { Remover } from './remove.ts'
import { keyOf, prefixOf, rootError, type Site } from './site.ts'
import { headOf, holdsAnything } from './stat.ts'

/** What a move works with. */
export interface MoveContext {
  readonly site: Site
  readonly remover: Remover
  /** Where directories count. */
  readonly directories: Directories | undefined
}

/** Moves an object, which is a copy and a removal: in between it is at both places, never at none. */
export async function move(context: MoveContext, from: Path, to: Path, options: WriteOptions = {}): Promise<void> {
  const { site, remover, directories } = context
  const { signal, ifMatch } = options
  signal?.throwIfAborted()
  const fromKey = keyOf(site, from)
  keyOf(site, to)
  if (from === '' || to === '') throw rootError(site, 'move')
  if (isBelow(to, from)) throw new StorageError('INVALID_PATH', `${from} cannot be moved below itself, to ${to}`, { path: from })
  const head = await headOf(site, fromKey, from, { signal, what: 'move' })
  if (head === undefined) return await moveDirectory(context, from, to, options)
  if (from === to) return
  await directories?.prepare(to, { signal, ifMatch })
  try {
    await copy(site, { site, path: from }, to, { signal, fromMatch: head.etag, ...(ifMatch === undefined ? { ifNoneMatch: '*' } : { ifMatch }) })
  } catch (error) {
    if (ifMatch === undefined && isStorageError(error, 'PRECONDITION_FAILED') && error.path === to)
      throw new StorageError('ALREADY_EXISTS', `${to} exists on ${site.name} already; ${from} was not moved`, { path: to, cause: error })
    throw error
  }
  await remover.remove(from, { signal, ifMatch: head.etag })
}

/** All objects below a directory: first every copy, then every removal, so that a failure leaves everything where it was, and some of it twice. */
async function moveDirectory({ site, remover, directories }: MoveContext, from: Path, to: Path, { signal }: WriteOptions): Promise<void> {
  if (!(await holdsAnything(site, from, { signal }))) throw new StorageError('NOT_FOUND', `nothing is at ${from} on ${site.name}`, { path: from })
  // Object by object it is the engine's business, which can say of each what became of it.
  if (directories === undefined)
    throw new StorageError('NOT_SUPPORTED', `${site.name} has no directories that could be moved; move the files of ${from} one by one`, {
      path: from,
    })
  if ((await headOf(site, keyOf(site, to), to, { signal })) !== undefined || (await holdsAnything(site, to, { signal })))
    throw new StorageError('ALREADY_EXISTS', `${to} exists on ${site.name} already; ${from} was not moved`, { path: to })
  const start = prefixOf(site, from)
  const below = await keysBelow(site, from, start, signal)
  await directories.ensure(to, { signal })
  const pending = below.values()
  const work = async (): Promise<void> => {
    for (const key of pending) {
      const rest = key.slice(start.length)
      if (rest === '') continue
      if (rest.endsWith('/')) await directories.ensure(checkPath(`${to}/${rest.slice(0, -1)}`), { signal })
      else await copy(site, { site, path: `${from}/${rest}` }, `${to}/${rest}`, { signal, ifNoneMatch: '*' })
    }
  }
  await Promise.all(Array.from({ length: site.settings.concurrency }, work))
  directories.forget(from)
  const gone = below.values()
  const clear = async (): Promise<void> => {
    for (const key of gone) await remover.key(key, from)
  }
  await Promise.all(Array.from({ length: site.settings.concurrency }, clear))
}

async function keysBelow(site: Site, path: Path, prefix: string, signal: AbortSignal | undefined): Promise<readonly string[]> {
  const keys: string[] = []
  for (let token: string | undefined; ;) {
    const page = await listPage(site, path, prefix, { signal, ...(token !== undefined && { token }) })
    for (const { key } of page.objects) keys.push(key)
    if (page.token === undefined) return keys
    token = page.token
  }
}
