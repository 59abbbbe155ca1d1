import { decorate, type Decorated, type Overrides, type ReadableStorage, StorageError, type WritableStorage } from '@syncline/core'

/** A method of a storage that takes part in a sync. */
export type Method = Exclude<keyof WritableStorage, 'name' | 'capabilities' | 'transferFrom' | 'close'>

const methods = [
  'list',
  'stat',
  'read',
  'hash',
  'snapshot',
  'watch',
  'write',
  'remove',
  'makeDirectory',
  'makeSymlink',
  'setModified',
  'setMode',
  'copy',
  'move',
  'upload',
  'flush',
] as const satisfies readonly Method[]

/** Which calls fail, when, and how. */
export interface FailingOptions {
  /** Only calls of this method count; default: of all. */
  readonly method?: Method
  /** The call that fails, from 1. */
  readonly call: number
  /** Calls in a row that fail, from that one; default 1. */
  readonly times?: number
  /** What it fails with; default a retryable `UNAVAILABLE`. */
  readonly error?: unknown
  /** `before`: nothing happens. `after`: it happens, and the answer is lost. Default `before`. */
  readonly when?: 'before' | 'after'
  /** For `list` and `read`: entries or bytes that come before the failure; default 0. With `after` all of them come. */
  readonly items?: number
}

/** A wrapped storage that counts its calls. */
export type Counted<S extends ReadableStorage> = Decorated<S> & {
  /** Calls so far, of the methods that count. */
  readonly calls: number
  /** Whether a call has failed on purpose. */
  readonly failed: boolean
}

/**
 * Fails at the nth call, of one method or of all, and works otherwise.
 *
 * To let every call of a run fail once in turn: run with `call` 1, 2, 3, … until `failed` stays false.
 *
 * @example
 * const storage = failing(memory(), { method: 'write', call: 2, when: 'after' })
 */
export function failing<S extends ReadableStorage>(storage: S, options: FailingOptions): Counted<S> {
  const { call, times = 1, when = 'before', items = 0 } = options
  const error = options.error ?? new StorageError('UNAVAILABLE', `call ${call} of ${storage.name} fails, as the test asked`)
  let calls = 0
  let failed = false
  const isTurn = (): boolean => {
    calls++
    const isHit = calls >= call && calls < call + times
    failed ||= isHit
    return isHit
  }

  const wrap = <T extends ReadableStorage>(inner: T): Decorated<T> => {
    const members = inner as unknown as Readonly<Record<string, unknown>>
    const overrides: Record<string, unknown> = {}
    for (const name of options.method === undefined ? methods : [options.method]) {
      if (typeof members[name] !== 'function') continue
      const run = (args: readonly unknown[]): unknown => (members[name] as (...args: unknown[]) => unknown).apply(inner, [...args])
      overrides[name] =
        name === 'list' || name === 'read' || name === 'watch'
          ? async function* (...args: readonly unknown[]) {
              const all = run(args) as AsyncIterable<unknown>
              if (!isTurn()) return yield* all
              yield* when === 'after' ? all : first(items, all)
              throw error
            }
          : async (...args: readonly unknown[]) => {
              const isHit = isTurn()
              if (isHit && when === 'before') throw error
              const answer = await run(args)
              if (isHit) throw error
              return name === 'snapshot' ? wrap(answer as ReadableStorage) : answer
            }
    }
    return decorate(inner, overrides as Overrides<T>)
  }
  const wrapper = wrap(storage)
  return Object.defineProperties(wrapper, { calls: { get: () => calls }, failed: { get: () => failed } }) as Counted<S>
}

/** The first so many entries of a listing, or bytes of a file. */
async function* first(count: number, items: AsyncIterable<unknown>): AsyncGenerator<unknown> {
  let left = count
  if (left === 0) return
  for await (const item of items) {
    const length = Array.isArray(item) || item instanceof Uint8Array ? item.length : 1
    yield length <= left ? item : (item as Uint8Array | unknown[]).slice(0, left)
    left -= Math.min(left, length)
    if (left === 0) return
  }
}
