import { stat } from 'node:fs/promises'
import { isWritable, type FamilyCall, type ReadableStorage, type WritableStorage } from '@syncline/core'
import { defaultRoot } from '../roots/default-root.ts'
import type { RootFactory } from '../roots/root.ts'
import type { ListScope } from '../subvolume/parse-list.ts'
import { parseLocation, type Location } from './location.ts'

/** How roots are reached. */
export interface ReachOptions {
  readonly sudo?: boolean
  readonly scope?: ListScope['scope']
}

/** The places of one call: what was opened is closed with it. */
export class Places {
  readonly #call: FamilyCall
  readonly #closers: (() => Promise<void> | undefined)[] = []

  constructor(call: FamilyCall) {
    this.#call = call
  }

  /** Reads a location. @throws the call's usage error */
  parse(text: string): Location {
    try {
      return parseLocation(text)
    } catch (error) {
      throw this.#call.usageError((error as Error).message)
    }
  }

  /** What finds roots where a location is. */
  roots(location: Exclude<Location, { kind: 'storage' }>, { sudo = false, scope = 'all' }: ReachOptions = {}): RootFactory {
    const roots = this.#makeRoots(location, { sudo, scope })
    this.#closers.push(() => roots.close())
    return roots
  }

  /** A storage that holds dumps. @throws the call's usage error for a place on another host that is no storage */
  async storage(location: Location): Promise<ReadableStorage> {
    if (location.kind === 'ssh')
      throw this.#call.usageError(
        `dumps are not reached by ssh alone`,
        `Write sftp://${location.user === undefined ? '' : `${location.user}@`}${location.host}/PATH for them.`,
      )
    const storage = await this.#call.open(location.kind === 'local' ? toPath(location.path) : location.url)
    this.#closers.push(() => storage.close?.())
    return storage
  }

  /** A storage that dumps are written to. @throws the call's usage error if nothing can be written there */
  async writableStorage(location: Location): Promise<WritableStorage> {
    const storage = await this.storage(location)
    if (!isWritable(storage)) throw this.#call.usageError(`nothing can be written to ${storage.name}`)
    return storage
  }

  async close(): Promise<void> {
    for (const close of this.#closers.reverse()) await close()
  }

  #makeRoots(location: Exclude<Location, { kind: 'storage' }>, { sudo, scope }: Required<ReachOptions>): RootFactory {
    if (location.kind === 'local') return defaultRoot('local')({ sudo, scope })
    const { host, user, port } = location
    try {
      return defaultRoot('ssh')({ host, user, port, sudo, scope, interactive: this.#call.confirm !== undefined })
    } catch (error) {
      if (error instanceof TypeError) throw this.#call.usageError(error.message)
      throw error
    }
  }
}

/** Runs a command with the places that it opens. */
export async function withPlaces<T>(call: FamilyCall, work: (places: Places) => Promise<T>): Promise<T> {
  const places = new Places(call)
  try {
    return await work(places)
  } finally {
    await places.close()
  }
}

/** Whether a local path is a file. */
export async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() === true
}

/** A path that cannot be taken for a URL. */
function toPath(path: string): string {
  return path.startsWith('/') || path.startsWith('.') ? path : `./${path}`
}
